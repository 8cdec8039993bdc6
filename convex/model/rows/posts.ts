import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

/** Pieces a message is posted in at the most that are looked at. */
const MOST_PIECES = 1_000;

/** What the bridge itself posted, by the platform's id of one piece. */
export async function findPost(
  ctx: QueryCtx,
  mappingId: Id<"mappings">,
  externalId: string,
): Promise<Doc<"posts"> | null> {
  return await ctx.db
    .query("posts")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).eq("externalId", externalId),
    )
    .first();
}

/**
 * Somebody took a piece down on the platform. When none is left, the message is deleted here too: a moderator has
 * taken it out of the conversation. Returns whether that is news.
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

/** Every piece of a message that stands, or stood, on the platform, in order. */
export async function piecesOf(
  ctx: MutationCtx,
  messageId: Id<"messages">,
): Promise<Doc<"posts">[]> {
  const pieces = await ctx.db
    .query("posts")
    .withIndex("by_messageId", (q) => q.eq("messageId", messageId))
    .take(MOST_PIECES);
  return pieces.sort((a, b) => a.part - b.part);
}

/** Keeps the row, so that its id stays known, and nothing of what was said. */
export async function clearMessage(ctx: MutationCtx, messageId: Id<"messages">): Promise<void> {
  await ctx.db.patch("messages", messageId, {
    deletedAt: Date.now(),
    content: "",
    mentions: undefined,
    attachments: undefined,
    asks: undefined,
  });
}
