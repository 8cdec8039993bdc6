import { v } from "convex/values";
import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { QueryCtx } from "../../../_generated/server.js";
import { vAttachment, vMention, vMessageKind } from "../../shared/validators.ts";
import { findPost, piecesOf } from "./posts.ts";

/** A message as stored. Only `content` and `channelId` are always there. */
export const vMessageRow = v.object({
  channelId: v.id("channels"),
  authorId: v.optional(v.id("users")),
  content: v.string(),
  conversationId: v.optional(v.id("conversations")),
  mappingId: v.optional(v.id("mappings")),
  externalId: v.optional(v.string()),
  identityId: v.optional(v.id("identities")),
  position: v.optional(v.string()),
  sentAt: v.optional(v.number()),
  editedAt: v.optional(v.number()),
  deletedAt: v.optional(v.number()),
  asks: v.optional(v.literal(true)),
  kind: v.optional(vMessageKind),
  mentions: v.optional(v.array(vMention)),
  attachments: v.optional(v.array(vAttachment)),
  replyTo: v.optional(v.string()),
  // It waits until those before it are relayed (docs/races.md#live-messages-overtake-a-catch-up).
  toRelay: v.optional(v.literal(true)),
  // An answer that people watch being written. `content` is what its first flush had until it is whole (`drafts`).
  streamed: v.optional(v.literal(true)),
});

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
