import { api } from "../../convex/_generated/api.js";
import type { PlatformName } from "../../bridges/platform.ts";
import { PLATFORMS, startStack } from "../playground/stack.ts";
import { quiet } from "./count_calls.ts";
import { figure, type Part, type Row, sleep } from "./part.ts";

const CHANNELS = 4;
const PEOPLE = 20;
const MESSAGES = 120;
/** Between two messages on each platform, in ms: enough at once for calls to be under way together. */
const EVERY_MS = 10;

/**
 * Where mutations would conflict on the real thing. The local deployment carries them out one after another, but it
 * notes which were under way together, and whether one had read what another wrote. Two bridge processes for each
 * platform, and a conversation with the AI in every channel, are the worst of what is normal.
 */
export const overlap: Part = {
  name: "overlap",
  async run(tell) {
    const rows: Row[] = [];
    for (const processes of [1, 2]) {
      tell(`${processes} ${processes === 1 ? "bridge" : "bridges"}`);
      rows.push(...(await measure(processes)));
    }
    return rows;
  },
};

async function measure(processes: number): Promise<Row[]> {
  const stack = await startStack({ convexEnv: { AI_REPLIES_PER_DAY: "100000" } });
  try {
    const admin = await stack.adminClient();
    const open = async (platform: PlatformName) => {
      const chat = stack.chat(platform);
      const channels: string[] = [];
      for (let n = 0; n < CHANNELS; n++) {
        const externalId = chat.addChannel(`channel ${n}`);
        const to = `${platform} channel ${n}`;
        await admin.mutation(api.admin.map, { platform, externalId, to, trigger: "always" });
        channels.push(externalId);
      }
      return {
        chat,
        channels,
        people: Array.from({ length: PEOPLE }, (_, n) => chat.addPerson(`P${n}`)),
      };
    };
    const places = await Promise.all(PLATFORMS.map(open));
    for (let n = 0; n < processes; n++) await stack.startBridge();
    await stack.convex.resetStats();
    for (let n = 0; n < MESSAGES; n++) {
      for (const { chat, channels, people } of places) {
        const channel = channels[n % CHANNELS] ?? "";
        chat.say({ channel, person: people[n % PEOPLE] ?? "", text: `message ${n}` });
      }
      await sleep(EVERY_MS);
    }
    const { overlapping, conflicts, billed } = await quiet(stack, PLATFORMS.length, 1_500);
    const again = conflicts.reduce((sum, { calls }) => sum + calls, 0);
    const name = `${processes} ${processes === 1 ? "process" : "processes"} each`;
    return [
      {
        what: `mutations that would run again on Convex, ${name}`,
        measured: `${again} of ${overlapping} under way together, in ${billed} calls (${figure((again / Math.max(1, billed)) * 100)} %)`,
        data: { overlapping, conflicts, billed },
      },
      ...conflicts
        .toSorted((a, b) => b.calls - a.calls)
        .slice(0, 5)
        .map(({ path, with: other, calls }) => ({
          what: `  ${path} against ${other}`,
          measured: `${calls}`,
        })),
    ];
  } finally {
    await stack.stop();
  }
}
