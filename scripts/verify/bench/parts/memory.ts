import type { PlatformName } from "../../../../bridges/platform.ts";
import { figure, type Part, type Row, sleep } from "../part.ts";
import { type Rig, startRig } from "../stubs/rig.ts";
import { eventsOf } from "../stubs/convex.ts";
import { DISCORD_CHANNEL } from "../stubs/discord.ts";
import { SLACK_CHANNEL } from "../stubs/slack.ts";

const MAPPINGS = 1_000;
const AUTHORS = 100_000;
/** Messages of the long run that follows: a day of a busy community. */
const LONG_RUN = 50_000;
/** Messages a second: many times the rate of a large community, but with time left for garbage collection. */
const RATE = 5_000;
const LIMIT_MB = 150;
/** Memory that the long run may add without counting as growth, in MB: garbage collection varies by this much. */
const FLAT_MB = 15;

/** Resident memory of the production bridge, compiled and started with the flags of `npm start`. */
export const memory: Part = {
  name: "memory",
  async run(progress) {
    const rows: Row[] = [];
    for (const platform of ["discord", "slack"] as const)
      rows.push(...(await measure(platform, progress)));
    return rows;
  },
};

async function measure(platform: PlatformName, progress: (line: string) => void): Promise<Row[]> {
  const first = platform === "discord" ? DISCORD_CHANNEL : SLACK_CHANNEL;
  const others = Array.from({ length: MAPPINGS - 1 }, (_, n) =>
    platform === "discord" ? (300000000000000000n + BigInt(n)).toString() : `C1BENCH${n}`,
  );
  const mappings = [first, ...others].map((externalId) => ({ externalId }));
  progress(`${platform}: ${MAPPINGS} mappings`);
  const rig = await startRig(platform, { mappings });
  try {
    await sleep(1_000);
    const atStart = rig.bridge.memoryMb();
    const load = new Load(rig);
    progress(`${platform}: ${AUTHORS.toLocaleString("en")} authors`);
    const withAuthors = await load.send(AUTHORS);
    progress(`${platform}: ${LONG_RUN.toLocaleString("en")} further messages`);
    const atEnd = await load.send(LONG_RUN);
    const peak = Math.max(withAuthors.peak, atEnd.peak);
    const growth = atEnd.peak - withAuthors.peak;
    return [
      { what: `${platform}: memory at start, ${MAPPINGS} mappings`, measured: mb(atStart) },
      {
        what: `${platform}: memory, the most, ${AUTHORS.toLocaleString("en")} authors seen`,
        measured: mb(peak),
        budget: { text: `<= ${LIMIT_MB} MB`, ok: peak <= LIMIT_MB },
        data: { atStart, withAuthors, atEnd },
      },
      {
        what: `${platform}: memory that ${LONG_RUN.toLocaleString("en")} messages more add to the most`,
        measured: mb(growth),
        budget: { text: `flat (<= ${FLAT_MB} MB)`, ok: growth <= FLAT_MB },
        data: { growth },
      },
    ];
  } finally {
    await rig.stop();
  }
}

class Load {
  #sent = 0;
  #ingested = 0;

  constructor(private readonly rig: Rig) {
    rig.onMutation((mutation) => {
      this.#ingested += eventsOf(mutation).length;
    });
  }

  /** Sends messages, each by a new author. Returns the peak memory and that at the end, in MB. */
  async send(messages: number): Promise<{ peak: number; end: number }> {
    const { platform, channel, bridge } = this.rig;
    const target = this.#sent + messages;
    let peak = 0;
    let sampledAt = 0;
    const start = performance.now();
    const base = this.#sent;
    while (this.#ingested < target) {
      const due = Math.min(target, base + ((performance.now() - start) / 1000) * RATE);
      while (this.#sent < due && this.#sent - this.#ingested < 1_000) {
        platform.send(platform.frame(channel, this.#sent++));
      }
      if (performance.now() - sampledAt > 200) {
        sampledAt = performance.now();
        peak = Math.max(peak, bridge.memoryMb());
      }
      await sleep(2);
    }
    return { peak, end: bridge.memoryMb() };
  }
}

function mb(value: number): string {
  return `${figure(value)} MB`;
}
