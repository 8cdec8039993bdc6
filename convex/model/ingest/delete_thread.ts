import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { cancelReply, openReplyOf } from "../replies/request_reply.ts";
import { endDelivery } from "../outbox/ending.ts";
import { deleteEverywhere } from "../outbox/take_down.ts";
import { piecesOf } from "../rows/messages/posts.ts";
import { startTask, type TaskOf } from "../rows/tasks.ts";

/** Messages cleared in one transaction: each may have copies in a hundred places, at some four index ranges. */
const BATCH = 10;

/** Conversations of one thread that are read: one for each Convex channel its channel was mapped to. */
const MOST_CONVERSATIONS = 100;

/** Open deliveries of one conversation that are read. */
const MOST_WAITING = 100;

/** Delay after which messages that a catch-up read before the deletion have been stored, in ms. */
const LATE_MS = 60_000;

const GONE = "the thread was deleted";

/**
 * Clears a thread that was deleted on the platform, which reports no deletes of its messages, and cancels its replies.
 * Clears in transactions of their own. Returns whether the thread had a conversation.
 */
export async function dropThread(ctx: MutationCtx, mappingId: Id<"mappings">, threadId: string) {
  const conversations = await ctx.db
    .query("conversations")
    .withIndex("by_mappingId_and_threadId", (q) =>
      q.eq("mappingId", mappingId).eq("threadId", threadId),
    )
    .take(MOST_CONVERSATIONS);
  for (const { _id: conversationId } of conversations) {
    // Nothing is posted in it any more.
    await ctx.db.patch("conversations", conversationId, { goneAt: Date.now() });
    await cancelReplies(ctx, conversationId);
    const all = { kind: "clearThread", conversationId, cursor: null } as const;
    await startTask(ctx, all);
    await startTask(ctx, { ...all, before: Date.now() }, LATE_MS);
  }
  return conversations.length > 0;
}

/** Cancels the open reply and the open deliveries. */
async function cancelReplies(ctx: MutationCtx, conversationId: Id<"conversations">): Promise<void> {
  const reply = await openReplyOf(ctx, conversationId);
  if (reply) await cancelReply(ctx, reply, GONE);
  const waiting = await ctx.db
    .query("deliveries")
    .withIndex("by_conversationId_and_endedAt", (q) =>
      q.eq("conversationId", conversationId).eq("endedAt", undefined),
    )
    .take(MOST_WAITING);
  // A post under way is refused by the platform, or was deleted with the thread.
  for (const delivery of waiting)
    await endDelivery(ctx, delivery, { state: "cancelled", reason: GONE });
}

/** Clears the messages of a conversation, up to a batch. Returns where to go on, or null if nothing is left. */
export async function clearThread(
  ctx: MutationCtx,
  task: TaskOf<"clearThread">,
): Promise<TaskOf<"clearThread"> | null> {
  const { conversationId, before = Infinity, cursor } = task;
  const conversation = await ctx.db.get("conversations", conversationId);
  if (!conversation) return null;
  const { page, isDone, continueCursor } = await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_position", (q) => q.eq("conversationId", conversationId))
    .paginate({ numItems: BATCH, cursor });
  for (const message of page) {
    // The message that the thread was started from has its id, and belongs to the channel.
    if (message.externalId === conversation.threadId) continue;
    if ((message.sentAt ?? 0) <= before) await clearAll(ctx, message);
  }
  return isDone ? null : { ...task, cursor: continueCursor };
}

/** The parts in the thread are gone with it; copies elsewhere are deleted. */
async function clearAll(ctx: MutationCtx, message: Doc<"messages">): Promise<void> {
  for (const post of await piecesOf(ctx, message._id, message.mappingId))
    if (post.deletedAt === undefined)
      await ctx.db.patch("posts", post._id, { deletedAt: Date.now() });
  if (message.deletedAt === undefined) await deleteEverywhere(ctx, message);
}
