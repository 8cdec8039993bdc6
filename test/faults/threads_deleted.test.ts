import { afterAll, beforeAll, expect, test } from "vitest";
import { Stage } from "../../scripts/verify/demo/stage.ts";
import { startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { api } from "../../convex/_generated/api.js";
import { eventually } from "../support/eventually.ts";

/* Deleting a Discord thread deletes its messages, for which Discord sends no events. */

let stack: Stack;
let stage: Stage;

beforeAll(async () => {
  stack = await startStack();
  stage = new Stage(stack);
});

afterAll(async () => {
  await stack.stop();
});

/** A mapped channel with a thread that contains messages and the AI's answer. */
async function channelWithThread(name: string) {
  const channel = stack.discord.addChannel(name);
  await stage.map(await stack.adminClient(), "discord", channel, { to: name });
  const root = stage.say("discord", channel, "Ann", `${name}, root`);
  const thread = stage.openThread("discord", channel, root, "talk");
  stage.say("discord", channel, "Bob", `${name}, inside`, thread);
  await eventually(() => {
    const answers = stack.discord.transcript(channel, thread).filter(({ fromBot }) => fromBot);
    expect(answers).toHaveLength(1);
  }, 15_000);
  return { channel, root, thread };
}

async function rowsOf(channel: string, thread?: string) {
  const rows = await stage.rows();
  return rows.filter((row) => row.channel === channel && row.threadId === thread);
}

async function statusOf(channel: string) {
  const { mappings } = await (await stack.adminClient()).query(api.admin.status, {});
  return mappings.find(({ externalId }) => externalId === channel);
}

test("deleted while the bridge is down: the thread is emptied, the channel is caught up, and no problem is reported", async () => {
  const bridge = await stack.startBridge();
  const { channel, thread } = await channelWithThread("down");
  const hidden = await channelWithThread("hidden");
  expect((await stage.settle(15_000)).differences).toEqual([]);
  await bridge.kill();
  stack.discord.removeThread(thread);
  stage.say("discord", channel, "Ann", "Missed");
  stack.discord.guild.hideThread(hidden.thread);
  stage.say("discord", hidden.channel, "Ann", "Missed there");
  await stack.startBridge();

  await eventually(async () => {
    const contents = (await rowsOf(channel)).map(({ content }) => content);
    expect(contents).toContain("Missed");
    expect((await statusOf(channel))?.lastCatchUp?.recovered).toBeGreaterThan(0);
  }, 20_000);
  const inThread = await rowsOf(channel, thread);
  expect(inThread.length).toBeGreaterThanOrEqual(2);
  expect(inThread.map(({ content }) => content)).toEqual(inThread.map(() => ""));
  expect((await statusOf(channel))?.health).toEqual([]);

  // A thread that is only hidden keeps its messages, is reported, and delays nothing either.
  await eventually(async () => {
    const contents = (await rowsOf(hidden.channel)).map(({ content }) => content);
    expect(contents).toContain("Missed there");
    const { problems } = await (await stack.adminClient()).query(api.admin.status, {});
    expect(problems).toMatchObject([{ kind: "thread_unreadable", externalId: hidden.thread }]);
  }, 20_000);
  const kept = (await rowsOf(hidden.channel, hidden.thread)).map(({ content }) => content);
  expect(kept).toContain("hidden, inside");
  expect(kept).not.toContain("");
  expect((await statusOf(hidden.channel))?.health).toEqual([]);
}, 60_000);

test("deleted while the bridge runs: its messages are cleared, and its root stays", async () => {
  const { channel, root, thread } = await channelWithThread("live");
  stack.discord.removeThread(thread);
  await eventually(async () => {
    const inThread = await rowsOf(channel, thread);
    expect(inThread.length).toBeGreaterThanOrEqual(2);
    expect(inThread.map(({ content }) => content)).toEqual(inThread.map(() => ""));
  }, 10_000);
  const rows = await stage.rows();
  expect(rows.find(({ externalId }) => externalId === root)?.content).toBe("live, root");
}, 60_000);

test("deleting a forum post deletes its first message too, and the other posts stay", async () => {
  const forum = stack.discord.addForum("forum");
  const admin = await stack.adminClient();
  await stage.map(admin, "discord", forum, { to: "forum", trigger: "never" });
  const gone = stage.openPost(forum, "Fay", "Gone", "Gone, first");
  const kept = stage.openPost(forum, "Fay", "Kept", "Kept, first");
  stage.say("discord", forum, "Gus", "Gone, second", gone);
  await eventually(async () => {
    expect((await rowsOf(forum, gone)).map(({ content }) => content)).toEqual([
      "Gone, first",
      "Gone, second",
    ]);
  }, 10_000);
  stack.discord.removeThread(gone);
  await eventually(async () => {
    expect((await rowsOf(forum, gone)).map(({ content }) => content)).toEqual(["", ""]);
  }, 10_000);
  expect((await rowsOf(forum, kept)).map(({ content }) => content)).toEqual(["Kept, first"]);
}, 60_000);

test("a forum mapped with --history is backfilled with the newest messages of its posts, and then mirrored", async () => {
  const { discord } = stack;
  const admin = await stack.adminClient();
  const channel = discord.addForum("old forum");
  const person = stage.person("discord", "Fay");
  const post = discord.openPost({ channel, person, name: "First", text: "one" });
  discord.openPost({ channel, person, name: "Second", text: "two" });
  discord.say({ channel, thread: post, person, text: "three" });
  const { channelId } = await admin.mutation(api.admin.map, {
    platform: "discord",
    externalId: channel,
    to: "old forum",
    history: 2,
  });
  const contents = async () => {
    const rows = await admin.query(api.index.listLatestMessages, { channelId });
    return rows.map(({ content }) => content);
  };
  await eventually(async () => expect(await contents()).toEqual(["two", "three"]), 10_000);
  await eventually(
    async () => expect((await statusOf(channel))?.lastCatchUp).toBeDefined(),
    10_000,
  );
  expect((await statusOf(channel))?.health).toEqual([]);
  discord.say({ channel, thread: post, person, text: "four" });
  await eventually(async () => expect(await contents()).toContain("four"), 10_000);
}, 60_000);
