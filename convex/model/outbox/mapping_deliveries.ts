import { internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { endDelivery, makeReady } from "./lanes.ts";
import type { DeliveryState } from "../shared/validators.ts";

/* What one mapping has in the outbox, changed in batches when it is unmapped, paused or resumed. */

/** Deliveries that one transaction cancels, holds or releases: each costs up to ten reads. */
const MOST_DELIVERIES = 200;

/**
 * Cancels what a mapping had in the outbox before `before`, one batch, and schedules the next. It may have been mapped
 * again meanwhile: what is enqueued since stays. Returns how many it cancelled.
 */
export async function cancelWaiting(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  before: number,
): Promise<number> {
  let cancelled = 0;
  // Those behind first, so that none is made ready only to be cancelled. A leased one is being posted: its outcome is
  // recorded when it is reported.
  for (const state of ["queued", "held", "waiting", "ready"] as const) {
    const rows = await oldest(ctx, mappingId, state, MOST_DELIVERIES - cancelled, before);
    for (const row of rows)
      await endDelivery(ctx, row, { state: "cancelled", reason: "the channel was unmapped" });
    cancelled += rows.length;
  }
  if (cancelled === MOST_DELIVERIES)
    await ctx.scheduler.runAfter(0, internal.deliveries.cancelWaiting, { mappingId, before });
  return cancelled;
}

/** Holds a batch of what a paused mapping has ready. A bridge that claims one of the others holds it. */
export async function holdReady(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<void> {
  for (const delivery of await oldest(ctx, mappingId, "ready", MOST_DELIVERIES))
    await ctx.db.patch("deliveries", delivery._id, { state: "held" });
}

/** Makes held deliveries of a resumed mapping ready, one batch, and schedules the next. */
export async function releaseHeld(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<void> {
  const mapping = await ctx.db.get("mappings", mappingId);
  if (mapping?.state !== "active") return;
  const held = await oldest(ctx, mappingId, "held", MOST_DELIVERIES);
  for (const delivery of held) await makeReady(ctx, delivery);
  if (held.length === MOST_DELIVERIES)
    await ctx.scheduler.runAfter(0, internal.deliveries.releaseHeld, { mappingId });
}

async function oldest(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  state: DeliveryState,
  most: number,
  before = Infinity,
) {
  return await ctx.db
    .query("deliveries")
    .withIndex("by_mappingId_and_state", (q) =>
      q.eq("mappingId", mappingId).eq("state", state).lt("_creationTime", before),
    )
    .take(most);
}
