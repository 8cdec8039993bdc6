import { api } from "../../../../convex/_generated/api.js";
import type { PlatformName } from "../../../../bridges/platform.ts";
import type { CallStats } from "../../../stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS, startStack, type Stack } from "../../../stand_ins/stack.ts";
import { COUNTED, describeCalls, quiet } from "../count_calls.ts";
import { figure, type Part, type Row, sleep } from "../part.ts";

const CHANNELS = 4;
const PEOPLE = 20;
const MESSAGES = 120;
/** Between two messages on each platform, in ms: enough at once for calls to be under way together. */
const EVERY_MS = 10;
/** How long each transaction is under way, in ms: what a small one takes on Convex, generously. */
const TRANSACTION_MS = 20;
const WORST = 6;

/**
 * Where mutations would conflict on the real thing. The local deployment carries them out one after another, each
 * after it has been under way for a while, and notes which others committed meanwhile and whether it then read what
 * they wrote. Two bridge processes for each platform, and a conversation with the AI in every channel, are the worst
 * of what is normal.
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
  const stack = await startStack({ ...COUNTED, convexEnv: { AI_REPLIES_PER_DAY: "100000" } });
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
      what: `mutations that would run again on Convex, ${name}`,
      measured: `${again} of ${mutations} (${share} %); ${overlapping} were under way while another committed`,
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
