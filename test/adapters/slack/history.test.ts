import { expect, test } from "vitest";
import { positionAt } from "../../../convex/model/shared/positions.ts";
import type { HistoryPage, ThreadRef } from "../../../bridges/platform.ts";
import { start, useSlackStage } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

useSlackStage();

const { signal } = new AbortController();
const DAY = 24 * 60 * 60_000;

async function readable(options?: Parameters<typeof start>[0]) {
  const setup = await start(options);
  const { history } = setup.bridge;
  const read = async (after: string, thread?: ThreadRef) => {
    const pages: HistoryPage[] = [];
    for await (const page of history.read(setup.mapping, thread, after, signal))
      if (page !== "gone") pages.push(page);
    return pages;
  };
  return { ...setup, history, read };
}

function texts(pages: readonly HistoryPage[]): string[] {
  return pages.flatMap(({ events }) => events.map(({ content }) => content));
}

test("pages of 15 are read to the end, oldest first, and replies only with their thread", async () => {
  const { read, say } = await readable({ historyPage: 15 });
  const root = say("root");
  for (let n = 0; n < 50; n++) say(`line ${String(n)}`);
  for (let n = 0; n < 20; n++) say(`reply ${String(n)}`, root);
  const pages = await read(root);
  expect(texts(pages)).toEqual(Array.from({ length: 50 }, (_, n) => `line ${String(n)}`));
  expect(pages.map(({ ids }) => ids.length).sort((a, b) => a - b)).toEqual([5, 15, 15, 15]);
  expect(texts(await read(root, { id: root }))).toHaveLength(20);
});

test("a server error is retried, and a refusal has the step that fixes it", async () => {
  const { slack, channel, read, say } = await readable();
  const first = say("one");
  say("two");
  slack.answerNext("conversations.history", 503);
  expect(texts(await read(first))).toEqual(["two"]);
  slack.setBotMember(channel, false);
  await expect(read(first)).rejects.toMatchObject({
    code: "not_in_channel",
    mapping: true,
    step: expect.stringContaining("/invite") as unknown,
  });
});

test("threads with new replies are found if their roots are recent, and older ones are reported as not searched", async () => {
  let now = Date.now() - 10 * DAY;
  const { history, mapping, say } = await readable({ now: () => now });
  const old = say("old root");
  now = Date.now() - 2 * DAY;
  const recent = say("recent root");
  const quiet = say("quiet root");
  say("earlier reply", quiet);
  now = Date.now() - 30 * 60_000;
  const cursor = positionAt("slack", now - 1);
  say("reply in the recent thread", recent);
  say("reply in the old thread", old);
  const news = await history.activity(mapping, cursor, signal);
  expect(news).toMatchObject({ channel: "quiet", threads: [{ id: recent }] });
  expect(news.missed).toMatch(/^replies written since .* in threads begun before/);
});

test("a message is looked up by its id: roots, replies, deleted ones and tombstones", async () => {
  const { slack, history, mapping, channel, say } = await readable();
  const [stays, goes, root] = [say("stays"), say("goes"), say("root")];
  const [reply, gone] = [say("reply", root), say("gone", root)];
  slack.remove({ channel, id: goes });
  slack.remove({ channel, id: gone, thread: root });
  slack.remove({ channel, id: root });
  const stands = (id: string, thread?: string) => history.exists(mapping, thread, id, signal);
  expect(await Promise.all([stands(stays), stands(goes), stands(root)])).toEqual([
    true,
    false,
    false,
  ]);
  expect(await stands(reply, root)).toBe(true);
  expect(await stands(gone, root)).toBe(false);
  expect(await stands(reply, "1.000000")).toBe(false);
});

test("the newest messages are returned oldest first", async () => {
  const { history, mapping, say } = await readable({ historyPage: 2 });
  for (const text of ["one", "two", "three", "four", "five"]) say(text);
  const page = await history.newest(mapping, 3, signal);
  expect(texts([page])).toEqual(["three", "four", "five"]);
});

test("reading stops at once with the process, also during a rate limit", async () => {
  const { slack, history, mapping, say } = await readable();
  say("one");
  const stopping = new AbortController();
  slack.answerNext("conversations.history", { retryAfter: 30 });
  const reading = history.newest(mapping, 1, stopping.signal);
  reading.catch(() => undefined);
  await eventually(() => {
    expect(slack.wire.some(({ name }) => name === "conversations.history")).toBe(true);
  });
  stopping.abort();
  await expect(reading).rejects.toThrow();
});

test("a cursor that repeats ends the walk", async () => {
  const { slack, read } = await readable();
  const answer = { ok: true, messages: [], response_metadata: { next_cursor: "again" } };
  for (let n = 0; n < 5; n++) slack.answerNext("conversations.history", { answer });
  await read("0");
  const asked = slack.wire.filter(
    ({ name, direction }) => name === "conversations.history" && direction === "in",
  );
  expect(asked).toHaveLength(2);
});

test("a thread whose newest reply is not named is read", async () => {
  const { slack, history, mapping, say } = await readable();
  const root = say("root");
  const answer = {
    ok: true,
    messages: [{ ts: root, thread_ts: root, reply_count: 1, text: "root" }],
  };
  slack.answerNext("conversations.history", { answer });
  const { threads } = await history.activity(mapping, root, signal, performance.now());
  expect(threads).toEqual([{ id: root }]);
});
