import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { expireLease } from "./model/outbox/claim.ts";
import { makeReady } from "./model/outbox/lanes.ts";
import * as outbox from "./model/outbox/mapping_deliveries.ts";

/* The outbox's timers, and batches that go on by themselves. Each checks whether it still applies. */

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

/** The next batch of what an unmapped mapping had in the outbox. */
export const cancelWaiting = internalMutation({
  args: { mappingId: v.id("mappings"), before: v.number() },
  returns: v.null(),
  handler: async (ctx, { mappingId, before }) => {
    await outbox.cancelWaiting(ctx, mappingId, before);
    return null;
  },
});

/** The next batch of what a resumed mapping had held. */
export const releaseHeld = internalMutation({
  args: { mappingId: v.id("mappings") },
  returns: v.null(),
  handler: async (ctx, { mappingId }) => {
    await outbox.releaseHeld(ctx, mappingId);
    return null;
  },
});
