import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { findPost, piecesOf } from "./posts.ts";

/** A mirrored message by the platform's id: unique in its mapping, because ingest looks before it inserts. */
export async function findMessage(ctx: QueryCtx, mappingId: Id<"mappings">, externalId: string) {
  return await ctx.db
    .query("messages")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).eq("externalId", externalId),
    )
    .unique();
}

/** A message by the platform's id, from any author; what a bridge posted is found by its parts. */
export async function saidAs(ctx: QueryCtx, mappingId: Id<"mappings">, externalId: string) {
  const post = await findPost(ctx, mappingId, externalId);
  if (post) return await ctx.db.get("messages", post.messageId);
  return await findMessage(ctx, mappingId, externalId);
}

/** The platform's id of a message in a mapped channel: its own where it was said, its copy's elsewhere. */
export async function idIn(
  ctx: QueryCtx,
  message: Doc<"messages">,
  mappingId: Id<"mappings">,
): Promise<string | undefined> {
  if (message.mappingId === mappingId && message.externalId !== undefined)
    return message.externalId;
  const pieces = await piecesOf(ctx, message._id, mappingId);
  return pieces.find(({ deletedAt }) => deletedAt === undefined)?.externalId;
}
