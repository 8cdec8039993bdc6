import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { Trigger } from "../shared/validators.ts";
import { failure, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { ai, backend } from "../../../test/support/convex/fresh.ts";
import { discord, mapSide, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";
import { access } from "../../../test/support/convex/rights.ts";

useRelay();

let mia: Id<"users">;

beforeEach(async () => {
  vi.spyOn(access, "mayWrite").mockReturnValue(true);
  vi.spyOn(access, "mayRead").mockReturnValue(true);
  mia = await backend.member.mutation(api.apps.ensureUser, {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const says = (content: string, authorId = mia, as = backend.member) =>
  as.mutation(api.index.sendMessage, { channelId: discord.channelId, authorId, content });

describe("the user of a person", () => {
  const name = async (id = mia) =>
    (await rows(backend, "users")).find(({ _id }) => _id === id)?.name;

  test("is one, however often it is asked for, and follows the provider's name", async () => {
    expect(await backend.member.mutation(api.apps.ensureUser, { name: "Queen" })).toBe(mia);
    expect(await name()).toBe("Mia");
    const issuer = "https://login.app.example";
    const renamed = backend.t.withIdentity({ issuer, subject: "mia", name: " Mia\nDoe " });
    expect(await renamed.mutation(api.apps.ensureUser, {})).toBe(mia);
    expect(await name()).toBe("Mia Doe");
    expect(await rows(backend, "users")).toHaveLength(1);
  });

  test("has the wanted name where the token has none, which is cut", async () => {
    const { t } = backend;
    const nameless = t.withIdentity({ issuer: "https://login.app.example", subject: "x" });
    const id = await nameless.mutation(api.apps.ensureUser, {});
    expect(await name(id)).toBe("Somebody");
    await nameless.mutation(api.apps.ensureUser, { name: "ä".repeat(500) });
    expect(await name(id)).toBe("ä".repeat(200));
    await nameless.mutation(api.apps.ensureUser, {});
    expect(await name(id)).toBe("ä".repeat(200));
  });

  test("is another for the same subject of another provider", async () => {
    const other = backend.t.withIdentity({ issuer: "https://other.example", subject: "mia" });
    expect(await other.mutation(api.apps.ensureUser, {})).not.toBe(mia);
    expect(await failure(says("hi", mia, other))).toBe("User not found");
  });
});

describe("what a person of an app writes", () => {
  test("is posted once on each platform, under their name, and read in the app", async () => {
    expect(await says("**hello**")).toBeNull();
    await settleDown(backend);
    for (const side of [discord, slack]) {
      expect(await side.carryOutAll()).toMatchObject([
        { op: "create", content: "**hello**", author: { name: "Mia" } },
      ]);
    }
    const { page } = await backend.guest.query(api.apps.messages, {
      channelId: discord.channelId,
      paginationOpts: { numItems: 5, cursor: null },
    });
    expect(page).toMatchObject([
      { text: "**hello**", author: { name: "Mia", kind: "person", userId: mia } },
    ]);
  });

  test.each([" ", "\u200b", "<!-- note -->", "&nbsp;"])(
    "is neither posted nor answered where nothing of it shows: %j",
    async (content) => {
      await slack.change({ trigger: "always" });
      await says(content);
      await settleDown(backend);
      expect(ai.requests).toEqual([]);
      for (const side of [discord, slack]) expect(await side.ready()).toEqual([]);
    },
  );

  test.each<[Trigger, string, boolean]>([
    ["always", "hi", true],
    ["mention", "hi", false],
    ["mention", "what now, @Marvin?", true],
    ["never", "what now, @Marvin?", false],
  ])("where %s is answered, %j is answered: %s", async (trigger, content, isAnswered) => {
    vi.stubEnv("AI_NAME", "marvin");
    await slack.change({ trigger });
    await says(content);
    await pass(backend, 2_000);
    expect(ai.requests).toHaveLength(isAnswered ? 1 : 0);
    const heard = isAnswered ? [content, "answer 1"] : [content];
    for (const side of [discord, slack]) expect(await side.hears()).toEqual(heard);
  });

  test("is answered as in a public channel where nothing is mapped any more", async () => {
    for (const { platform, externalId } of [discord, slack])
      await backend.admin.mutation(api.admin.unmap, { platform, externalId });
    await says("hi");
    await settleDown(backend);
    expect(ai.requests).toHaveLength(1);
  });

  test("has a limit per person and minute, which refuses and stores nothing", async () => {
    vi.stubEnv("APP_MESSAGES_PER_MINUTE", "2");
    expect(await failure(says("1"))).toBe("ok");
    expect(await failure(says("2"))).toBe("ok");
    expect(await failure(says("3"))).toBe("RATE_LIMITED");
    const gus = await backend.guest.mutation(api.apps.ensureUser, {});
    expect(await failure(says("4", gus, backend.guest))).toBe("ok");
    const admins = backend.admin.mutation(api.index.sendMessage, {
      ...{ channelId: discord.channelId, authorId: mia, content: "5" },
    });
    expect(await failure(admins)).toBe("ok");
    await pass(backend, 30_000);
    expect(await failure(says("6"))).toBe("ok");
    expect((await rows(backend, "messages")).map(({ content }) => content)).not.toContain("3");
  });

  test("has a limit per channel, for all people of apps together", async () => {
    vi.stubEnv("APP_MESSAGES_PER_CHANNEL", "2");
    const gus = await backend.guest.mutation(api.apps.ensureUser, {});
    expect(await failure(says("1"))).toBe("ok");
    expect(await failure(says("2", gus, backend.guest))).toBe("ok");
    expect(await failure(says("3"))).toBe("RATE_LIMITED");
    expect(await failure(says("4", gus, backend.guest))).toBe("RATE_LIMITED");
    const other = await mapSide("slack", { to: "other", externalId: "C0000000007" });
    const elsewhere = { channelId: other.channelId, authorId: mia, content: "5" };
    expect(await failure(backend.member.mutation(api.index.sendMessage, elsewhere))).toBe("ok");
    await discord.says("what people say there is not counted");
    await pass(backend, 30_000);
    expect(await failure(says("6"))).toBe("ok");
  });

  test.each([
    ["APP_MESSAGES_PER_MINUTE", "0"],
    ["APP_MESSAGES_PER_MINUTE", "many"],
    ["APP_MESSAGES_PER_CHANNEL", "0"],
    ["APP_MESSAGES_PER_CHANNEL", "many"],
  ])("is refused where %s is %j", async (name, limit) => {
    vi.stubEnv(name, limit);
    expect(await failure(says("hi"))).toBe("RATE_LIMITED");
  });
});
