import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import {
  COUNTING_OPTIONS,
  countBurst,
  countExchange,
  countIdle,
  countSlowly,
  countUnmapped,
  describeCalls,
  openChannels,
  quiet,
  type CountedChannels,
} from "../../scripts/verify/bench/count_calls.ts";
import {
  countRelayedBurst,
  countRelayedSlowly,
  openRelay,
  type RelayedChannels,
} from "../../scripts/verify/bench/relayed_channels.ts";
import { type CallKind, callsOf } from "../../scripts/stand_ins/convex/engine/call_stats.ts";
import { image } from "../support/files/material.ts";
import { until } from "../../scripts/verify/bench/part.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";

/* The calls that Convex bills for a message, counted with the production bridge on the local deployment. */

let stack: Stack;
let channels: Record<PlatformName, CountedChannels>;
let relayed: RelayedChannels;
/** Channels in which people watch answers being written. */
const streamed = { discord: "", slack: "" };

beforeAll(async () => {
  stack = await startStack(COUNTING_OPTIONS);
  channels = await openChannels(stack);
  relayed = await openRelay(stack);
  const admin = await stack.adminClient();
  for (const platform of PLATFORMS) {
    streamed[platform] = stack.chat(platform).addChannel("streamed");
    const channel = { platform, externalId: streamed[platform] };
    await admin.mutation(api.admin.map, { ...channel, to: `${platform} streamed`, stream: true });
  }
  await eventually(async () => {
    const { mappings } = await admin.query(api.admin.status, {});
    for (const { lastCatchUp } of mappings) expect(lastCatchUp).toBeDefined();
  });
}, 60_000);

afterAll(async () => {
  await stack.stop();
});

const EXCHANGE: readonly (readonly [string, CallKind, number])[] = [
  ["bridge:ingest", "mutation", 1],
  ["replies:generate", "scheduled", 1],
  ["replies:load", "fromAction", 1],
  ["replies:store", "fromAction", 1],
  ["bridge:outbox", "rerun", 2],
  ["bridge:claim", "mutation", 1],
  ["bridge:settle", "mutation", 1],
];

const RELAYED: typeof EXCHANGE = [
  ["bridge:ingest", "mutation", 1],
  ["bridge:outbox", "rerun", 2],
  ["bridge:claim", "mutation", 1],
  ["bridge:settle", "mutation", 1],
];

describe.each(PLATFORMS)("function calls on %s", (platform) => {
  test("for a message in an unmapped channel: none", async () => {
    expect(await countUnmapped(stack, channels[platform], 10)).toBe(0);
  });

  test("for a mirrored message: one", async () => {
    const stats = await countSlowly(stack, channels[platform], 5);
    expect(stats.billed, describeCalls(stats)).toBe(5);
  });

  test("for a burst of messages: at most a tenth of their number", async () => {
    const stats = await countBurst(stack, channels[platform], 300);
    expect(stats.billed, describeCalls(stats)).toBeLessThanOrEqual(30);
  });

  test("for an exchange with the AI: eight", async () => {
    const { stats, parts } = await countExchange(stack, channels[platform], "What is the time?");
    expect(parts).toBe(1);
    for (const [path, kind, calls] of EXCHANGE) {
      expect(callsOf(stats, path, kind), `${path}: ${describeCalls(stats)}`).toBe(calls);
    }
    expect(stats.billed, describeCalls(stats)).toBe(8);
  });

  test("for a long reply: one more for each further part", async () => {
    const text = "Please write a long reply.";
    const { stats, parts } = await countExchange(stack, channels[platform], text);
    expect(stats.billed, describeCalls(stats)).toBe(8 + parts - 1);
  });
});

describe.each(PLATFORMS)(
  "function calls for an answer that people watch being written on",
  (platform) => {
    test(`${platform}: eight, three, and two for each flush`, async () => {
      const { stats, flushes } = await countStreamed(platform);
      const calls = describeCalls(stats);
      expect(flushes).toBeGreaterThanOrEqual(2);
      expect(callsOf(stats, "bridge:draft", "subscribe"), calls).toBe(1);
      expect(callsOf(stats, "bridge:draft", "rerun"), calls).toBe(flushes);
      // Its part is reported at once, and the edit that makes it whole ends by itself.
      expect(callsOf(stats, "bridge:settle", "mutation"), calls).toBe(3);
      expect(stats.billed, calls).toBe(8 + 3 + 2 * flushes);
    });
  },
);

/** The calls from a question to its whole answer. A flush is a mutation, and a run of the query that follows the draft. */
async function countStreamed(platform: PlatformName) {
  const { person } = channels[platform];
  const channel = streamed[platform];
  const chat = stack.chat(platform);
  await quiet(stack, 0, 1_500);
  await stack.convex.resetStats();
  const text = Array.from({ length: 200 }, (_, n) => `word${n}`).join(" ");
  stack.openai.next({ streaming: { everyMs: 20, text: `${text}, that is all` } });
  chat.say({ channel, person, text: "What is the time?" });
  await eventually(() => expect(chat.transcript(channel).at(-1)?.text).toMatch(/that is all$/));
  const stats = await quiet(stack, 1, 1_500);
  return { stats, flushes: callsOf(stats, "replies:draft", "fromAction") };
}

describe.each(PLATFORMS)("function calls for a message that is relayed from %s", (platform) => {
  test("alone: five", async () => {
    const stats = await countRelayedSlowly(stack, relayed, platform, 5);
    for (const [path, kind, calls] of RELAYED) {
      expect(callsOf(stats, path, kind), `${path}: ${describeCalls(stats)}`).toBe(calls * 5);
    }
    expect(stats.billed, describeCalls(stats)).toBe(25);
  });

  test("in a burst: at most two", async () => {
    const stats = await countRelayedBurst(stack, relayed, platform, 50);
    expect(stats.billed, describeCalls(stats)).toBeLessThanOrEqual(100);
  });
});

describe.each(PLATFORMS)("function calls for an image on %s", (platform) => {
  test("two more than for its message, and an upload", async () => {
    await stack.convex.resetStats();
    const { person, mirrored: channel } = channels[platform];
    const files = [image(`${platform}.png`)];
    stack.chat(platform).say({ channel, person, text: "look", files });
    await until("the image is held", async () => {
      return callsOf(await stack.convex.stats(), "bridge:attachFile", "mutation") === 1;
    });
    const stats = await quiet(stack, 1);
    expect(callsOf(stats, "bridge:announceFile", "mutation"), describeCalls(stats)).toBe(1);
    expect(stats.billed, describeCalls(stats)).toBe(3);
  });
});

test("idle bridges make no function calls", async () => {
  expect(await countIdle(stack, 2_000)).toBe(0);
});
