import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import { type CallStats, callsOf } from "../../stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS, type Stack, type StackOptions } from "../../stand_ins/stack.ts";
import { sleep, until } from "./part.ts";

/** After this long without calls, in ms, everything counts as done. */
const QUIET_MS = 400;
/** The longest time that anything counted here may take, in ms. */
const LONGEST_MS = 40_000;

/**
 * Options of a stack whose calls are counted. On a busy machine an acknowledgement can take longer than Slack's 3 s; the
 * event is then redelivered and ingested again, which would change the count.
 */
export const COUNTING_OPTIONS: StackOptions = { slack: { ackWithinMs: 120_000 } };

/** The channels of one platform whose calls are counted. */
export interface CountedChannels {
  readonly platform: PlatformName;
  readonly person: string;
  /** Mirrored, never answered. */
  readonly mirrored: string;
  /** Every message is answered. */
  readonly answered: string;
  readonly unmapped: string;
}

/** Maps channels on both platforms, starts the bridge and lets each person post once. */
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
    // The first message of a person also stores the name; the later ones are counted.
    stack.chat(platform).say({ channel: mirrored, person, text: "hello" });
  }
  // The end of a mapping's first catch-up moves its cursor, which is a call too.
  await until("every mapping is caught up", async () => {
    const { mappings } = await admin.query(api.admin.status, {});
    return mappings.every(({ lastCatchUp }) => lastCatchUp !== undefined);
  });
  await quiet(stack, PLATFORMS.length, 1_500);
  return channels;
}

/** The calls of messages posted one at a time. */
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

/** The calls of messages posted all at once. */
export async function countBurst(
  stack: Stack,
  channels: CountedChannels,
  messages: number,
): Promise<CallStats> {
  await stack.convex.resetStats();
  for (let n = 1; n <= messages; n++) say(stack, channels, channels.mirrored, `message ${n}`);
  return await quiet(stack, 1);
}

/** The calls of messages in an unmapped channel. A mirrored message after them shows that they were received. */
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
  /** The number of messages that the reply was posted as. */
  readonly parts: number;
}

/** The calls from a person's message to its reply on the platform. */
export async function countExchange(
  stack: Stack,
  channels: CountedChannels,
  text: string,
): Promise<Exchange> {
  // On a busy machine the last events of an earlier burst can still be on their way.
  await quiet(stack, 0, 1_500);
  await stack.convex.resetStats();
  const chat = stack.chat(channels.platform);
  const before = chat.posts.length;
  say(stack, channels, channels.answered, text);
  await until("the reply is posted", () => chat.posts.length > before);
  const stats = await quiet(stack, 1, QUIET_MS * 2);
  return { stats, parts: chat.posts.length - before };
}

/** The calls of an idle bridge. */
export async function countIdle(stack: Stack, ms: number): Promise<number> {
  await stack.convex.resetStats();
  await sleep(ms);
  return (await stack.convex.stats()).billed;
}

/** Waits for a number of `ingest` calls, and then for `quietMs` without calls. */
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
    if (performance.now() > deadline) throw new Error(`calls did not stop: ${describeCalls(last)}`);
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

/** The calls as text: `bridge:ingest 1 (mutation), bridge:outbox 2 (rerun), …`. */
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
