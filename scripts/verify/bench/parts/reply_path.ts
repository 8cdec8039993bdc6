import { z } from "zod";
import type { PlatformName } from "../../../../bridges/platform.ts";
import { type BridgeProcess, startBridgeProcess } from "../../../stand_ins/bridge_process.ts";
import { PLATFORMS, startStack, type Stack } from "../../../stand_ins/stack.ts";
import {
  COUNTING_OPTIONS,
  countExchange,
  openChannels,
  type CountedChannels,
} from "../count_calls.ts";
import { figure, type Part, type Row, spreadOf } from "../part.ts";
import { type Relay, startRelay } from "../relay.ts";

const EXCHANGES = 10;

/** The steps from a message to its reply. Each ends at its mark. */
const STEPS = [
  ["ingested", "message on the platform -> ingest on the wire"],
  ["asked", "stored, scheduled, context read -> request to the AI"],
  ["updated", "AI answers, reply stored -> outbox update on the wire"],
  ["claimed", "bridge wakes -> claim on the wire"],
  ["answered", "claim answered"],
  ["posted", "rendered -> post accepted by the platform"],
] as const;
type Mark = (typeof STEPS)[number][0];

/** The time of each step between a person's message and its answer, with an AI that answers at once. */
export const replyPath: Part = {
  name: "reply",
  async run(progress) {
    const stack = await startStack(COUNTING_OPTIONS);
    const relay = await startRelay(stack.convex.url);
    let bridge: BridgeProcess | undefined;
    try {
      const channels = await openChannels(stack, async () => {
        const env = { ...stack.bridgeEnv(), CONVEX_URL: relay.url };
        bridge = await startBridgeProcess(env, PLATFORMS);
      });
      const rows: Row[] = [];
      for (const platform of PLATFORMS) {
        progress(platform);
        rows.push(...(await measure(stack, relay, channels[platform], platform)));
      }
      return rows;
    } finally {
      await bridge?.stop();
      await relay.stop();
      await stack.stop();
    }
  },
};

async function measure(
  stack: Stack,
  relay: Relay,
  channels: CountedChannels,
  platform: PlatformName,
): Promise<Row[]> {
  const steps = STEPS.map(([mark, what]) => ({ mark, what, times: new Array<number>() }));
  const totals: number[] = [];
  for (let n = 0; n < EXCHANGES; n++) {
    const marks = new Map<Mark, number>();
    relay.onMessage = (from, text) => {
      const mark = from === "client" ? callMark(text) : answerMark(text, marks);
      if (mark && !marks.has(mark)) marks.set(mark, Date.now());
    };
    const start = Date.now();
    await countExchange(stack, channels, `Question ${n}?`);
    relay.onMessage = () => undefined;
    marks.set("asked", stack.openai.requests.at(-1)?.at ?? NaN);
    marks.set("posted", stack.chat(platform).posts.at(-1)?.at ?? NaN);
    let before = start;
    for (const { mark, times } of steps) {
      const at = marks.get(mark) ?? NaN;
      times.push(at - before);
      before = at;
    }
    totals.push(before - start);
  }
  const row = (what: string, times: readonly number[]): Row => {
    const spread = spreadOf(times);
    const most = Math.max(...times);
    return { what, measured: `${figure(spread.p50)} ms (at most ${figure(most)})`, data: times };
  };
  return [
    row(`${platform}: message to reply, AI at 0 ms`, totals),
    ...steps.map(({ what, times }) => row(`  ${what}`, times)),
  ];
}

/** The mark that a call of the bridge sets. */
function callMark(text: string): Mark | undefined {
  if (text.includes('"udfPath":"bridge:ingest"')) return "ingested";
  if (text.includes('"udfPath":"bridge:claim"')) return "claimed";
  return undefined;
}

const update = z.object({
  type: z.literal("Transition"),
  modifications: z.array(z.looseObject({ type: z.string(), value: z.unknown() })),
});

/** The mark that an answer of the deployment sets. */
function answerMark(text: string, marks: ReadonlyMap<Mark, number>): Mark | undefined {
  if (text.includes('"status":"claimed"')) return "answered";
  // The outbox is the only subscription whose value is a list of ids.
  if (!marks.has("ingested") || marks.has("updated") || !text.includes('"Transition"'))
    return undefined;
  const parsed = update.safeParse(JSON.parse(text));
  const lists = parsed.data?.modifications.map(({ value }) => value) ?? [];
  return lists.some((value) => Array.isArray(value) && typeof value[0] === "string")
    ? "updated"
    : undefined;
}
