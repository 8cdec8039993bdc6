import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { aiHealth, vAiHealth } from "../rows/ai_health.ts";
import { cursorOf } from "../rows/cursors.ts";
import { allHealth } from "../rows/mapping_health.ts";
import { listMappings, PLATFORMS, vMappingRow } from "../rows/mappings.ts";
import { recentFeedback, vRecentFeedback } from "./feedback.ts";
import { lastRearmed, vRearmed } from "../rows/rearmed.ts";
import { vProblemRow } from "../ingest/report_validators.ts";
import {
  troubleFields,
  vCatchUp,
  vDirection,
  vPlatform,
  type DeliveryState,
  type Platform,
} from "../shared/validators.ts";

/** Rows of one kind that a status shows; more than a person reads. */
const MOST_SHOWN = 100;

/** Deliveries of one state and platform that are counted. */
const MOST_COUNTED = 500;

const OPEN_STATES = ["queued", "ready", "leased", "waiting", "held"] as const;

/** The state of every mapping, failed deliveries and open problems. Counts stop at 500 per state and platform. */
export const vStatus = v.object({
  mappings: v.array(
    vMappingRow.extend({
      health: v.array(v.object({ direction: vDirection, ...troubleFields, at: v.number() })),
      open: v.number(),
      /** Creation time of the oldest open delivery (ms since 1970). Absent while paused: its replies wait on purpose. */
      openSince: v.optional(v.number()),
      failed: v.number(),
      caughtUpAt: v.optional(v.number()),
      lastCatchUp: v.optional(vCatchUp),
    }),
  ),
  failed: v.array(
    v.object({
      deliveryId: v.id("deliveries"),
      platform: vPlatform,
      channel: v.string(),
      channelName: v.string(),
      code: v.optional(v.string()),
      reason: v.optional(v.string()),
      step: v.optional(v.string()),
      outcomeUnknown: v.boolean(),
      at: v.number(),
    }),
  ),
  problems: v.array(vProblemRow),
  rearmed: v.optional(vRearmed),
  /** Absent if no reply has failed. */
  aiHealth: v.optional(vAiHealth),
  /** Absent if nobody has rated an answer. */
  feedback: v.optional(vRecentFeedback),
});
export type Status = Infer<typeof vStatus>;

/** See `admin.status`. */
export async function overallStatus(ctx: QueryCtx, platform?: Platform): Promise<Status> {
  const platforms = platform === undefined ? PLATFORMS : [platform];
  const failed = await deliveriesIn(ctx, platforms, "failed");
  const mappings = await mappingStates(ctx, platforms, failed);
  const rearmed = await lastRearmed(ctx);
  const problems = await ctx.db
    .query("problems")
    .withIndex("by_resolvedAt", (q) => q.eq("resolvedAt", undefined))
    .order("desc")
    .take(MOST_SHOWN);
  const ai = await aiHealth(ctx);
  const feedback = await recentFeedback(ctx);
  return {
    mappings,
    failed: failedOf(failed, mappings),
    problems: problems.map(({ _id, _creationTime, resolvedAt: _, ...problem }) => problem),
    ...(rearmed && { rearmed }),
    ...(ai && { aiHealth: ai }),
    ...(feedback && { feedback }),
  };
}

async function mappingStates(
  ctx: QueryCtx,
  platforms: readonly Platform[],
  failed: readonly Doc<"deliveries">[],
) {
  const reading = OPEN_STATES.map((state) => deliveriesIn(ctx, platforms, state));
  const open = (await Promise.all(reading)).flat();
  const openCounts = countByMapping(open);
  const failedCounts = countByMapping(failed);
  const openSince = new Map<Id<"mappings">, number>();
  for (const { mappingId, _creationTime: at } of open) {
    openSince.set(mappingId, Math.floor(Math.min(at, openSince.get(mappingId) ?? at)));
  }
  const health = await allHealth(ctx);
  const states: Status["mappings"] = [];
  for (const row of await listMappings(ctx, platforms)) {
    const cursor = await cursorOf(ctx, row.mappingId);
    const since = row.state === "active" ? openSince.get(row.mappingId) : undefined;
    states.push({
      ...row,
      health: health.filter(({ mappingId }) => mappingId === row.mappingId).map(toHealth),
      open: openCounts.get(row.mappingId) ?? 0,
      ...(since !== undefined && { openSince: since }),
      failed: failedCounts.get(row.mappingId) ?? 0,
      ...(cursor && { caughtUpAt: cursor.caughtUpAt }),
      ...(cursor?.lastCatchUp && { lastCatchUp: cursor.lastCatchUp }),
    });
  }
  return states;
}

/** The newest of a state on the platforms. Read by platform, not by mapping: a thousand mappings cost no more. */
async function deliveriesIn(
  ctx: QueryCtx,
  platforms: readonly Platform[],
  state: DeliveryState,
): Promise<Doc<"deliveries">[]> {
  const rows = platforms.map((platform) =>
    ctx.db
      .query("deliveries")
      .withIndex("by_platform_and_state", (q) => q.eq("platform", platform).eq("state", state))
      .order("desc")
      .take(MOST_COUNTED),
  );
  return (await Promise.all(rows)).flat();
}

function countByMapping(deliveries: readonly Doc<"deliveries">[]) {
  const counts = new Map<Id<"mappings">, number>();
  for (const { mappingId } of deliveries) counts.set(mappingId, (counts.get(mappingId) ?? 0) + 1);
  return counts;
}

function toHealth({ direction, code, reason, step, at }: Doc<"mappingHealth">) {
  return { direction, code, reason, ...(step !== undefined && { step }), at };
}

/** Those of mapped channels. What an unmapped one had can't be retried, and each would cost two more reads. */
function failedOf(failed: readonly Doc<"deliveries">[], mappings: Status["mappings"]) {
  const mapped = new Map(mappings.map((mapping) => [mapping.mappingId, mapping]));
  const rows: Status["failed"] = [];
  for (const row of failed) {
    const mapping = mapped.get(row.mappingId);
    if (mapping && rows.length < MOST_SHOWN) rows.push(toFailed(row, mapping));
  }
  return rows;
}

function toFailed(
  row: Doc<"deliveries">,
  { externalId: channel, channelName }: Status["mappings"][number],
): Status["failed"][number] {
  return {
    deliveryId: row._id,
    platform: row.platform,
    channel,
    channelName,
    ...(row.code !== undefined && { code: row.code }),
    ...(row.reason !== undefined && { reason: row.reason }),
    ...(row.step !== undefined && { step: row.step }),
    outcomeUnknown: row.outcomeUnknown ?? false,
    at: row.endedAt ?? row._creationTime,
  };
}
