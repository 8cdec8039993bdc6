import { PLATFORMS, startStack, type Stack } from "../../../stand_ins/stack.ts";
import {
  COUNTING_OPTIONS,
  countBurst,
  countExchange,
  countIdle,
  countSlowly,
  countUnmapped,
  describeCalls,
  ingests,
  openChannels,
  type CountedChannels,
} from "../count_calls.ts";
import {
  countImage,
  countStreamed,
  openStreamed,
  type StreamedChannels,
} from "../count_richer_calls.ts";
import { renewalsADay } from "../token_renewals.ts";
import { atMost, figure, type Part, type Row } from "../part.ts";

const SLOW = 20;
const BURST = 1_000;
const IDLE_MS = 3_000;

/** Function calls, counted by the local deployment: by clients, reruns of subscriptions, and scheduled. */
export const calls: Part = {
  name: "calls",
  async run(progress) {
    const stack = await startStack(COUNTING_OPTIONS);
    try {
      const streamed = await openStreamed(stack);
      const channels = await openChannels(stack);
      const rows: Row[] = [];
      for (const platform of PLATFORMS) {
        progress(platform);
        rows.push(...(await countOn(stack, channels[platform])));
        rows.push(...(await countRicher(stack, channels[platform], streamed)));
      }
      progress("idle");
      rows.push(...(await countADay(stack)));
      return rows;
    } finally {
      await stack.stop();
    }
  },
};

async function countOn(stack: Stack, channels: CountedChannels): Promise<Row[]> {
  const { platform } = channels;
  const unmapped = await countUnmapped(stack, channels, SLOW);
  const slow = await countSlowly(stack, channels, SLOW);
  const burst = await countBurst(stack, channels, BURST);
  const short = await countExchange(stack, channels, "What is the time?");
  const long = await countExchange(stack, channels, "Please write a long reply.");
  const perMessage = slow.billed / SLOW;
  const perMessageInBurst = burst.billed / BURST;
  const exchange = (name: string, { stats, parts }: typeof short): Row => ({
    what: `${platform}: calls per AI exchange, ${name}`,
    measured: `${stats.billed} for ${parts} ${parts === 1 ? "part" : "parts"}`,
    budget: {
      text: "<= 8, + 1 per further part",
      ok: stats.billed <= 8 + (parts - 1),
    },
    data: { parts, calls: stats.billed, which: describeCalls(stats) },
  });
  return [
    {
      what: `${platform}: calls per message in an unmapped channel`,
      measured: figure(unmapped / SLOW),
      budget: atMost(0, unmapped),
    },
    {
      what: `${platform}: calls per mirrored message, idle`,
      measured: figure(perMessage),
      budget: atMost(1, perMessage),
    },
    {
      what: `${platform}: calls per mirrored message, under load`,
      measured: figure(perMessageInBurst),
      budget: atMost(0.1, perMessageInBurst),
      data: { messages: BURST, ingests: ingests(burst) },
    },
    exchange("short reply", short),
    exchange("long reply", long),
  ];
}

/** An answer that people watch being written, and an image. */
async function countRicher(
  stack: Stack,
  channels: CountedChannels,
  streamed: StreamedChannels,
): Promise<Row[]> {
  const { platform } = channels;
  const { stats, flushes } = await countStreamed(stack, channels, streamed[platform]);
  const image = await countImage(stack, channels);
  return [
    {
      what: `${platform}: calls per AI exchange, streamed over 5 s`,
      measured: `${stats.billed} for ${flushes} flushes`,
      budget: {
        text: "<= 8 + 3, + 2 per flush",
        ok: flushes > 1 && stats.billed <= 8 + 3 + 2 * flushes,
      },
      data: { flushes, calls: stats.billed, which: describeCalls(stats) },
    },
    {
      what: `${platform}: calls per message with an image`,
      measured: `${image.billed}`,
      budget: atMost(3, image.billed),
      data: { which: describeCalls(image) },
    },
  ];
}

async function countADay(stack: Stack): Promise<Row[]> {
  const idle = await countIdle(stack, IDLE_MS);
  const renewals = await renewalsADay(stack);
  const seconds = IDLE_MS / 1000;
  const aDay = Math.ceil(renewals.callsADay + (idle / seconds) * 86_400);
  return [
    {
      what: "calls of an idle process in a day, per platform",
      measured: `${aDay} (${renewals.callsPerRenewal} for each new token, ${figure(aDay / 24)} an hour)`,
      budget: atMost(150, aDay),
      data: { ...renewals, idleCalls: idle, idleSeconds: seconds },
    },
  ];
}
