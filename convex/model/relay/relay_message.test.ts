import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { mapChannel, pass, rows } from "../../../test/support/convex/backend.ts";
import {
  discord,
  mapSide,
  messageOf,
  slack,
  useRelay,
} from "../../../test/support/convex/fresh_relay.ts";

useRelay();

const HOUR_MS = 3_600_000;

async function appSays(content: string): Promise<void> {
  const userId = await backend.admin.mutation(api.index.createUser, { name: "Shop" });
  await backend.admin.mutation(api.index.sendMessage, {
    channelId: discord.channelId,
    authorId: userId,
    content,
  });
}

describe("what is said", () => {
  test("on Discord is posted on Slack under its author's name and picture", async () => {
    const bob = { externalId: "7001", workspaceId: "guild", name: "Bob", avatarUrl: "https://a/b" };
    const externalId = await discord.says("hello", { author: bob });
    expect(await discord.ready()).toEqual([]);
    const [copy, ...others] = await slack.carryOutAll();
    expect(others).toEqual([]);
    expect(copy).toMatchObject({
      op: "create",
      channel: slack.externalId,
      content: "hello",
      author: { name: "Bob", avatarUrl: "https://a/b" },
      origin: `${discord.mappingId} ${externalId}`,
      posts: [],
    });
    expect(copy).not.toHaveProperty("lookFirst");
    expect(copy).not.toHaveProperty("threadId");
    expect(copy).not.toHaveProperty("opensThread");
  });

  test("on Slack is posted on Discord", async () => {
    await slack.says("hello");
    const [copy] = await discord.carryOutAll();
    expect(copy).toMatchObject({ content: "hello", author: { name: "Ann" } });
    expect(await slack.ready()).toEqual([]);
  });

  test("comes once, however often it is delivered", async () => {
    const event = discord.event("hello");
    await discord.ingest(event, event);
    expect(await slack.hears()).toEqual(["hello"]);
    await discord.ingest(event);
    expect(await slack.hears()).toEqual([]);
  });

  test("comes in order", async () => {
    await discord.ingest(discord.event("one"), discord.event("two"));
    await discord.says("three");
    expect(await slack.ready()).toHaveLength(1);
    expect(await slack.hears()).toEqual(["one", "two", "three"]);
  });

  test("mentions people by their names, and lists files", async () => {
    await discord.says("see <@7002>", {
      mentions: [{ kind: "user", id: "7002", name: "*Eve*" }],
      attachments: [{ name: "plan.pdf", size: 1_500_000, url: "https://cdn/plan.pdf" }],
    });
    expect(await slack.hears()).toEqual([
      "see @\\*Eve\\*\n\n📎 [plan.pdf](<https://cdn/plan.pdf>) (1.5 MB)",
    ]);
  });

  test("by an app's user reaches every place that hears, and no other", async () => {
    const deaf = await mapSide("discord", { externalId: "100000000000000002", relay: false });
    const elsewhere = await mapSide("discord", { externalId: "100000000000000003", to: "other" });
    await appSays("sold out");
    const copies = [...(await discord.carryOutAll()), ...(await slack.carryOutAll())];
    expect(copies).toMatchObject([
      { mappingId: discord.mappingId, content: "sold out", author: { name: "Shop" } },
      { mappingId: slack.mappingId, content: "sold out", author: { name: "Shop" } },
    ]);
    for (const { mappingId } of await rows(backend, "deliveries")) {
      expect([deaf.mappingId, elsewhere.mappingId]).not.toContain(mappingId);
    }
  });
});

