import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import type { HistoryPage, ThreadRef } from "../../../bridges/platform.ts";
import { mappingOf, rejection, Stage } from "./stage.ts";

let stage: Stage;
let discord: Stage["discord"];
const signal = new AbortController().signal;

beforeEach(async () => {
  stage = await Stage.open({ rateLimits: "generous" });
  discord = stage.discord;
});
afterEach(async () => {
  expect(discord.refused).toEqual([]);
  await stage.close();
});

/** A channel with a thread, and ways to read its history. */
async function start() {
  const { general: channel, ada: person } = stage;
  const root = discord.say({ channel, person, text: "root" });
  const thread = discord.openThread({ channel, id: root, name: "talk" });
  discord.say({ channel, thread, person, text: "inside" });
  const bridge = stage.bridge();
  await stage.listen(bridge);
  const { history } = bridge;
  const read = async (thread?: ThreadRef) => {
    const pages: (HistoryPage | "gone")[] = [];
    for await (const page of history.read(mappingOf(channel), thread, "0", signal))
      pages.push(page);
    return pages;
  };
  const newest = async (id: string, count: number) => {
    const page = await history.newest(mappingOf(id), count, signal, performance.now());
    return page.events.map(({ content }) => content);
  };
  const threads = async (id: string, asOf = performance.now()) =>
    (await history.activity(mappingOf(id), "0", signal, asOf)).threads.map(({ name }) => name);
  return { channel, person, thread, history, read, newest, threads };
}

const failureOf = (work: Promise<unknown>) => rejection(work, PlatformError);

test("a deleted thread is reported as gone, and its channel can be read", async () => {
  const { thread, read } = await start();
  discord.removeThread(thread);
  expect(await read({ id: thread })).toEqual(["gone"]);
  expect(await read()).toMatchObject([{ events: [{ content: "root" }] }]);
});

test("a deleted thread in a hidden channel is a failure of the mapping, and not reported as gone", async () => {
  const { channel, thread, read } = await start();
  discord.removeThread(thread);
  discord.deny(channel, { view: true });
  const failure = await failureOf(read({ id: thread }));
  expect(failure).toMatchObject({ code: "50001", mapping: true });
});

test("a thread that the bot can no longer see fails alone, with a step", async () => {
  const { thread, read } = await start();
  discord.guild.hideThread(thread);
  const failure = await failureOf(read({ id: thread }));
  expect(failure).toMatchObject({ code: "50001", mapping: false, retryable: false });
  expect(failure.step).toContain("mention the bot");
});

test("the newest messages of a forum include those of archived posts", async () => {
  const { person, newest } = await start();
  const channel = discord.addForum("forum");
  const post = (name: string) => discord.openPost({ channel, person, name, text: `${name} 1` });
  const [old, hidden, archived] = [post("old"), post("hidden"), post("archived")];
  post("fresh");
  discord.say({ channel, thread: archived, person, text: "archived 2" });
  discord.setArchived(archived, true);
  discord.say({ channel, thread: old, person, text: "old 2" });
  discord.guild.hideThread(hidden);
  expect(await newest(channel, 3)).toEqual(["fresh 1", "archived 2", "old 2"]);
  expect(await newest(channel, 99)).toEqual([
    "old 1",
    "archived 1",
    "fresh 1",
    "archived 2",
    "old 2",
  ]);
});

test("a forum without posts has no newest messages", async () => {
  const { newest } = await start();
  expect(await newest(discord.addForum("empty"), 10)).toEqual([]);
});

test("a forum post that is deleted while it is read does not stop the others", async () => {
  const { person, newest } = await start();
  const channel = discord.addForum("forum");
  discord.openPost({ channel, person, name: "kept", text: "kept" });
  const gone = discord.openPost({ channel, person, name: "gone", text: "gone" });
  const stop = discord.faults.onEntry(({ direction, name }) => {
    if (direction !== "in" || name !== "GET channels/:id/messages") return;
    stop();
    discord.removeThread(gone);
  });
  expect(await newest(channel, 5)).toEqual(["kept"]);
});

test("an app's answer is read once it is there, and cursors stay behind for as long as it may take", async () => {
  const { channel, person, history, read } = await start();
  const id = discord.say({ channel, person, text: "later" });
  const answer = {
    id,
    channel_id: channel,
    type: 20,
    author: { id: person, username: "app", bot: true },
  };
  discord.answerNext("GET channels/:id/messages", {
    answer: [{ ...answer, content: "", flags: 128 }],
  });
  expect(await read()).toMatchObject([{ events: [], ids: [id] }]);
  discord.answerNext("GET channels/:id/messages", {
    answer: [{ ...answer, content: "now", flags: 0 }],
  });
  expect(await read()).toMatchObject([{ events: [{ content: "now" }], ids: [id] }]);
  expect(history.eventDelayMs).toBeGreaterThan(15 * 60_000);
});

test("a thread opened after the last request for the server's threads is found", async () => {
  const { channel, person, threads } = await start();
  expect(await threads(channel)).toEqual(["talk"]);
  const id = discord.say({ channel, person, text: "another root" });
  discord.openThread({ channel, id, name: "later" });
  expect(await threads(channel)).toEqual(["talk", "later"]);
});

test("a forum post opened after the last request for the server's threads is read", async () => {
  const { person, newest, threads } = await start();
  const channel = discord.addForum("forum");
  expect(await threads(channel)).toEqual([]);
  discord.openPost({ channel, person, name: "later", text: "later" });
  expect(await newest(channel, 5)).toEqual(["later"]);
});

test("mappings that have missed nothing since then share one request for the server's threads", async () => {
  const { channel, threads } = await start();
  const missedAt = performance.now();
  for (let n = 0; n < 3; n++) await threads(channel, missedAt);
  expect(stage.requests("GET guilds/:id/threads/active")).toBe(1);
});

describe("what Discord's description allows, or a faulty answer holds,", () => {
  const archived = { id: "700", type: 11, name: "odd", parent_id: "1", last_message_id: null };

  test("stops no other thread: archive_timestamp is null, a thread has no id", async () => {
    const { channel, threads } = await start();
    const open = { id: "701", type: 11, name: "talk", parent_id: channel, last_message_id: "702" };
    const metadata = { thread_metadata: { archive_timestamp: null } };
    const answer = { threads: [{ ...archived, ...metadata }, null, {}, { ...open, ...metadata }] };
    discord.answerNext("GET guilds/:id/threads/active", { answer });
    expect(await threads(channel)).toEqual(["talk"]);
  });

  test("stops no other message: one is null, one has no id", async () => {
    const { channel, person, read } = await start();
    const id = discord.say({ channel, person, text: "after" });
    const author = { id: person, username: "ada" };
    const answer = [{ id, author, content: "after" }, null, { content: "no id" }];
    discord.answerNext("GET channels/:id/messages", { answer });
    expect(await read()).toMatchObject([{ events: [{ content: "after" }], ids: [id] }]);
  });

  test("ends the walk: a full page that does not move on", async () => {
    const { channel, read } = await start();
    const page = Array.from({ length: 100 }, () => ({ id: "5", channel_id: channel }));
    discord.answerNext("GET channels/:id/messages", { answer: page });
    discord.answerNext("GET channels/:id/messages", { answer: page });
    expect(await read()).toHaveLength(2);
    expect(stage.requests("GET channels/:id/messages")).toBe(2);
  });
});
