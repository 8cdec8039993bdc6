import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { MutationCtx } from "../../../_generated/server.js";
import { enqueueDelivery, mayStillPostTo } from "../../outbox/lanes.ts";
import { deleteEverywhere } from "../../outbox/take_down.ts";
import { editCopies } from "../../relay/edit_copies.ts";
import { relayInOrder } from "../../relay/postpone.ts";
import { deliveriesOf } from "../../rows/deliveries.ts";
import { draftOf, dropDraft } from "../../rows/drafts.ts";
import { piecesOf } from "../../rows/messages/posts.ts";
import { type Behind, placeOf } from "../say.ts";
import { BROKEN_OFF, withNote } from "../ai_service/visible_text.ts";

/* The end of a message that people have watched being written. */

/**
 * Gives it its final text, behind what the AI had read (`behind`), which a later attempt may have read more of. What has
 * been claimed of it is edited, once.
 */
export async function finishMessage(
  ctx: MutationCtx,
  messageId: Id<"messages">,
  content: string,
  behind: Behind,
): Promise<void> {
  await dropDraft(ctx, messageId);
  const message = await ctx.db.get("messages", messageId);
  if (!message || message.deletedAt !== undefined) return;
  const isBehind = (message.position ?? "") > (behind?.position ?? "");
  const final = { content, ...(!isBehind && placeOf(behind)) };
  await ctx.db.patch("messages", messageId, final);
  const whole = { ...message, ...final };
  const { conversationId, replyTo } = whole;
  const place = conversationId && (await ctx.db.get("conversations", conversationId));
  if (!place) return;
  if (await wasNeverPosted(ctx, whole)) await enqueueDelivery(ctx, place, { messageId, replyTo });
  else await editCopies(ctx, whole);
  // Nobody else hears what is left cut in a channel that was unmapped.
  if (await mayStillPostTo(ctx, place)) await relayInOrder(ctx, whole);
}

/** Whether its post was cancelled: its channel was unmapped, and mapped again since. */
async function wasNeverPosted(ctx: MutationCtx, { _id, mappingId }: Doc<"messages">) {
  const deliveries = await deliveriesOf(ctx, _id);
  if (!deliveries.every(({ state }) => state === "cancelled")) return false;
  return (await piecesOf(ctx, _id, mappingId)).length === 0;
}

/** Leaves of a reply what it has said so far, with a note. Returns false if it has said nothing. */
export async function leaveCut(ctx: MutationCtx, reply: Doc<"replies">): Promise<boolean> {
  const { messageId } = reply;
  const draft = messageId && (await draftOf(ctx, messageId));
  if (!draft) return false;
  await finishMessage(ctx, messageId, withNote(draft.text, BROKEN_OFF), null);
  return true;
}

/** Deletes what a reply has said so far. */
export async function takeBack(ctx: MutationCtx, { messageId }: Doc<"replies">): Promise<void> {
  const message = messageId && (await ctx.db.get("messages", messageId));
  if (message && message.deletedAt === undefined) await deleteEverywhere(ctx, message);
}
