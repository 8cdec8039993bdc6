import { internal } from "../../_generated/api.js";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";

/** Why a delivery waits. */
interface Why {
  readonly outcomeUnknown?: true;
  readonly unknownUntil?: number;
  readonly code: string;
  readonly reason: string;
}

/** Puts a delivery off for `delayMs`; a timer makes it ready again. */
export async function waitBefore(
  ctx: MutationCtx,
  delivery: Pick<Doc<"deliveries">, "_id" | "generation">,
  delayMs: number,
  why?: Why,
): Promise<void> {
  const timerId = await ctx.scheduler.runAfter(delayMs, internal.deliveries.wake, {
    deliveryId: delivery._id,
    generation: delivery.generation,
  });
  await ctx.db.patch("deliveries", delivery._id, {
    ...why,
    state: "waiting",
    notBefore: Date.now() + delayMs,
    lease: undefined,
    timerId,
  });
}
