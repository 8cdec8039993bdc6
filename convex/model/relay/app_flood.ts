import { RateLimiter } from "@convex-dev/rate-limiter";
import { components } from "../../_generated/api.js";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { recordProblem } from "../rows/problems.ts";

const limiter = new RateLimiter(components.rateLimiter);

/** The kind of problem that a channel with too many messages of apps has. */
export const RELAY_OF_APPS_STOPPED = "relay_of_apps_stopped";

/**
 * Messages of apps that a channel relays in a time. Two relays that hear each other over slow platforms may stay below the
 * first, and never end.
 */
const LIMITS = [
  { name: "relayed apps", most: 20, periodMs: 10_000, period: "10 s" },
  { name: "relayed apps in an hour", most: 300, periodMs: 60 * 60_000, period: "an hour" },
];

/**
 * Whether a message of an app is relayed: only where an admin asked for it. Two deployments that bridge the same channels
 * see each other as apps, and would relay each other's copies for ever: a channel with too many of them stops relaying
 * apps, and the status says so (docs/races.md#two-relays-hear-each-other).
 */
export async function mayRelayApp(ctx: MutationCtx, mapping: Doc<"mappings">): Promise<boolean> {
  if (!mapping.relayApps) return false;
  for (const { name, most, periodMs, period } of LIMITS) {
    const { ok } = await limiter.limit(ctx, name, {
      key: mapping.channelId,
      config: { kind: "token bucket", rate: most, period: periodMs, capacity: most },
    });
    if (ok) continue;
    await ctx.db.patch("mappings", mapping._id, { relayApps: undefined });
    await recordProblem(ctx, mapping.platform, {
      mappingId: mapping._id,
      kind: RELAY_OF_APPS_STOPPED,
      reason: `apps sent more than ${most.toString()} messages in ${period}, so they are not relayed any more`,
    });
    return false;
  }
  return true;
}
