import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { OUTCOME_KNOWN } from "./ending.ts";
import { enqueueDelivery, laneHead, mayPostTo, startLane } from "./lanes.ts";
import { dropFrozenText, frozenText } from "../rows/frozen_texts.ts";
import { refusal } from "../shared/refusal.ts";

/** Deliveries retried by one call. */
const MOST_RETRIES = 100;

/** See `admin.retry`. */
export async function retryDeliveries(ctx: MutationCtx, deliveryId: string | undefined) {
  const isNamed = deliveryId !== undefined;
  const failed = isNamed ? [await named(ctx, deliveryId)] : await failedDeliveries(ctx);
  let retried = 0;
  for (const delivery of failed) {
    if (await reopenDelivery(ctx, delivery, isNamed)) retried++;
  }
  return { retried, more: failed.length >= MOST_RETRIES };
}

async function named(ctx: MutationCtx, deliveryId: string): Promise<Doc<"deliveries">> {
  const id = ctx.db.normalizeId("deliveries", deliveryId);
  const delivery = id && (await ctx.db.get("deliveries", id));
  if (!delivery) throw refusal("NOT_FOUND", "no delivery has that id");
  if (delivery.state !== "failed") {
    throw refusal("NOT_FAILED", `that delivery is ${delivery.state}; only failed ones are retried`);
  }
  return delivery;
}

async function failedDeliveries(ctx: MutationCtx): Promise<Doc<"deliveries">[]> {
  const failed: Doc<"deliveries">[] = [];
  for (const platform of ["discord", "slack"] as const) {
    failed.push(
      ...(await ctx.db
        .query("deliveries")
        .withIndex("by_platform_and_state", (q) => q.eq("platform", platform).eq("state", "failed"))
        .take(MOST_RETRIES - failed.length)),
    );
  }
  return failed;
}

/**
 * Reopens a failed delivery at its old place in the lane. `isDecided`: an admin has checked that it was not posted, so
 * an unknown outcome is cleared. Otherwise the bridge looks for the post before it sends. Cancels the delivery instead
 * if the channel was unmapped.
 */
export async function reopenDelivery(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  isDecided: boolean,
): Promise<boolean> {
  const mapping = await ctx.db.get("mappings", delivery.mappingId);
  const conversation = await ctx.db.get("conversations", delivery.conversationId);
  const cleared = {
    attempts: 0,
    code: undefined,
    step: undefined,
    ...(isDecided || !delivery.outcomeUnknown ? { ...OUTCOME_KNOWN, claimedAt: Date.now() } : {}),
  };
  const isUnmapped = !mapping || !conversation || !mayPostTo(mapping, conversation);
  if (isDecided || isUnmapped) await dropFrozenText(ctx, delivery._id);
  if (isUnmapped) {
    await ctx.db.patch("deliveries", delivery._id, {
      ...cleared,
      state: "cancelled",
      reason: "the channel was unmapped",
    });
    return false;
  }
  const head = await laneHead(ctx, delivery.conversationId);
  await ctx.db.patch("deliveries", delivery._id, {
    ...cleared,
    reason: undefined,
    endedAt: undefined,
    state: "queued",
  });
  if (!head) await startLane(ctx, delivery.conversationId);
  await editAfterwards(ctx, delivery, conversation);
  return true;
}

/**
 * What may be posted is found by its former text: an edit that came meanwhile follows it. What is posted of a streamed
 * answer says what was written then.
 */
async function editAfterwards(
  ctx: MutationCtx,
  { _id, messageId, op, claimedAt = Infinity }: Doc<"deliveries">,
  place: Doc<"conversations">,
): Promise<void> {
  const message = await ctx.db.get("messages", messageId);
  if (!message || message.deletedAt !== undefined) return;
  const isStale = message.streamed
    ? op === "create"
    : (message.editedAt ?? 0) > claimedAt && (await frozenText(ctx, _id)) !== null;
  if (isStale) await enqueueDelivery(ctx, place, { messageId, op: "edit" });
}
