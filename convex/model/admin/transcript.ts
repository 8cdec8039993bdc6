import {
  paginationResultValidator,
  type PaginationOptions,
  type PaginationResult,
} from "convex/server";
import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { authorOf } from "../rows/identities.ts";
import { reactionsShown } from "../reactions/shown.ts";
import { piecesOf } from "../rows/messages/posts.ts";
import { readableContent } from "../rows/messages/message_text.ts";
import { vAttachment, vMessageKind, vPlatform, vReaction } from "../shared/validators.ts";

/** A message with its author, its place on the platform, and its posts. */
export const vTranscriptRow = v.object({
  _id: v.id("messages"),
  _creationTime: v.number(),
  author: v.optional(v.string()),
  content: v.string(),
  kind: v.optional(vMessageKind),
  platform: v.optional(vPlatform),
  /** The platform's ids of the mapped channel, of the thread in it, and of the message. */
  channel: v.optional(v.string()),
  threadId: v.optional(v.string()),
  externalId: v.optional(v.string()),
  position: v.optional(v.string()),
  replyTo: v.optional(v.string()),
  attachments: v.optional(v.array(vAttachment)),
  sentAt: v.optional(v.number()),
  editedAt: v.optional(v.number()),
  deletedAt: v.optional(v.number()),
  /** Of a reply or notice: the platform's ids of its parts, in order. */
  posts: v.array(v.string()),
  /** Wherever it is shown. */
  reactions: v.optional(v.array(vReaction)),
});
export type TranscriptRow = Infer<typeof vTranscriptRow>;

export const vTranscript = paginationResultValidator(vTranscriptRow);

/** A page of a channel's messages, oldest first. Deleted ones are included without content. */
export async function readTranscript(
  ctx: QueryCtx,
  channelId: Id<"channels">,
  paginationOpts: PaginationOptions,
): Promise<PaginationResult<TranscriptRow>> {
  const page = await ctx.db
    .query("messages")
    .withIndex("by_channelId_and_sentAt", (q) => q.eq("channelId", channelId))
    .paginate(paginationOpts);
  return { ...page, page: await Promise.all(page.page.map((row) => toTranscriptRow(ctx, row))) };
}

/** The message as a transcript shows it. */
export async function toTranscriptRow(
  ctx: QueryCtx,
  message: Doc<"messages">,
): Promise<TranscriptRow> {
  const mapping = message.mappingId && (await ctx.db.get("mappings", message.mappingId));
  const conversation =
    message.conversationId && (await ctx.db.get("conversations", message.conversationId));
  const { externalId, position, replyTo, attachments, sentAt, editedAt, deletedAt, kind } = message;
  const author = (await authorOf(ctx, message))?.name;
  const reactions = await reactionsShown(ctx, message._id);
  return {
    _id: message._id,
    _creationTime: message._creationTime,
    content: deletedAt === undefined ? await readableContent(ctx, message) : "",
    posts: (await piecesOf(ctx, message._id)).map((piece) => piece.externalId),
    ...(author !== undefined && { author }),
    ...(mapping && { platform: mapping.platform, channel: mapping.externalId }),
    ...(conversation?.threadId !== undefined && { threadId: conversation.threadId }),
    ...(kind && { kind }),
    ...(externalId !== undefined && { externalId }),
    ...(position !== undefined && { position }),
    ...(replyTo !== undefined && { replyTo }),
    ...(attachments && { attachments }),
    ...(sentAt !== undefined && { sentAt }),
    ...(editedAt !== undefined && { editedAt }),
    ...(deletedAt !== undefined && { deletedAt }),
    ...(reactions.length > 0 && { reactions }),
  };
}
