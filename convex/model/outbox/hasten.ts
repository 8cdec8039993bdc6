import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { openDeliveriesOf } from "../rows/deliveries.ts";
import { cancelJob } from "../shared/jobs.ts";
import { makeReady } from "./ending.ts";
import { waitBefore } from "./wait.ts";

/** Lets what has only been put off, because names or files were awaited, begin in `leftMs` from now instead. */
export async function hasten(
  ctx: MutationCtx,
  messageId: Id<"messages">,
  leftMs: number,
): Promise<void> {
  for (const delivery of await openDeliveriesOf(ctx, messageId)) {
    const { _id, op, state, claimedAt, notBefore = 0, timerId } = delivery;
    const at = Date.now() + leftMs;
    if (op !== "create" || claimedAt !== undefined || notBefore <= at) continue;
    if (state === "queued") await ctx.db.patch("deliveries", _id, { notBefore: at });
    if (state !== "waiting") continue;
    await cancelJob(ctx, timerId);
    if (leftMs > 0) await waitBefore(ctx, delivery, leftMs);
    else await makeReady(ctx, delivery);
  }
}
