import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../../_generated/server.js";
import { dropFiles } from "./files.ts";
import { dropReactions } from "./reactions.ts";

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

/** Every part of a message that is or was on a platform, in order; with `mappingId` those in that channel only. */
export async function piecesOf(
  ctx: QueryCtx,
  messageId: Id<"messages">,
  mappingId?: Id<"mappings">,
): Promise<Doc<"posts">[]> {
  const pieces = await ctx.db
    .query("posts")
    .withIndex("by_messageId", (q) => q.eq("messageId", messageId))
    .take(MOST_PIECES);
  return pieces
    .filter((piece) => mappingId === undefined || piece.mappingId === mappingId)
    .sort((a, b) => a.part - b.part);
}

/** The newest post of a place, by when it was recorded. */
export async function newestPostOf(ctx: QueryCtx, conversationId: Id<"conversations">) {
  return await ctx.db
    .query("posts")
    .withIndex("by_conversationId", (q) => q.eq("conversationId", conversationId))
    .order("desc")
    .first();
}

/** Clears a message, with its files, and keeps its row, so that a redelivery is recognised by the id. */
export async function clearMessage(ctx: MutationCtx, message: Doc<"messages">): Promise<void> {
  await dropFiles(ctx, message);
  await ctx.db.patch("messages", message._id, {
    deletedAt: Date.now(),
    content: "",
    mentions: undefined,
    attachments: undefined,
    asks: undefined,
    toRelay: undefined,
  });
  await dropReactions(ctx, message._id);
}
