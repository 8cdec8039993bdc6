import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { reactionsShown } from "../reactions/shown.ts";
import { draftOf } from "../rows/drafts.ts";
import { heldFilesOf } from "../rows/messages/files.ts";
import { authorOf } from "../rows/identities.ts";
import { readableContent } from "../rows/messages/message_text.ts";
import { saidAs } from "../rows/messages/messages.ts";
import { botSettings } from "../shared/settings.ts";
import { escapedName } from "../shared/text.ts";
import { vAttachment, vPlatform, vReaction } from "../shared/validators.ts";

/** A message as an app shows it. Times in ms since 1970. */
export const vAppMessage = v.object({
  id: v.id("messages"),
  author: v.object({
    name: v.string(),
    avatarUrl: v.optional(v.string()),
    /** Where they wrote it. Absent: in an app, or it is the AI's. */
    platform: v.optional(vPlatform),
    kind: v.union(v.literal("person"), v.literal("app"), v.literal("ai")),
    /** Tells an app which messages are its own person's. */
    userId: v.optional(v.id("users")),
  }),
  /** Markdown, with names in place of ids. */
  text: v.string(),
  sentAt: v.number(),
  editedAt: v.optional(v.number()),
  /**
   * The thread or forum post that it stands in. `rootId`: the message that it was started from, if that is stored; in
   * several places one thread has several conversations, but one root.
   */
  thread: v.optional(
    v.object({
      conversationId: v.id("conversations"),
      name: v.optional(v.string()),
      rootId: v.optional(v.id("messages")),
    }),
  ),
  /** `fileId`: its bytes are held, and `convex/http.ts` serves them. */
  attachments: v.array(vAttachment.extend({ fileId: v.optional(v.id("files")) })),
  /** From every place where the message is. */
  reactions: v.array(vReaction),
});
type AppMessage = Infer<typeof vAppMessage>;

/** Messages that are not deleted, in the same order. */
export async function toAppMessages(
  ctx: QueryCtx,
  messages: readonly Doc<"messages">[],
): Promise<AppMessage[]> {
  const threadOf = remembered((id: Id<"conversations">) => findThread(ctx, id));
  return await Promise.all(
    messages.map(async (message) => {
      const { _id, conversationId, sentAt, editedAt } = message;
      const thread = conversationId && (await threadOf(conversationId));
      return {
        id: _id,
        author: await shownAuthor(ctx, message),
        text: await textOf(ctx, message),
        sentAt: sentAt ?? message._creationTime,
        ...(editedAt !== undefined && { editedAt }),
        ...(thread && { thread }),
        attachments: await attachmentsOf(ctx, message),
        reactions: await reactionsShown(ctx, _id),
      };
    }),
  );
}

/** An answer that is still being written is shown as far as it is. */
async function textOf(ctx: QueryCtx, message: Doc<"messages">): Promise<string> {
  const draft = message.streamed && (await draftOf(ctx, message._id));
  if (draft) return draft.text;
  return await readableContent(ctx, message, escapedName);
}

async function shownAuthor(ctx: QueryCtx, message: Doc<"messages">): Promise<AppMessage["author"]> {
  const { authorId: userId } = message;
  if (!userId) return { name: botSettings().shortName, kind: "ai" };
  const { name = "", identity } = (await authorOf(ctx, message)) ?? {};
  const { avatarUrl, platform } = identity ?? {};
  return {
    name,
    ...(avatarUrl !== undefined && { avatarUrl }),
    ...(platform && { platform }),
    kind: message.kind === "app" ? "app" : "person",
    userId,
  };
}

async function attachmentsOf(
  ctx: QueryCtx,
  message: Doc<"messages">,
): Promise<AppMessage["attachments"]> {
  const held = await heldFilesOf(ctx, message);
  return (message.attachments ?? []).map((attachment) => {
    const file = held.find(({ fileId }) => fileId === attachment.id);
    return file ? { ...attachment, fileId: file._id } : attachment;
  });
}

/** The thread that a conversation is, if it is not a channel's main one. */
async function findThread(ctx: QueryCtx, conversationId: Id<"conversations">) {
  const conversation = await ctx.db.get("conversations", conversationId);
  if (!conversation) return undefined;
  const { channelId, mappingId, threadId, name } = conversation;
  if (threadId === undefined && !conversation.rootId) return undefined;
  const root = mappingId && threadId !== undefined && (await saidAs(ctx, mappingId, threadId));
  // When the thread began, the mapping may have been of a channel that the caller may not read.
  const rootId =
    conversation.rootId ?? (root && root.channelId === channelId ? root._id : undefined);
  return { conversationId, ...(name !== undefined && { name }), ...(rootId && { rootId }) };
}

/** Looks each key up once: the messages of a page share a few conversations. */
function remembered<Key, Value>(find: (key: Key) => Promise<Value>): (key: Key) => Promise<Value> {
  const found = new Map<Key, Promise<Value>>();
  return (key) => {
    const value = found.get(key) ?? find(key);
    found.set(key, value);
    return value;
  };
}
