import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { endDelivery, enqueueDelivery } from "./lanes.ts";
import { clearMessage, piecesOf } from "../rows/posts.ts";
import { refusal } from "../shared/refusal.ts";
import { reopenDelivery } from "./retry.ts";
import { deliveriesOf } from "./take_down.ts";

/**
 * See `admin.deleteMessage`. Returns whether posts are being deleted on the platform. A delivery that has not been
 * claimed is only cancelled; posts of a leased delivery are deleted after it, in the same lane. A post of unknown
 * outcome must be found first: until then the text is kept, hidden.
 */
export async function deleteReply(ctx: MutationCtx, messageId: string) {
  const id = ctx.db.normalizeId("messages", messageId);
  const message = id && (await ctx.db.get("messages", id));
  if (!message) throw refusal("NOT_FOUND", "no message has that id");
  if (message.kind !== "reply" && message.kind !== "notice") {
    throw refusal("NOT_A_REPLY", "only what the AI said can be deleted here");
  }
  if (message.deletedAt !== undefined) return { takesDown: false };
  for (const delivery of await deliveriesOf(ctx, message._id)) {
    // It failed with an unknown outcome: look for the post once more.
    if (delivery.op === "create" && delivery.state === "failed" && delivery.outcomeUnknown)
      await reopenDelivery(ctx, delivery, false);
  }
  const mayBePosted = (await deliveriesOf(ctx, message._id)).some(
    ({ op, endedAt, state, outcomeUnknown }) =>
      op === "create" && endedAt === undefined && (state === "leased" || outcomeUnknown === true),
  );
  if (mayBePosted) await ctx.db.patch("messages", message._id, { deletedAt: Date.now() });
  else await clearMessage(ctx, message._id);
  const conversation =
    message.conversationId && (await ctx.db.get("conversations", message.conversationId));
  if (!conversation) return { takesDown: false };
  const hasPosts = await cancelWaiting(ctx, message._id);
  if (!hasPosts) return { takesDown: false };
  await enqueueDelivery(ctx, conversation, message._id, undefined, "delete");
  return { takesDown: true };
}

/** Cancels unclaimed deliveries. Returns whether the message has posts on the platform, or may still get some. */
async function cancelWaiting(ctx: MutationCtx, messageId: Id<"messages">): Promise<boolean> {
  let isHeld = false;
  for (const delivery of await deliveriesOf(ctx, messageId)) {
    if (isCancellable(delivery)) {
      await endDelivery(ctx, delivery, { state: "cancelled", reason: "the message was deleted" });
    } else if (delivery.endedAt === undefined) {
      isHeld = true;
    }
  }
  const pieces = await piecesOf(ctx, messageId);
  return isHeld || pieces.some(({ deletedAt }) => deletedAt === undefined);
}

function isCancellable({ state, op, outcomeUnknown }: Doc<"deliveries">): boolean {
  if (op === "delete" || outcomeUnknown) return false;
  return state === "queued" || state === "ready" || state === "held" || state === "waiting";
}
