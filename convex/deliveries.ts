import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { expireLease } from "./model/outbox/claims/claim.ts";
import { makeReady } from "./model/outbox/ending.ts";

/* The outbox's timers. Each checks whether it still applies. */

/** Set by a claim for the end of its lease, cancelled by settling. */
export const expire = internalMutation({
  args: { deliveryId: v.id("deliveries"), generation: v.number() },
  returns: v.null(),
  handler: async (ctx, { deliveryId, generation }) => {
    await expireLease(ctx, deliveryId, generation);
    return null;
  },
});

/** Set for the end of a wait (backoff, Retry-After, quarantine). */
export const wake = internalMutation({
  args: { deliveryId: v.id("deliveries"), generation: v.number() },
  returns: v.null(),
  handler: async (ctx, { deliveryId, generation }) => {
    const delivery = await ctx.db.get("deliveries", deliveryId);
    if (delivery?.state === "waiting" && delivery.generation === generation) {
      await makeReady(ctx, delivery);
    }
    return null;
  },
});
