import { positionAt } from "../../../../convex/model/shared/positions.ts";
import type { PlatformName } from "../../../../bridges/platform.ts";
import { figure, type Part, type Row, until } from "../part.ts";
import { mappingOf, type Rig, startRig } from "../stubs/rig.ts";
import { eventsOf } from "../stubs/convex.ts";

const MESSAGES = 10_000;
const GAP_MS = 2 * 60 * 60_000;

/** A rate limit for pages of history: `calls` in a window of `seconds`. */
interface Limit {
  readonly perPage: number;
  readonly calls: number;
  readonly seconds: number;
}

/**
 * The limits of reading one channel's history. Discord documents no numbers and sends them with each answer; these are
 * the ones it is known to send (https://discord.com/developers/docs/topics/rate-limits). Slack's first limit is that of
 * an internal app; an app distributed outside of its Marketplace gets 15 messages a minute
 * (https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps).
 */
const LIMITS: Readonly<Record<PlatformName, readonly Limit[]>> = {
  discord: [{ perPage: 100, calls: 5, seconds: 5 }],
  slack: [
    { perPage: 999, calls: 50, seconds: 60 },
    { perPage: 15, calls: 1, seconds: 60 },
  ],
};

/** Reading a channel's history after a gap from a platform without limits, compared with what its limits allow. */
export const catchUp: Part = {
  name: "catch-up",
  async run(progress) {
    const rows: Row[] = [];
    for (const platform of ["discord", "slack"] as const) {
      const rig = await startRig(platform);
      try {
        for (const limit of LIMITS[platform]) {
          progress(`${platform}: ${limit.perPage} messages a page`);
          rows.push(...describe(platform, limit, await measure(platform, rig, limit)));
        }
      } finally {
        await rig.stop();
      }
    }
    return rows;
  },
};

interface Measured {
  readonly seconds: number;
  /** Requests for a page of history. */
  readonly pages: number;
  /** Function calls per message. */
  readonly callsEach: number;
}

async function measure(platform: PlatformName, rig: Rig, limit: Limit): Promise<Measured> {
  const { convex, channel } = rig;
  const mapping = mappingOf(channel);
  const upTo = positionAt(platform, Date.now() - GAP_MS);
  convex.publish("bridge:cursors", [{ mappingId: mapping.mappingId, upTo }]);
  convex.publish("bridge:standing", { rows: [], threads: [] });
  rig.platform.setHistory(MESSAGES, limit.perPage);
  let ingested = 0;
  let isWhole = false;
  let last = NaN;
  const stop = rig.onMutation((mutation) => {
    const events = eventsOf(mutation).length;
    ingested += events;
    if (events > 0) last = mutation.at;
    isWhole ||= JSON.stringify(mutation.args.advance ?? []).includes("caughtUp");
  });
  const before = convex.calls;
  const start = performance.now();
  // A new `since` makes the bridge read the history after its cursor.
  convex.publish("bridge:mappings", [{ ...mapping, since: String(limit.perPage) }]);
  await until("the history is read", () => isWhole && ingested >= MESSAGES, 60_000);
  stop();
  if (ingested > MESSAGES) throw new Error(`${ingested} messages were ingested of ${MESSAGES}`);
  return {
    seconds: (last - start) / 1000,
    pages: rig.platform.pages(),
    callsEach: (convex.calls - before) / MESSAGES,
  };
}

function describe(platform: PlatformName, limit: Limit, measured: Measured): Row[] {
  const { perPage, calls, seconds: window } = limit;
  const { seconds, pages, callsEach } = measured;
  const least = Math.ceil(MESSAGES / perPage);
  // The first window needs no waiting.
  const secondsOf = (asked: number) => (Math.ceil(asked / calls) - 1) * window;
  const limited = secondsOf(pages) + seconds;
  const all = MESSAGES.toLocaleString("en");
  return [
    {
      what: `${platform}: catching up with ${all} messages, ${perPage} a page, nothing limited`,
      measured: `${figure(seconds)} s: ${figure(MESSAGES / seconds)} messages/s, ${figure(callsEach)} calls each`,
      data: measured,
    },
    {
      what: `  pages requested, at ${calls} in ${window} s`,
      measured: `${pages}: ${figure(limited)} s; the least is ${least}: ${figure(secondsOf(least))} s`,
      data: { pages, limited, least, leastSeconds: secondsOf(least) },
    },
  ];
}