describe("a channel hears the others", () => {
  test("only if that was asked for", async () => {
    await slack.change({ relay: false });
    await discord.says("hello");
    expect(await rows(backend, "deliveries")).toEqual([]);
    await slack.says("and back");
    expect(await discord.hears()).toEqual(["and back"]);
  });

  test("not by default", async () => {
    await mapChannel(backend, "slack", { externalId: "C0000000002" });
    await discord.says("hello");
    expect(await slack.hears()).toEqual(["hello"]);
    expect(await slack.ready()).toEqual([]);
    expect(await rows(backend, "deliveries")).toHaveLength(1);
  });

  test("from the moment that was asked for", async () => {
    await slack.change({ relay: false });
    await pass(backend, 1_000);
    const before = discord.event("before");
    await pass(backend, 1_000);
    await slack.change({ relay: true });
    await discord.ingest(before);
    await discord.says("after");
    // Asked for again, it goes on.
    await pass(backend, 1_000);
    const between = discord.event("between");
    await pass(backend, 1_000);
    await slack.change({ relay: true });
    await discord.ingest(between);
    expect(await slack.hears()).toEqual(["after", "between"]);
  });

  test("for a day after it was said", async () => {
    const old = discord.event("old");
    await pass(backend, 2 * HOUR_MS);
    const recent = discord.event("recent");
    await pass(backend, 22 * HOUR_MS + 1_000);
    await discord.ingest(old, recent);
    expect(await slack.hears()).toEqual(["recent"]);
  });

  test("and never what is read from history for the first time", async () => {
    await discord.ingest(discord.event("history", { backfilled: true }));
    expect(await messageOf("history")).toBeDefined();
    expect(await rows(backend, "deliveries")).toEqual([]);
  });
});

describe("a name that is not known yet", () => {
  test("is waited for, and those behind wait too", async () => {
    const stranger = { externalId: "U2", workspaceId: "T1" };
    await slack.says("hello", { author: stranger });
    await slack.says("and welcome");
    expect(await discord.ready()).toEqual([]);
    await backend.slack.mutation(api.bridge.report, {
      people: [{ ...stranger, name: "Cem" }],
      problems: [],
      health: [],
    });
    await pass(backend, 1_000);
    expect(await discord.carryOutAll()).toMatchObject([
      { content: "hello", author: { name: "Cem" } },
      { content: "and welcome", author: { name: "Ann" } },
    ]);
  });

  test("is not waited for longer", async () => {
    await slack.says("hello", { author: { externalId: "U2", workspaceId: "T1" } });
    await pass(backend, 1_000);
    expect(await discord.carryOutAll()).toMatchObject([{ author: { name: "U2" } }]);
  });
});

describe("an answer to a message", () => {
  test("answers its copy, and quotes it", async () => {
    const hello = await discord.says("hello");
    const [copy] = await slack.carryOutAll();
    await discord.says("it works", { replyTo: hello });
    expect(await slack.carryOutAll()).toMatchObject([
      { content: "it works", replyTo: copy?.as, quote: { name: "Bob", text: "hello" } },
    ]);
  });

  test("that is a copy answers the message", async () => {
    const hello = await slack.says("hello");
    const [copy] = await discord.carryOutAll();
    await discord.says("hi", { replyTo: copy?.as ?? "" });
    expect(await slack.carryOutAll()).toMatchObject([
      { content: "hi", replyTo: hello, quote: { name: "Ann", text: "hello" } },
    ]);
  });

  test("that is not on the other platform only quotes it, in part", async () => {
    await slack.change({ relay: false });
    const long = await discord.says(`${"long ".repeat(30)}\nand more`);
    await slack.change({ relay: true });
    await pass(backend, 1_000);
    await discord.says("indeed", { replyTo: long });
    const [copy] = await slack.carryOutAll();
    expect(copy).not.toHaveProperty("replyTo");
    expect(copy?.quote?.text).toMatch(/^(long ){20}…$/);
  });

  test("that was deleted quotes nothing", async () => {
    const hello = await discord.says("hello");
    await slack.carryOutAll();
    await discord.deletes(hello);
    await slack.carryOutAll();
    await discord.says("what?", { replyTo: hello });
    const [copy] = await slack.carryOutAll();
    expect(copy).not.toHaveProperty("replyTo");
    expect(copy).not.toHaveProperty("quote");
  });

  test("from when its channel was mapped to another one quotes nothing", async () => {
    const secret = await discord.says("secret of the room");
    const { platform, externalId } = discord;
    await backend.admin.mutation(api.admin.unmap, { platform, externalId });
    await mapSide("discord", { to: "elsewhere" });
    const other = await mapSide("slack", { externalId: "C0000000002", to: "elsewhere" });
    await pass(backend, 1_000);
    await discord.says("indeed", { replyTo: secret });
    const [copy] = await other.carryOutAll();
    expect(copy).toMatchObject({ content: "indeed" });
    expect(copy).not.toHaveProperty("quote");
  });
});
