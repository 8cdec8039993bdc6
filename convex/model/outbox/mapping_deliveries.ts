import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { endDelivery, makeReady } from "./ending.ts";
import { startTask, type TaskOf } from "../rows/tasks.ts";
import type { DeliveryState } from "../shared/validators.ts";

/* What one mapping has in the outbox, changed in batches when it is unmapped, paused or resumed. */

/** Deliveries that one transaction cancels, holds or releases: each costs up to ten reads. */
const MOST_DELIVERIES = 200;

type Cancelling = Omit<TaskOf<"cancelDeliveries">, "kind">;

/**
 * Cancels what a mapping had in the outbox before `before`. It may have been mapped again meanwhile: what is enqueued
 * since stays. Returns how many were cancelled at once; a task cancels the others.
 */
export async function cancelDeliveries(ctx: MutationCtx, cancelling: Cancelling): Promise<number> {
  const { cancelled, isDone } = await cancelWaiting(ctx, cancelling);
  if (!isDone) await startTask(ctx, { kind: "cancelDeliveries", ...cancelling });
  return cancelled;
}

/** Cancels a batch of them. */
export async function cancelWaiting(ctx: MutationCtx, { mappingId, before }: Cancelling) {
  let cancelled = 0;
  // Those behind first, so that none is made ready only to be cancelled. A leased one is being posted: its outcome is
  // recorded when it is reported.
  for (const state of ["queued", "held", "waiting", "ready"] as const) {
    const rows = await oldest(ctx, mappingId, state, MOST_DELIVERIES - cancelled, before);
    for (const row of rows)
      await endDelivery(ctx, row, { state: "cancelled", reason: "the channel was unmapped" });
    cancelled += rows.length;
  }
  return { cancelled, isDone: cancelled < MOST_DELIVERIES };
}

/** Holds a batch of what a paused mapping has ready. A bridge that claims one of the others holds it. */
export async function holdReady(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<void> {
  for (const delivery of await oldest(ctx, mappingId, "ready", MOST_DELIVERIES))
    await ctx.db.patch("deliveries", delivery._id, { state: "held" });
}

/** Makes held deliveries of a resumed mapping ready: a batch at once, the others by a task. */
export async function releaseDeliveries(ctx: MutationCtx, mappingId: Id<"mappings">) {
  if (!(await releaseHeld(ctx, mappingId)))
    await startTask(ctx, { kind: "releaseDeliveries", mappingId });
}

/** Makes a batch of them ready. Returns whether nothing is left to release. */
export async function releaseHeld(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<boolean> {
  const mapping = await ctx.db.get("mappings", mappingId);
  if (mapping?.state !== "active") return true;
  const held = await oldest(ctx, mappingId, "held", MOST_DELIVERIES);
  for (const delivery of held) await makeReady(ctx, delivery);
  return held.length < MOST_DELIVERIES;
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
