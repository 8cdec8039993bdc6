import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

/** Pieces of one message that are read. */
const MOST_PIECES = 1_000;

/** A part of what the bridge posted, by the platform's id. */
export async function findPost(ctx: QueryCtx, mappingId: Id<"mappings">, externalId: string) {
  return await ctx.db
    .query("posts")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).eq("externalId", externalId),
    )
    .first();
}

/**
 * Records that somebody deleted a part on the platform. When no part is left, the message is deleted here too: a
 * moderator has removed it from the conversation. Returns false if the part was marked as deleted before.
 */
export async function takeDownPost(ctx: MutationCtx, post: Doc<"posts">): Promise<boolean> {
  if (post.deletedAt !== undefined) return false;
  await ctx.db.patch("posts", post._id, { deletedAt: Date.now() });
  const pieces = await piecesOf(ctx, post.messageId);
  if (pieces.every(({ deletedAt }) => deletedAt !== undefined)) {
    await clearMessage(ctx, post.messageId);
  }
  return true;
}

/** Every part of a message that is or was on the platform, in order. */
export async function piecesOf(ctx: QueryCtx, messageId: Id<"messages">) {
  const pieces = await ctx.db
    .query("posts")
    .withIndex("by_messageId", (q) => q.eq("messageId", messageId))
    .take(MOST_PIECES);
  return pieces.sort((a, b) => a.part - b.part);
}

/** Clears a message and keeps its row, so that a redelivery is recognised by the id. */
export async function clearMessage(ctx: MutationCtx, messageId: Id<"messages">): Promise<void> {
  await ctx.db.patch("messages", messageId, {
    deletedAt: Date.now(),
    content: "",
    mentions: undefined,
    attachments: undefined,
    asks: undefined,
  });
}
