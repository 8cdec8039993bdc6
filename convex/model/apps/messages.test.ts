import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import {
  failure,
  mapChannel,
  NOON,
  rows,
  settleDown,
} from "../../../test/support/convex/backend.ts";
import {
  deleted,
  reacted,
  said,
  saidOnSlack,
  snowflake,
} from "../../../test/support/convex/events.ts";
import { backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { exchange } from "../../../test/support/convex/worker.ts";
import { access } from "../../../test/support/convex/rights.ts";

useFreshBackend();

let room: Id<"mappings">;
let channelId: Id<"channels">;

beforeEach(async () => {
  ({ mappingId: room, channelId } = await mapChannel(backend, "discord", { trigger: "never" }));
  vi.spyOn(access, "mayRead").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function read(numItems = 10, cursor: string | null = null) {
  const paginationOpts = { numItems, cursor };
  return await backend.guest.query(api.apps.messages, { channelId, paginationOpts });
}
const texts = async () => (await read()).page.map(({ text }) => text);

describe("a message in an app", () => {
  test("says who wrote what, where and when, with names in place of ids", async () => {
    const author = {
      ...{ externalId: "7001", workspaceId: "guild", name: "Bob" },
      avatarUrl: "https://cdn.example/bob.png",
    };
    const file = { name: "plan.pdf", type: "application/pdf", size: 7, url: "https://files/1" };
    const event = said(room, {
      ...{ author, content: "**hi** <@7002>", attachments: [file] },
      mentions: [{ kind: "user", id: "7002", name: "Eve*" }],
      editedAt: NOON + 5,
    });
    await ingest(event, reacted(room, event.externalId));
    const [bob] = await rows(backend, "users");
    const [message] = await rows(backend, "messages");
    expect((await read()).page).toEqual([
      {
        id: message?._id,
        author: {
          ...{ name: "Bob", avatarUrl: author.avatarUrl, platform: "discord" },
          ...{ kind: "person", userId: bob?._id },
        },
        text: "**hi** @Eve\\*",
        sentAt: NOON,
        editedAt: NOON + 5,
        attachments: [file],
        reactions: [{ emoji: "👍", count: 1 }],
      },
    ]);
  });

  test("is of the AI under its name, or of another app", async () => {
    await backend.admin.mutation(api.admin.change, {
      ...{ platform: "discord", externalId: "100000000000000001", trigger: "always" },
    });
    await ingest(said(room, { fromApp: true, content: "built" }));
    await exchange(backend, room, { content: "hi" });
    const kinds = async () =>
      (await read()).page.map(({ author: { name, kind, platform } }) => [name, kind, platform]);
    expect(await kinds()).toEqual([
      ["AI", "ai", undefined],
      ["Bob", "person", "discord"],
      ["Bob", "app", "discord"],
    ]);
    vi.stubEnv("AI_NAME", "Marvin");
    expect((await kinds())[0]).toEqual(["Marvin", "ai", undefined]);
  });

  test("in a thread names the thread and the message that it was started from", async () => {
    const root = said(room, { content: "root" });
    const thread = { threadId: root.externalId, threadName: "Plans" };
    await ingest(root, said(room, { content: "in it", ...thread }));
    const [reply, start] = (await read()).page;
    const conversation = (await rows(backend, "conversations")).find(({ threadId }) => threadId);
    expect(start).not.toHaveProperty("thread");
    expect(reply?.thread).toEqual({
      conversationId: conversation?._id,
      name: "Plans",
      rootId: start?.id,
    });
  });

  test("in a thread that began when the channel was mapped elsewhere names no message from there", async () => {
    const root = said(room, { content: "root" });
    await ingest(root);
    const externalId = "100000000000000001";
    await backend.admin.mutation(api.admin.unmap, { platform: "discord", externalId });
    ({ channelId } = await mapChannel(backend, "discord", { to: "other", trigger: "never" }));
    await ingest(said(room, { content: "in it", threadId: root.externalId, threadName: "Plans" }));
    const { page } = await read();
    expect(page).toMatchObject([{ text: "in it", thread: { name: "Plans" } }]);
    expect(page[0]?.thread).not.toHaveProperty("rootId");
  });

  test("of a public channel is there too", async () => {
    const { nobody } = backend;
    channelId = await nobody.mutation(api.index.createChannel, { name: "lobby" });
    const authorId = await nobody.mutation(api.index.createUser, { name: "Ann" });
    await nobody.mutation(api.index.sendMessage, { channelId, authorId, content: "hello" });
    await settleDown(backend);
    expect((await read()).page).toMatchObject([
      { author: { name: "AI", kind: "ai" }, text: "answer 1" },
      {
        author: { name: "Ann", kind: "person", userId: authorId },
        text: "hello",
        sentAt: expect.closeTo(NOON, 0) as number,
      },
    ]);
  });
});

describe("the messages of a channel", () => {
  test("come newest first, page by page, from every platform", async () => {
    const slack = await mapChannel(backend, "slack", { trigger: "never" });
    for (const [index, content] of ["a", "b", "c", "d"].entries()) {
      const sentAt = NOON - 10_000 + index;
      await (content === "c"
        ? backend.slack.mutation(api.bridge.ingest, {
            events: [saidOnSlack(slack.mappingId, { content, sentAt })],
            advance: [],
          })
        : ingest(said(room, { content, sentAt })));
    }
    const first = await read(3);
    expect(first.page.map(({ text }) => text)).toEqual(["d", "c", "b"]);
    expect(first.isDone).toBe(false);
    const second = await read(3, first.continueCursor);
    expect(second.page.map(({ text }) => text)).toEqual(["a"]);
    expect(second.isDone).toBe(true);
  });

  test("are at most a hundred a page, whatever is asked for", async () => {
    for (let batch = 0; batch < 3; batch++)
      await ingest(...Array.from({ length: 40 }, () => said(room, { externalId: snowflake() })));
    expect((await read(1_000)).page).toHaveLength(100);
  });

  test("are found by their words, unless they are deleted or not to be read", async () => {
    const gone = said(room, { content: "green tea" });
    await ingest(said(room, { content: "black tea" }), gone, said(room, { content: "coffee" }));
    const search = (text: string, channel = channelId) =>
      backend.guest.query(api.apps.search, { channelId: channel, text });
    expect(await search("tea")).toHaveLength(2);
    await ingest(deleted(room, gone.externalId));
    expect(await search("tea")).toMatchObject([{ text: "black tea", author: { name: "Bob" } }]);
    vi.spyOn(access, "mayRead").mockReturnValue(false);
    expect(await search("tea")).toEqual([]);
    expect(await failure(search("?"))).toBe("BAD_TEXT");
  });

  test("lose what is deleted, and everything with the right to read", async () => {
    const gone = said(room, { content: "secret" });
    await ingest(said(room, { content: "stays" }), gone);
    expect(await texts()).toEqual(["secret", "stays"]);
    await ingest(deleted(room, gone.externalId));
    expect(await texts()).toEqual(["stays"]);
    vi.spyOn(access, "mayRead").mockReturnValue(false);
    expect(await read()).toEqual({ page: [], isDone: true, continueCursor: "" });
  });
});
