import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { deliveriesOf, openDeliveriesOf } from "../rows/deliveries.ts";
import { draftOf } from "../rows/drafts.ts";
import type { Platform } from "../shared/validators.ts";
import { enqueueDelivery, isLaneShared } from "./lanes.ts";

/*
 * The posts of an answer that is being written (docs/races.md#streaming). A delivery says the text of its first claim, as a
 * relay's does; the bridge that holds it then edits what it has posted, as the draft grows. What the draft has beyond that
 * text when the delivery ends is said by an `edit` delivery behind it, and so on until the answer is whole.
 */

/**
 * What is written so far, for the bridge that follows it; null if it does not grow any more. `waiting`: the lane is wanted
 * for something else, or nothing may be posted.
 */
export async function readDraft(ctx: QueryCtx, platform: Platform, draftId: Id<"drafts">) {
  const draft = await ctx.db.get("drafts", draftId);
  const mapping = draft && (await ctx.db.get("mappings", draft.mappingId));
  if (!draft || mapping?.platform !== platform) return null;
  const waiting = mapping.state !== "active" || (await isLaneShared(ctx, draft.conversationId));
  return { text: draft.text, revision: draft.revision, ...(waiting && { waiting }) };
}

/** Called when a delivery has said `content`: queues an edit if there is more to say by now. */
export async function editFurther(
  ctx: MutationCtx,
  { conversationId, messageId }: Doc<"deliveries">,
  content: string,
): Promise<void> {
  const message = await ctx.db.get("messages", messageId);
  const place = await ctx.db.get("conversations", conversationId);
  if (!place || !message || message.deletedAt !== undefined) return;
  const written = (await draftOf(ctx, messageId))?.text ?? message.content;
  const open = await openDeliveriesOf(ctx, messageId);
  const isQueued = open.some((each) => each.conversationId === conversationId);
  if (written !== content && !isQueued)
    await enqueueDelivery(ctx, place, { messageId, op: "edit" });
}

/** Called when a draft grows: queues an edit if all that was written before has been said, and nobody follows any more. */
export async function editAgain(
  ctx: MutationCtx,
  place: Doc<"conversations">,
  messageId: Id<"messages">,
): Promise<void> {
  const deliveries = await deliveriesOf(ctx, messageId);
  const isSaid = deliveries.some(({ state }) => state === "sent");
  // One that has let others pass is cancelled, and has another behind it.
  const isIdle = deliveries.every(({ state }) => state === "sent" || state === "cancelled");
  if (isSaid && isIdle) await enqueueDelivery(ctx, place, { messageId, op: "edit" });
}
