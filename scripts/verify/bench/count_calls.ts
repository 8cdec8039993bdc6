import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import { type CallStats, callsOf } from "../../stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS, type Stack, type StackOptions } from "../../stand_ins/stack.ts";
import { sleep, until } from "./part.ts";

/** How long nothing may be called before everything counts as done, in ms. */
const QUIET_MS = 400;
/** Longer than anything counted here takes, in ms. */
const LONGEST_MS = 40_000;

/**
 * What a stack is started with to be counted on. On a machine that is busy elsewhere, an acknowledgement can come later
 * than the 3 s Slack waits: the event is then delivered again, and ingested again. That is right, and not what counts here.
 */
export const COUNTED: StackOptions = { slack: { ackWithinMs: 120_000 } };

/** The channels that counting happens in, on one platform. */
export interface CountedChannels {
  readonly platform: PlatformName;
  readonly person: string;
  /** Mirrored, never answered. */
  readonly mirrored: string;
  /** Every message is answered. */
  readonly answered: string;
  readonly unmapped: string;
}

/** Maps channels on both platforms; the bridge then runs and knows the people. */
export async function openChannels(
  stack: Stack,
  startBridge: () => Promise<unknown> = () => stack.startBridge(),
): Promise<Record<PlatformName, CountedChannels>> {
  const admin = await stack.adminClient();
  const open = async (platform: PlatformName): Promise<CountedChannels> => {
    const chat = stack.chat(platform);
    const map = async (name: string, trigger: "always" | "never") => {
      const externalId = chat.addChannel(name);
      await admin.mutation(api.admin.map, {
        platform,
        externalId,
        to: `${platform} ${name}`,
        trigger,
      });
      return externalId;
    };
    return {
      platform,
      person: chat.addPerson("Ada"),
      mirrored: await map("mirrored", "never"),
      answered: await map("answered", "always"),
      unmapped: chat.addChannel("unmapped"),
    };
  };
  const channels = { discord: await open("discord"), slack: await open("slack") };
  await startBridge();
  for (const platform of PLATFORMS) {
    const { mirrored, person } = channels[platform];
    // The first message of a person tells of a new name; those after it are the ones to count.
    stack.chat(platform).say({ channel: mirrored, person, text: "hello" });
  }
  await quiet(stack, PLATFORMS.length, 1_500);
  return channels;
}

/** Calls of messages said one at a time. */
export async function countSlowly(
  stack: Stack,
  channels: CountedChannels,
  messages: number,
): Promise<CallStats> {
  await stack.convex.resetStats();
  for (let n = 1; n <= messages; n++) {
    say(stack, channels, channels.mirrored, `message ${n}`);
    await until("a message is mirrored", async () => ingests(await stack.convex.stats()) >= n);
  }
  return await quiet(stack, messages);
}

/** Calls of messages said all at once. */
export async function countBurst(
  stack: Stack,
  channels: CountedChannels,
  messages: number,
): Promise<CallStats> {
  await stack.convex.resetStats();
  for (let n = 1; n <= messages; n++) say(stack, channels, channels.mirrored, `message ${n}`);
  return await quiet(stack, 1);
}

/** Calls of messages that nobody mirrors. One mirrored message behind them shows that they were heard. */
export async function countUnmapped(
  stack: Stack,
  channels: CountedChannels,
  messages: number,
): Promise<number> {
  await stack.convex.resetStats();
  for (let n = 1; n <= messages; n++) say(stack, channels, channels.unmapped, `message ${n}`);
  say(stack, channels, channels.mirrored, "the last one");
  return (await quiet(stack, 1)).billed - 1;
}

export interface Exchange {
  readonly stats: CallStats;
  /** Messages the reply was posted as. */
  readonly parts: number;
}

/** Calls from a person's message to its reply on the platform. */
export async function countExchange(
  stack: Stack,
  channels: CountedChannels,
  text: string,
): Promise<Exchange> {
  await stack.convex.resetStats();
  const chat = stack.chat(channels.platform);
  const before = chat.posts.length;
  say(stack, channels, channels.answered, text);
  await until("the reply is posted", () => chat.posts.length > before);
  const stats = await quiet(stack, 1, QUIET_MS * 2);
  return { stats, parts: chat.posts.length - before };
}

/** Calls of a bridge that has nothing to do. */
export async function countIdle(stack: Stack, ms: number): Promise<number> {
  await stack.convex.resetStats();
  await sleep(ms);
  return (await stack.convex.stats()).billed;
}

/** Waits for a number of `ingest` calls and then until nothing is called for a moment. */
export async function quiet(
  stack: Stack,
  ingested: number,
  quietMs = QUIET_MS,
): Promise<CallStats> {
  await until("events are ingested", async () => ingests(await stack.convex.stats()) >= ingested);
  let last = await stack.convex.stats();
  let since = performance.now();
  const deadline = since + LONGEST_MS;
  while (performance.now() - since < quietMs) {
    if (performance.now() > deadline) throw new Error(`never quiet: ${describeCalls(last)}`);
    await sleep(50);
    const now = await stack.convex.stats();
    if (now.billed !== last.billed) since = performance.now();
    last = now;
  }
  return last;
}

export function ingests(stats: CallStats): number {
  return callsOf(stats, "bridge:ingest", "mutation");
}

/** `bridge:ingest` 1, `bridge:outbox` 2 (rerun), …, for whoever wonders what was called. */
export function describeCalls({ rows }: CallStats): string {
  return rows
    .filter(({ kind }) => kind !== "nested")
    .map(({ path, kind, calls }) => `${path} ${calls} (${kind})`)
    .join(", ");
}

function say(
  stack: Stack,
  { platform, person }: CountedChannels,
  channel: string,
  text: string,
): void {
  stack.chat(platform).say({ channel, person, text });
}
