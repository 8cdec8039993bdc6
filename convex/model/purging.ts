import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { endDelivery } from "./lanes.ts";
import { bury } from "./tombstones.ts";

/** Messages deleted in one transaction, each with its few deliveries and posts. */
const BATCH = 100;

/** For so long a platform may still deliver a message again, which would bring it back. */
const REDELIVERED_FOR_MS = 15 * 60_000;

interface Purge {
  readonly mappingId: Id<"mappings">;
  readonly channelId: Id<"channels">;
  readonly before: number;
}

/** Deletes up to a batch. Returns whether nothing is left to delete. */
export async function purgeSome(ctx: MutationCtx, purge: Purge): Promise<boolean> {
  const conversations = ctx.db
    .query("conversations")
    .withIndex("by_channelId_and_mappingId_and_threadId", (q) =>
      q.eq("channelId", purge.channelId).eq("mappingId", purge.mappingId),
    );
  let room = BATCH;
  for await (const conversation of conversations) {
    const messages = await ctx.db
      .query("messages")
      .withIndex("by_conversationId_and_position", (q) => q.eq("conversationId", conversation._id))
      .take(room + BATCH);
    const old = messages.filter(({ _creationTime }) => _creationTime < purge.before);
    for (const message of old.slice(0, room)) await deleteMessage(ctx, message);
    room -= old.length;
    if (room <= 0) return false;
    if (messages.length === old.length) await deleteConversation(ctx, conversation);
  }
  return true;
}

async function deleteMessage(ctx: MutationCtx, message: Doc<"messages">): Promise<void> {
  const posts = ctx.db
    .query("posts")
    .withIndex("by_messageId", (q) => q.eq("messageId", message._id));
  for await (const post of posts) await ctx.db.delete("posts", post._id);
  const deliveries = ctx.db
    .query("deliveries")
    .withIndex("by_messageId", (q) => q.eq("messageId", message._id));
  for await (const delivery of deliveries) {
    // One still on the wire is the head of its lane: what was queued behind it since must not wait for ever.
    if (delivery.endedAt === undefined) {
      await endDelivery(ctx, delivery, { state: "cancelled", reason: "the channel was purged" });
    }
    await ctx.db.delete("deliveries", delivery._id);
  }
  await ctx.db.delete("messages", message._id);
  const { mappingId, externalId, sentAt = 0 } = message;
  if (mappingId && externalId !== undefined && Date.now() - sentAt < REDELIVERED_FOR_MS) {
    await bury(ctx, mappingId, externalId);
  }
}

/** Only once it is empty. A reply still being written for it finds nothing to answer and stores nothing. */
async function deleteConversation(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
): Promise<void> {
  const replies = ctx.db
    .query("replies")
    .withIndex("by_conversationId_and_state", (q) => q.eq("conversationId", conversation._id));
  for await (const reply of replies) await ctx.db.delete("replies", reply._id);
  await ctx.db.delete("conversations", conversation._id);
}
