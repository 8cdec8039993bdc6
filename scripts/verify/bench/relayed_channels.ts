import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import type { CallStats } from "../../stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS, type Stack } from "../../stand_ins/stack.ts";
import { quiet } from "./count_calls.ts";
import { sleep, until } from "./part.ts";

/** Between a copy and the next message, when one is measured at a time, in ms. */
const PAUSE_MS = 25;

/** A channel on each platform, and a person in it. Both are one conversation. */
export type RelayedChannels = Record<
  PlatformName,
  { readonly channel: string; readonly person: string }
>;

/** Maps a channel on each platform to one that is relayed, with a bridge running, and lets each person post once. */
export async function openRelay(stack: Stack): Promise<RelayedChannels> {
  const admin = await stack.adminClient();
  const open = async (platform: PlatformName) => {
    const chat = stack.chat(platform);
    const channel = chat.addChannel("relayed");
    const args = { platform, externalId: channel, to: "relayed", relay: true } as const;
    await admin.mutation(api.admin.map, { ...args, trigger: "never" });
    return { channel, person: chat.addPerson("Ada") };
  };
  const channels = { discord: await open("discord"), slack: await open("slack") };
  await until("every mapping is caught up", async () => {
    const { mappings } = await admin.query(api.admin.status, {});
    return mappings.every(({ lastCatchUp }) => lastCatchUp !== undefined);
  });
  // The first message of a person also stores the name.
  for (const from of PLATFORMS) await relayOne(stack, channels, from, "hello");
  await quiet(stack, 0, 1_500);
  return channels;
}

/** The calls of messages posted on `from` one at a time, with their copies. */
export async function countRelayedSlowly(
  stack: Stack,
  channels: RelayedChannels,
  from: PlatformName,
  messages: number,
): Promise<CallStats> {
  await stack.convex.resetStats();
  for (let n = 1; n <= messages; n++) {
    await relayOne(stack, channels, from, `message ${n}`);
    await quiet(stack, n);
  }
  return await stack.convex.stats();
}

/** The same, posted all at once. */
export async function countRelayedBurst(
  stack: Stack,
  channels: RelayedChannels,
  from: PlatformName,
  messages: number,
): Promise<CallStats> {
  await stack.convex.resetStats();
  const { posts } = stack.chat(otherThan(from));
  const before = posts.length;
  for (let n = 1; n <= messages; n++) say(stack, channels, from, `message ${n}`);
  await until("the copies are posted", () => posts.length >= before + messages, 300_000);
  return await quiet(stack, 1);
}

/** The times from a message on `from` to its copy on the other platform, one at a time, in ms. */
export async function relayTimes(
  stack: Stack,
  channels: RelayedChannels,
  from: PlatformName,
  messages: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let n = 1; n <= messages; n++) {
    times.push(await relayOne(stack, channels, from, `message ${n}`));
    await sleep(PAUSE_MS);
  }
  return times;
}

/** Posts a message and waits until it is copied. Returns how long that took, in ms. */
async function relayOne(
  stack: Stack,
  channels: RelayedChannels,
  from: PlatformName,
  text: string,
): Promise<number> {
  let copiedAt: number | undefined;
  const forget = stack.chat(otherThan(from)).onChange(({ kind, message }) => {
    if (kind === "new" && message.fromBot) copiedAt ??= performance.now();
  });
  const start = performance.now();
  say(stack, channels, from, text);
  await until("a message is copied", () => copiedAt !== undefined);
  forget();
  return (copiedAt ?? NaN) - start;
}

function say(stack: Stack, channels: RelayedChannels, from: PlatformName, text: string): void {
  stack.chat(from).say({ ...channels[from], text });
}

/** Where what is said on a platform is copied to. */
export function otherThan(platform: PlatformName): PlatformName {
  return platform === "discord" ? "slack" : "discord";
}
