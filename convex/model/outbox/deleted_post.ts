import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { isBeingWritten } from "../rows/drafts.ts";
import { deliveriesOf } from "../rows/deliveries.ts";
import { piecesOf } from "../rows/messages/posts.ts";
import { deleteEverywhere } from "./take_down.ts";

/**
 * Records that somebody deleted a part on the platform. When no part of an answer is left in the place where it was
 * asked for, it is deleted everywhere: a moderator has removed it. So has one who deletes a part while it is being written,
 * or before it has its last edit.
 * Of anything else a moderator has hidden this copy.
 * Returns false if the part was marked as deleted before.
 */
export async function deletedOnPlatform(ctx: MutationCtx, post: Doc<"posts">): Promise<boolean> {
  if (post.deletedAt !== undefined) return false;
  await ctx.db.patch("posts", post._id, { deletedAt: Date.now() });
  const message = await ctx.db.get("messages", post.messageId);
  if (!message || message.deletedAt !== undefined) return true;
  const isCopy = message.mappingId !== post.mappingId;
  const pieces = await piecesOf(ctx, message._id, post.mappingId);
  const isLeft =
    pieces.some(({ deletedAt }) => deletedAt === undefined) &&
    !(await isBeingWritten(ctx, message)) &&
    !(await awaitsEdit(ctx, message));
  if (!isCopy && !isLeft) await deleteEverywhere(ctx, message);
  return true;
}

/** Whether the last edit of a streamed answer is to come. One that has begun may itself have removed the part. */
async function awaitsEdit(
  ctx: MutationCtx,
  { _id, streamed, conversationId }: Doc<"messages">,
): Promise<boolean> {
  if (!streamed) return false;
  const edits = (await deliveriesOf(ctx, _id)).filter(
    (delivery) => delivery.op === "edit" && delivery.conversationId === conversationId,
  );
  const waiting = edits.filter(
    ({ endedAt, claimedAt }) => endedAt === undefined && claimedAt === undefined,
  );
  const sent = edits.filter(({ state }) => state === "sent");
  return waiting.length > 0 && waiting.length + sent.length === edits.length;
}
