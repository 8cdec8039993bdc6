import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { cursorOf } from "./cursors.ts";
import { healthOf } from "./health.ts";
import { listMappings, vMappingRow } from "./mappings.ts";
import { vDirection, vPlatform, type DeliveryState } from "./validators.ts";

/** Rows of one kind that a status shows or counts; more than a person reads. */
const MOST_ROWS = 100;

const OPEN_STATES = ["queued", "ready", "leased", "waiting", "held"] as const;

/** What an admin looks at to see whether all is well. Counts stop at 100. */
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
      failed: v.number(),
      caughtUpAt: v.optional(v.number()),
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
  const mappings: Status["mappings"] = [];
  for (const row of await listMappings(ctx)) {
    const cursor = await cursorOf(ctx, row.mappingId);
    let open = 0;
    for (const state of OPEN_STATES) open += await countIn(ctx, row.mappingId, state);
    mappings.push({
      ...row,
      health: (await healthOf(ctx, row.mappingId)).map(toHealth),
      open,
      failed: await countIn(ctx, row.mappingId, "failed"),
      ...(cursor && { caughtUpAt: cursor.caughtUpAt }),
    });
  }
  const problems = await ctx.db
    .query("problems")
    .withIndex("by_resolvedAt", (q) => q.eq("resolvedAt", undefined))
    .order("desc")
    .take(MOST_ROWS);
  return { mappings, failed: await failedDeliveries(ctx), problems: problems.map(toProblem) };
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

async function countIn(
  ctx: QueryCtx,
  mappingId: Id<"mappings">,
  state: DeliveryState,
): Promise<number> {
  const rows = await ctx.db
    .query("deliveries")
    .withIndex("by_mappingId_and_state", (q) => q.eq("mappingId", mappingId).eq("state", state))
    .take(MOST_ROWS);
  return rows.length;
}

async function failedDeliveries(ctx: QueryCtx): Promise<Status["failed"]> {
  const failed: Status["failed"] = [];
  for (const platform of ["discord", "slack"] as const) {
    const rows = await ctx.db
      .query("deliveries")
      .withIndex("by_platform_and_state", (q) => q.eq("platform", platform).eq("state", "failed"))
      .order("desc")
      .take(MOST_ROWS);
    for (const row of rows) {
      const mapping = await ctx.db.get("mappings", row.mappingId);
      const channel = mapping && (await ctx.db.get("channels", mapping.channelId));
      failed.push({
        deliveryId: row._id,
        platform,
        channel: mapping?.externalId ?? "",
        channelName: channel?.name ?? "",
        ...(row.code !== undefined && { code: row.code }),
        ...(row.reason !== undefined && { reason: row.reason }),
        outcomeUnknown: row.outcomeUnknown ?? false,
        at: row.endedAt ?? row._creationTime,
      });
    }
  }
  return failed;
}
