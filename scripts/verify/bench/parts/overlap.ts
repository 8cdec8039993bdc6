import { api } from "../../../../convex/_generated/api.js";
import type { PlatformName } from "../../../../bridges/platform.ts";
import type { CallStats } from "../../../stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS, startStack, type Stack } from "../../../stand_ins/stack.ts";
import { COUNTING_OPTIONS, describeCalls, quiet } from "../count_calls.ts";
import { figure, type Part, type Row, sleep } from "../part.ts";

const CHANNELS = 4;
const PEOPLE = 20;
const MESSAGES = 120;
/** Between two messages on each platform, in ms: short enough for calls to overlap. */
const EVERY_MS = 10;
/** The duration of a transaction, in ms: a generous estimate for a small one on Convex. */
const TRANSACTION_MS = 20;
const WORST = 6;

/**
 * Write conflicts that mutations would have on Convex. The local deployment runs them one after another, each after a
 * delay, and records which others committed meanwhile and whether it then read what they wrote. Two bridge processes per
 * platform, and a conversation with the AI in every channel, are the worst normal load.
 */
export const overlap: Part = {
  name: "overlap",
  async run(progress) {
    const rows: Row[] = [];
    for (const processes of [1, 2]) {
      progress(`${processes} ${processes === 1 ? "bridge" : "bridges"}`);
      rows.push(...(await measure(processes)));
    }
    return rows;
  },
};

async function measure(processes: number): Promise<Row[]> {
  const stack = await startStack({
    ...COUNTING_OPTIONS,
    convexEnv: { AI_REPLIES_PER_DAY: "100000" },
  });
  try {
    const places = await Promise.all(PLATFORMS.map((platform) => open(stack, platform)));
    for (let n = 0; n < processes; n++) await stack.startBridge();
    await stack.convex.faults.delayTransactions(TRANSACTION_MS);
    await stack.convex.resetStats();
    for (let n = 0; n < MESSAGES; n++) {
      for (const { chat, channels, people } of places) {
        const channel = channels[n % CHANNELS] ?? "";
        chat.say({ channel, person: people[n % PEOPLE] ?? "", text: `message ${n}` });
      }
      await sleep(EVERY_MS);
    }
    return describe(processes, await quiet(stack, PLATFORMS.length, 1_500));
  } finally {
    await stack.stop();
  }
}

async function open(stack: Stack, platform: PlatformName) {
  const admin = await stack.adminClient();
  const chat = stack.chat(platform);
  const channels: string[] = [];
  for (let n = 0; n < CHANNELS; n++) {
    const externalId = chat.addChannel(`channel ${n}`);
    const to = `${platform} channel ${n}`;
    await admin.mutation(api.admin.map, { platform, externalId, to, trigger: "always" });
    channels.push(externalId);
  }
  const people = Array.from({ length: PEOPLE }, (_, n) => chat.addPerson(`P${n}`));
  return { chat, channels, people };
}

function describe(processes: number, stats: CallStats): Row[] {
  const { overlapping, conflicts, mutations, billed } = stats;
  const again = conflicts.reduce((sum, { calls }) => sum + calls, 0);
  const share = figure((again / Math.max(1, mutations)) * 100);
  const name = `${processes} ${processes === 1 ? "process" : "processes"} each`;
  return [
    {
      what: `mutations that Convex would retry, ${name}`,
      measured: `${again} of ${mutations} (${share} %); ${overlapping} overlapped with another one`,
      data: { overlapping, conflicts, mutations, billed, which: describeCalls(stats) },
    },
    ...conflicts
      .toSorted((a, b) => b.calls - a.calls)
      .slice(0, WORST)
      .map(({ path, with: other, table, calls }) => ({
        what: `  ${path} read what ${other} wrote`,
        measured: `${calls}, in ${table}`,
      })),
  ];
}
