import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import type { BridgeProcess } from "../../scripts/stand_ins/bridge_process.ts";
import { callsOf } from "../../scripts/stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { COUNTING_OPTIONS } from "../../scripts/verify/bench/count_calls.ts";
import { api } from "../../convex/_generated/api.js";
import { eventually } from "../support/eventually.ts";

/* People react to messages and to answers, live and while the bridge is down. */

const EMOJI = {
  discord: { up: "👍", down: "👎", party: "🎉" },
  slack: { up: "+1", down: "-1", party: "tada" },
} as const satisfies Record<PlatformName, object>;

let stack: Stack;
let admin: ConvexHttpClient;
let bridge: BridgeProcess;

beforeAll(async () => {
  stack = await startStack(COUNTING_OPTIONS);
  admin = await stack.adminClient();
  bridge = await stack.startBridge();
}, 60_000);

afterAll(async () => {
  expect([...stack.discord.refused, ...stack.slack.refused]).toEqual([]);
  await stack.stop();
});

/** What the admin's script prints. */
async function channels(...args: string[]): Promise<string> {
  const script = ["scripts/bootstrap.mjs", "--compiled", "scripts/cli/channels/channels.ts"];
  const env = { PATH: process.env.PATH, CONVEX_URL: stack.convex.url, ADMIN_KEY: stack.adminKey };
  const done = await promisify(execFile)(process.execPath, [...script, ...args], {
    cwd: ROOT,
    env,
  });
  return done.stdout;
}

/** A new mapped channel, with somebody who asked and the answer. */
async function exchange(platform: PlatformName, name: string) {
  const chat = stack.chat(platform);
  const channel = chat.addChannel(name);
  const to = `${platform} ${name}`;
  const { channelId } = await admin.mutation(api.admin.map, { platform, externalId: channel, to });
  const person = chat.addPerson("Ada");
  const posted = () => chat.posts.filter((post) => post.channel === channel);
  await eventually(async () => {
    const { mappings } = await admin.query(api.admin.status, {});
    expect(mappings.find((row) => row.externalId === channel)?.lastCatchUp).toBeDefined();
  });
  const question = chat.say({ channel, person, text: "why?" });
  await eventually(() => expect(posted()).toHaveLength(1));
  const answer = posted()[0]?.id ?? "";
  // A reaction that overtakes the report of its post is to an unknown message.
  await eventually(async () => {
    const { mappings } = await admin.query(api.admin.status, {});
    expect(mappings.find((row) => row.externalId === channel)?.open).toBe(0);
  });
  /** The reactions to each message, as a transcript shows them. */
  const shown = async () => {
    const paginationOpts = { numItems: 10, cursor: null };
    const { page } = await admin.query(api.admin.transcript, { channelId, paginationOpts });
    return page.map(({ reactions = [] }) =>
      reactions.map(({ emoji, count }) => `${emoji} ${String(count)}`),
    );
  };
  const feedback = async () => {
    const paginationOpts = { numItems: 100, cursor: null };
    const { page } = await admin.query(api.admin.feedback, { paginationOpts });
    return page.filter((row) => row.channel === to).map(({ up, down }) => [up, down]);
  };
  const act = (id: string, who = person) => ({ channel, id, person: who });
  return { chat, channel, person, question, answer, shown, feedback, act };
}

describe.each(PLATFORMS)("on %s", (platform) => {
  const { up, down, party } = EMOJI[platform];

  test("reactions and ratings are mirrored as they are made and taken back", async () => {
    const talk = await exchange(platform, "live");
    const { reactions } = talk.chat;
    reactions.add({ ...talk.act(talk.question), emoji: party });
    reactions.add({ ...talk.act(talk.answer), emoji: up });
    reactions.add({ ...talk.act(talk.answer, talk.chat.addPerson("Eve")), emoji: down });
    await eventually(async () => expect(await talk.shown()).toEqual([["🎉 1"], ["👍 1", "👎 1"]]));
    expect(await talk.feedback()).toEqual([[1, 1]]);
    reactions.remove({ ...talk.act(talk.question), emoji: party });
    reactions.remove({ ...talk.act(talk.answer), emoji: up });
    await eventually(async () => expect(await talk.shown()).toEqual([[], ["👎 1"]]));
    expect(await talk.feedback()).toEqual([[0, 1]]);
  });

  test("ratings are in the status, and exported as a line of JSON each", async () => {
    const talk = await exchange(platform, "export");
    talk.chat.reactions.add({ ...talk.act(talk.answer), emoji: up });
    await eventually(async () => expect(await talk.feedback()).toEqual([[1, 0]]));
    const lines = (await channels("export", "feedback")).trim().split("\n");
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.find(({ channel }) => channel === `${platform} export`)).toEqual({
      at: expect.any(Number) as unknown,
      channel: `${platform} export`,
      question: "why?",
      answer: expect.stringContaining("why?") as unknown,
      up: 1,
      down: 0,
    });
    expect(await channels("status")).toMatch(/Feedback: 👍 [1-9]/u);
  });

  test("what changed while the bridge was down is caught up with, and nothing is written twice", async () => {
    const talk = await exchange(platform, "down");
    const { reactions } = talk.chat;
    reactions.add({ ...talk.act(talk.question), emoji: party });
    reactions.add({ ...talk.act(talk.answer), emoji: up });
    await eventually(async () => expect(await talk.shown()).toEqual([["🎉 1"], ["👍 1"]]));
    await bridge.stop();
    reactions.remove({ ...talk.act(talk.question), emoji: party });
    reactions.remove({ ...talk.act(talk.answer), emoji: up });
    reactions.add({ ...talk.act(talk.answer, talk.chat.addPerson("Eve")), emoji: down });
    const later = talk.chat.say({ channel: talk.channel, person: talk.person, text: "and now?" });
    reactions.add({ ...talk.act(later), emoji: party });
    bridge = await stack.startBridge();
    await eventually(async () => {
      expect((await talk.shown()).slice(0, 3)).toEqual([[], ["👎 1"], ["🎉 1"]]);
    });
    expect(await talk.feedback()).toEqual([[0, 1]]);
  });

  test("a hundred reactions cost at most ten calls", async () => {
    const talk = await exchange(platform, "many");
    const people = Array.from({ length: 100 }, (_, n) => talk.chat.addPerson(`P${String(n)}`));
    await stack.convex.resetStats();
    for (const person of people)
      talk.chat.reactions.add({ ...talk.act(talk.question, person), emoji: party });
    await eventually(async () => expect((await talk.shown())[0]).toEqual(["🎉 100"]));
    const stats = await stack.convex.stats();
    expect(callsOf(stats, "bridge:ingest", "mutation")).toBeLessThanOrEqual(10);
  });
});
