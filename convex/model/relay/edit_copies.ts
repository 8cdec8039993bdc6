import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { enqueueDelivery } from "../outbox/lanes.ts";
import { openDeliveriesOf } from "../rows/deliveries.ts";
import { piecesOf } from "../rows/messages/posts.ts";

/**
 * Queues the new text of an edited message for its copies. What has not been claimed takes the newest text anyway; what
 * has been says the earlier one until it ends, and is edited after it (docs/races.md#an-edit-during-its-create).
 */
export async function editCopies(ctx: MutationCtx, message: Doc<"messages">): Promise<void> {
  const places = new Set<Id<"conversations">>();
  for (const { conversationId, deletedAt } of await piecesOf(ctx, message._id))
    if (conversationId && deletedAt === undefined) places.add(conversationId);
  const open = await openDeliveriesOf(ctx, message._id);
  for (const { conversationId, claimedAt } of open)
    if (claimedAt !== undefined) places.add(conversationId);
  for (const { conversationId, op, claimedAt } of open)
    if (op === "delete" || claimedAt === undefined) places.delete(conversationId);
  for (const conversationId of places) {
    const place = await ctx.db.get("conversations", conversationId);
    if (place) await enqueueDelivery(ctx, place, { messageId: message._id, op: "edit" });
  }
}
