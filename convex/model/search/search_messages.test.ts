import { expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { channelId, room, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { failure, mapChannel } from "../../../test/support/convex/backend.ts";
import { deleted, said } from "../../../test/support/convex/events.ts";

useFreshRoom();

async function hear(...events: (ReturnType<typeof said> | ReturnType<typeof deleted>)[]) {
  await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
}

const search = (text: string, more: { channel?: string; limit?: number } = {}) =>
  backend.admin.query(api.admin.search, { channel: "room", text, ...more });

const contents = async (...call: Parameters<typeof search>) =>
  (await search(...call)).map(({ content }) => content);

/** What is said asks nothing. */
const quiet = { platform: "discord", externalId: "100000000000000001", trigger: "never" } as const;

test("a message is found in its channel, by name and by id, with its place and its thread", async () => {
  await backend.admin.mutation(api.admin.change, quiet);
  const thread = { threadId: "42", threadName: "drinks" };
  await hear(said(room, { content: "green tea", ...thread }));
  const found = await search("tea");
  expect(found).toMatchObject([
    {
      author: "Bob",
      content: "green tea",
      platform: "discord",
      channel: quiet.externalId,
      ...thread,
    },
  ]);
  expect(await search("tea", { channel: channelId })).toEqual(found);
  await mapChannel(backend, "slack", { to: "elsewhere" });
  expect(await search("tea", { channel: "elsewhere" })).toEqual([]);
});

test("names stand for the ids of people, and are not searched themselves", async () => {
  await backend.admin.mutation(api.admin.change, quiet);
  const mentions = [{ kind: "user" as const, id: "7001", name: "Bob" }];
  await hear(said(room, { content: "tea for <@7001>", mentions }));
  expect(await contents("tea")).toEqual(["tea for @Bob"]);
  expect(await contents("Bob")).toEqual([]);
});

test("an edit is found by its new words only, and a deleted message not at all", async () => {
  await backend.admin.mutation(api.admin.change, quiet);
  const event = said(room, { content: "green tea" });
  await hear(event);
  await hear({ ...event, content: "coffee", editedAt: event.sentAt + 1 });
  expect(await contents("tea")).toEqual([]);
  expect(await contents("coffee")).toEqual(["coffee"]);
  await hear(deleted(room, event.externalId));
  expect(await contents("coffee")).toEqual([]);
});

test("a search shows 20 messages, or as many as asked for", async () => {
  await backend.admin.mutation(api.admin.change, quiet);
  await hear(...Array.from({ length: 25 }, () => said(room, { content: "tea" })));
  expect(await search("tea")).toHaveLength(20);
  expect(await search("tea", { limit: 3 })).toHaveLength(3);
  expect(await search("tea", { limit: 50 })).toHaveLength(25);
});

test.each([
  ["BAD_TEXT", "", {}],
  ["BAD_TEXT", " … ", {}],
  ["BAD_TEXT", "a ".repeat(17), {}],
  ["BAD_TEXT", `tea ${"x".repeat(32)}`, {}],
  ["BAD_TEXT", "お茶はとてもおいしいです", {}],
  ["BAD_LIMIT", "tea", { limit: 0 }],
  ["BAD_LIMIT", "tea", { limit: 51 }],
  ["BAD_LIMIT", "tea", { limit: 1.5 }],
  ["CHANNEL_NOT_FOUND", "tea", { channel: "nowhere" }],
  ["ok", "a ".repeat(16), {}],
  ["ok", "x".repeat(31), {}],
] as const)("%s: %j %o", async (code, text, more) => {
  expect(await failure(search(text, more))).toBe(code);
});

test("a public channel is not found by its name, which anybody may give it", async () => {
  const lobby = await backend.nobody.mutation(api.index.createChannel, { name: "lobby" });
  expect(await failure(search("tea", { channel: "lobby" }))).toBe("CHANNEL_NOT_FOUND");
  expect(await search("tea", { channel: lobby })).toEqual([]);
});
