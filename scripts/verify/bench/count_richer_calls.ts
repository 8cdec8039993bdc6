import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import { type CallStats, callsOf } from "../../stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS, type Stack } from "../../stand_ins/stack.ts";
import { type CountedChannels, quiet } from "./count_calls.ts";
import { until } from "./part.ts";

/** Channels in which people watch answers being written. */
export type StreamedChannels = Readonly<Record<PlatformName, string>>;

/** Longer than one edit of a growing answer follows another, in ms. */
const QUIET_MS = 1_500;

/** Maps them, before the bridge starts. */
export async function openStreamed(stack: Stack): Promise<StreamedChannels> {
  const admin = await stack.adminClient();
  const channels = { discord: "", slack: "" };
  for (const platform of PLATFORMS) {
    channels[platform] = stack.chat(platform).addChannel("streamed");
    const channel = { platform, externalId: channels[platform] };
    await admin.mutation(api.admin.map, { ...channel, to: `${platform} streamed`, stream: true });
  }
  return channels;
}

export interface StreamedExchange {
  readonly stats: CallStats;
  readonly flushes: number;
}

/** The calls from a question to its whole answer, which the AI writes for 5 s. */
export async function countStreamed(
  stack: Stack,
  { platform, person }: CountedChannels,
  channel: string,
): Promise<StreamedExchange> {
  const chat = stack.chat(platform);
  await quiet(stack, 0, QUIET_MS);
  await stack.convex.resetStats();
  const words = Array.from({ length: 140 }, (_, n) => `word${n + 100}`);
  stack.openai.next({ streaming: { everyMs: 20, text: [...words, "that is all"].join(" ") } });
  chat.say({ channel, person, text: "What is the time?" });
  await until("the answer is whole", () => {
    return chat.transcript(channel).at(-1)?.text.endsWith("that is all") ?? false;
  });
  const stats = await quiet(stack, 1, QUIET_MS);
  return { stats, flushes: callsOf(stats, "replies:draft", "fromAction") };
}

/** The calls of a message with an image, which is held: its upload is none. */
export async function countImage(
  stack: Stack,
  { platform, person, mirrored: channel }: CountedChannels,
): Promise<CallStats> {
  await stack.convex.resetStats();
  const bytes = Buffer.concat([PNG, Buffer.from(`a picture from ${platform}`)]);
  const files = [{ name: "picture.png", type: "image/png", bytes }];
  stack.chat(platform).say({ channel, person, text: "look", files });
  await until("the image is held", async () => {
    return callsOf(await stack.convex.stats(), "bridge:attachFile", "mutation") === 1;
  });
  return await quiet(stack, 1);
}

/** How a PNG begins. */
const PNG = Buffer.from("89504e470d0a1a0a", "hex");
