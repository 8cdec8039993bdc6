import { internal } from "../../_generated/api.js";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { countRearmed } from "../rows/rearmed.ts";
import { isAlive } from "../shared/jobs.ts";

/**
 * Sets the timer of a leased or waiting delivery again if it is gone: nothing else would ever end the lease or the wait
 * (docs/races.md#a-scheduled-function-is-gone). A time that has passed is due at once.
 */
export async function rearmDelivery(ctx: MutationCtx, delivery: Doc<"deliveries">): Promise<void> {
  const { _id: deliveryId, generation, lease, notBefore = 0, state, timerId } = delivery;
  if (state !== "leased" && state !== "waiting") return;
  if (await isAlive(ctx, timerId)) return;
  const at = state === "leased" ? (lease?.expiresAt ?? 0) : notBefore;
  const timer = state === "leased" ? internal.deliveries.expire : internal.deliveries.wake;
  const next = await ctx.scheduler.runAfter(Math.max(0, at - Date.now()), timer, {
    deliveryId,
    generation,
  });
  await ctx.db.patch("deliveries", deliveryId, { timerId: next });
  await countRearmed(ctx, "deliveries");
}
