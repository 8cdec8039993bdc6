import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { cancelReply, openReplyOf } from "../replies/request_reply.ts";
import { endDelivery } from "../outbox/lanes.ts";
import { clearMessage, piecesOf } from "../rows/posts.ts";

/** Messages cleared in one transaction, each with its pieces. */
const BATCH = 100;

/** Convex channels that one platform channel is ever mapped to, at the most that are looked at. */
const MOST_HOMES = 100;

/** Replies of one conversation that wait to be posted, at the most that are looked at. */
const MOST_WAITING = 100;

/** When what a catch-up had read of the thread before it was deleted has been stored, in ms. */
const LATE_MS = 60_000;

const GONE = "the thread was deleted";

/**
 * Clears what stands in a conversation. `before`: only what was said until then, in ms since 1970, because the thread
 * may have been opened anew. `cursor`: where to go on.
 */
interface Clearing {
  readonly conversationId: Id<"conversations">;
  readonly before?: number;
  readonly cursor: string | null;
}

/**
 * The thread is gone from the platform, which tells nothing of the messages in it: all of them are cleared, in
 * transactions of their own, and nothing more is said there. Returns whether anything was known of it.
 */
export async function dropThread(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  threadId: string,
): Promise<boolean> {
  // One, or one for each Convex channel that the platform's channel was mapped to.
  const conversations = await ctx.db
    .query("conversations")
    .withIndex("by_mappingId_and_threadId", (q) =>
      q.eq("mappingId", mappingId).eq("threadId", threadId),
    )
    .take(MOST_HOMES);
  for (const { _id: conversationId } of conversations) {
    await silence(ctx, conversationId);
    const all = { conversationId, cursor: null };
    await ctx.scheduler.runAfter(0, internal.threads.clear, all);
    const late = { ...all, before: Date.now() };
    await ctx.scheduler.runAfter(LATE_MS, internal.threads.clear, late);
  }
  return conversations.length > 0;
}

/** Cancels what is being written and what waits to be posted. */
async function silence(ctx: MutationCtx, conversationId: Id<"conversations">): Promise<void> {
  const reply = await openReplyOf(ctx, conversationId);
  if (reply) await cancelReply(ctx, reply, GONE);
  const waiting = await ctx.db
    .query("deliveries")
    .withIndex("by_conversationId_and_endedAt", (q) =>
      q.eq("conversationId", conversationId).eq("endedAt", undefined),
    )
    .take(MOST_WAITING);
  // What a bridge is posting right now is refused, or it is gone with the thread.
  for (const delivery of waiting)
    await endDelivery(ctx, delivery, { state: "cancelled", reason: GONE });
}

/** Clears up to a batch. Schedules itself until nothing is left. */
export async function clearThread(ctx: MutationCtx, clearing: Clearing): Promise<void> {
  const { conversationId, before = Infinity, cursor } = clearing;
  const conversation = await ctx.db.get("conversations", conversationId);
  if (!conversation) return;
  const { page, isDone, continueCursor } = await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_position", (q) => q.eq("conversationId", conversationId))
    .paginate({ numItems: BATCH, cursor });
  for (const message of page) {
    // A thread has the id of the message that it hangs on, which stands in the channel.
    if (message.externalId === conversation.threadId) continue;
    if ((message.sentAt ?? 0) <= before) await clearAll(ctx, message);
  }
  if (isDone) return;
  await ctx.scheduler.runAfter(0, internal.threads.clear, { ...clearing, cursor: continueCursor });
}

async function clearAll(ctx: MutationCtx, message: Doc<"messages">): Promise<void> {
  for (const post of await piecesOf(ctx, message._id))
    if (post.deletedAt === undefined)
      await ctx.db.patch("posts", post._id, { deletedAt: Date.now() });
  if (message.deletedAt === undefined) await clearMessage(ctx, message._id);
}
