import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { cursorOf } from "../rows/cursors.ts";
import { allHealth } from "../rows/mapping_health.ts";
import { listMappings, PLATFORMS, vMappingRow } from "../rows/mappings.ts";
import { vCatchUp, vDirection, vPlatform, type DeliveryState } from "../shared/validators.ts";

/** Rows of one kind that a status shows; more than a person reads. */
const MOST_SHOWN = 100;

/** Deliveries of one state and platform that are counted. */
const MOST_COUNTED = 500;

const OPEN_STATES = ["queued", "ready", "leased", "waiting", "held"] as const;

/** What an admin looks at to see whether all is well. Counts leave out what is beyond 500 a state and platform. */
export const vStatus = v.object({
  mappings: v.array(
    vMappingRow.extend({
      health: v.array(
        v.object({
          direction: vDirection,
          code: v.string(),
          reason: v.string(),
          step: v.optional(v.string()),
          at: v.number(),
        }),
      ),
      open: v.number(),
      /** Since when the oldest of them has waited. Not told of a paused mapping, whose replies wait on purpose. */
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
  problems: v.array(
    v.object({
      platform: vPlatform,
      mappingId: v.optional(v.id("mappings")),
      kind: v.string(),
      externalId: v.optional(v.string()),
      reason: v.string(),
      count: v.number(),
      at: v.number(),
    }),
  ),
});
export type Status = Infer<typeof vStatus>;

export async function overallStatus(ctx: QueryCtx): Promise<Status> {
  const open = new Map<Id<"mappings">, number>();
  const openSince = new Map<Id<"mappings">, number>();
  for (const state of OPEN_STATES) {
    const rows = await deliveriesIn(ctx, state);
    count(rows, open);
    for (const { mappingId, _creationTime: at } of rows) {
      openSince.set(mappingId, Math.floor(Math.min(at, openSince.get(mappingId) ?? at)));
    }
  }
  const failed = await deliveriesIn(ctx, "failed");
  const failures = count(failed, new Map<Id<"mappings">, number>());
  const health = await allHealth(ctx);
  const mappings: Status["mappings"] = [];
  for (const row of await listMappings(ctx)) {
    const cursor = await cursorOf(ctx, row.mappingId);
    const since = row.state === "active" ? openSince.get(row.mappingId) : undefined;
    mappings.push({
      ...row,
      health: health.filter(({ mappingId }) => mappingId === row.mappingId).map(toHealth),
      open: open.get(row.mappingId) ?? 0,
      ...(since !== undefined && { openSince: since }),
      failed: failures.get(row.mappingId) ?? 0,
      ...(cursor && { caughtUpAt: cursor.caughtUpAt }),
      ...(cursor?.lastCatchUp && { lastCatchUp: cursor.lastCatchUp }),
    });
  }
  const problems = await ctx.db
    .query("problems")
    .withIndex("by_resolvedAt", (q) => q.eq("resolvedAt", undefined))
    .order("desc")
    .take(MOST_SHOWN);
  return {
    mappings,
    failed: await Promise.all(failed.slice(0, MOST_SHOWN).map((row) => toFailed(ctx, row))),
    problems: problems.map(toProblem),
  };
}

/** The newest of a state on every platform. Read by platform, not by mapping: a thousand mappings cost no more. */
async function deliveriesIn(ctx: QueryCtx, state: DeliveryState): Promise<Doc<"deliveries">[]> {
  const rows = PLATFORMS.map((platform) =>
    ctx.db
      .query("deliveries")
      .withIndex("by_platform_and_state", (q) => q.eq("platform", platform).eq("state", state))
      .order("desc")
      .take(MOST_COUNTED),
  );
  return (await Promise.all(rows)).flat();
}

function count(
  deliveries: readonly Doc<"deliveries">[],
  counts: Map<Id<"mappings">, number>,
): ReadonlyMap<Id<"mappings">, number> {
  for (const { mappingId } of deliveries) counts.set(mappingId, (counts.get(mappingId) ?? 0) + 1);
  return counts;
}

function toHealth({ direction, code, reason, step, at }: Doc<"mappingHealth">) {
  return { direction, code, reason, ...(step !== undefined && { step }), at };
}

function toProblem({
  platform,
  mappingId,
  kind,
  externalId,
  reason,
  count,
  at,
}: Doc<"problems">): Status["problems"][number] {
  return {
    platform,
    ...(mappingId && { mappingId }),
    kind,
    ...(externalId !== undefined && { externalId }),
    reason,
    count,
    at,
  };
}

async function toFailed(ctx: QueryCtx, row: Doc<"deliveries">): Promise<Status["failed"][number]> {
  const mapping = await ctx.db.get("mappings", row.mappingId);
  const channel = mapping && (await ctx.db.get("channels", mapping.channelId));
  return {
    deliveryId: row._id,
    platform: row.platform,
    channel: mapping?.externalId ?? "",
    channelName: channel?.name ?? "",
    ...(row.code !== undefined && { code: row.code }),
    ...(row.reason !== undefined && { reason: row.reason }),
    ...(row.step !== undefined && { step: row.step }),
    outcomeUnknown: row.outcomeUnknown ?? false,
    at: row.endedAt ?? row._creationTime,
  };
}
