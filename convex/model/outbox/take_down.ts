import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { deliveriesOf, openDeliveriesOf } from "../rows/deliveries.ts";
import { dropDraft } from "../rows/drafts.ts";
import { freezeText } from "../rows/frozen_texts.ts";
import { clearMessage, piecesOf } from "../rows/messages/posts.ts";
import { endDelivery } from "./ending.ts";
import { enqueueDelivery } from "./lanes.ts";
import { reopenDelivery } from "./retry.ts";

/**
 * Clears a message and removes it from every place: what has not been claimed is cancelled, and what is posted, or may
 * be, is deleted in its lane. A post of unknown outcome is found by the text first, which its delivery keeps. Returns
 * whether something is being deleted on a platform.
 */
export async function deleteEverywhere(
  ctx: MutationCtx,
  message: Doc<"messages">,
): Promise<boolean> {
  for (const delivery of await deliveriesOf(ctx, message._id)) {
    // It failed with an unknown outcome: look for the post once more.
    if (delivery.op === "create" && delivery.state === "failed" && delivery.outcomeUnknown)
      await reopenDelivery(ctx, delivery, false);
  }
  for (const delivery of await openDeliveriesOf(ctx, message._id)) {
    const { _id: deliveryId, op, state, outcomeUnknown } = delivery;
    if (op !== "create" || (state !== "leased" && !outcomeUnknown)) continue;
    await freezeText(ctx, { deliveryId, said: { content: message.content } });
  }
  if (message.streamed) await dropDraft(ctx, message._id);
  await clearMessage(ctx, message);
  return await takeDown(ctx, message._id);
}

/** Removes a deleted message from the platforms, except where that is queued already. Returns whether anything is left. */
export async function takeDown(ctx: MutationCtx, messageId: Id<"messages">): Promise<boolean> {
  const open = await openDeliveriesOf(ctx, messageId);
  const places = new Set<Id<"conversations">>();
  const queued = new Set<Id<"conversations">>();
  for (const delivery of open) {
    const { conversationId, op, state } = delivery;
    // A leased one covers only the posts that existed when it was claimed.
    if (op === "delete" && state !== "leased") queued.add(conversationId);
    else if (!isCancellable(delivery)) places.add(conversationId);
  }
  const message = await ctx.db.get("messages", messageId);
  for (const post of await piecesOf(ctx, messageId)) {
    const place = post.conversationId ?? message?.conversationId;
    if (post.deletedAt === undefined && place) places.add(place);
  }
  for (const conversationId of places) {
    const place =
      !queued.has(conversationId) && (await ctx.db.get("conversations", conversationId));
    if (place) await enqueueDelivery(ctx, place, { messageId, op: "delete" });
  }
  for (const delivery of open.filter(isCancellable))
    await endDelivery(ctx, delivery, { state: "cancelled", reason: "the message was deleted" });
  return places.size > 0;
}

/** Whether nothing of it can be on the platform. */
function isCancellable({ state, op, outcomeUnknown }: Doc<"deliveries">): boolean {
  return op !== "delete" && !outcomeUnknown && state !== "leased";
}
