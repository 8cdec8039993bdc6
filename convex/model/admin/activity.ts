import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { toTranscriptRow, vTranscriptRow } from "./transcript.ts";
import { vDeliveryOp, vDeliveryState, vReplyState } from "../shared/validators.ts";

/** Newest messages of a channel that its activity shows; their deliveries come with them. */
const MOST_MESSAGES = 50;

/** What goes on in a channel now: what was said last, which replies are being written, where each one stands. */
export const vActivity = v.object({
  /** Oldest first, deleted ones included. */
  messages: v.array(vTranscriptRow),
  /** Of each conversation: the one being written, and the last that ended without an answer. */
  replies: v.array(
    v.object({
      replyId: v.id("replies"),
      askedBy: v.id("messages"),
      threadId: v.optional(v.string()),
      state: vReplyState,
      attempt: v.number(),
      reason: v.optional(v.string()),
    }),
  ),
  /** Of the messages above. */
  deliveries: v.array(
    v.object({
      deliveryId: v.id("deliveries"),
      messageId: v.id("messages"),
      op: vDeliveryOp,
      state: vDeliveryState,
      attempts: v.number(),
      reason: v.optional(v.string()),
      step: v.optional(v.string()),
    }),
  ),
});
export type Activity = Infer<typeof vActivity>;

export async function readActivity(ctx: QueryCtx, channelId: Id<"channels">): Promise<Activity> {
  const newest = await ctx.db
    .query("messages")
    .withIndex("by_channelId_and_sentAt", (q) => q.eq("channelId", channelId))
    .order("desc")
    .take(MOST_MESSAGES);
  const messages = await Promise.all(newest.reverse().map((row) => toTranscriptRow(ctx, row)));
  const deliveries = await Promise.all(newest.map(({ _id }) => deliveriesOf(ctx, _id)));
  return { messages, replies: await repliesIn(ctx, newest), deliveries: deliveries.flat() };
}

async function deliveriesOf(
  ctx: QueryCtx,
  messageId: Id<"messages">,
): Promise<Activity["deliveries"]> {
  const rows = await ctx.db
    .query("deliveries")
    .withIndex("by_messageId", (q) => q.eq("messageId", messageId))
    .take(10);
  return rows.map(({ _id, op, state, attempts, reason, step }) => ({
    deliveryId: _id,
    messageId,
    op,
    state,
    attempts,
    ...(reason !== undefined && { reason }),
    ...(step !== undefined && { step }),
  }));
}

/** By the conversations that spoke last: they are the ones where somebody waits. */
async function repliesIn(
  ctx: QueryCtx,
  newest: readonly Doc<"messages">[],
): Promise<Activity["replies"]> {
  const ids = new Set(newest.map(({ conversationId }) => conversationId));
  const found = await Promise.all(
    [...ids].map(async (id) => {
      const conversation = id && (await ctx.db.get("conversations", id));
      if (!conversation) return [];
      const rows = [
        ...(await newestIn(ctx, conversation, "open")),
        ...(await newestIn(ctx, conversation, "failed")),
      ];
      return rows.map(({ _id, askedBy, state, attempt, reason }) => ({
        replyId: _id,
        askedBy,
        ...(conversation.threadId !== undefined && { threadId: conversation.threadId }),
        state,
        attempt,
        ...(reason !== undefined && { reason }),
      }));
    }),
  );
  return found.flat();
}

async function newestIn(
  ctx: QueryCtx,
  conversation: Doc<"conversations">,
  state: Doc<"replies">["state"],
): Promise<Doc<"replies">[]> {
  return await ctx.db
    .query("replies")
    .withIndex("by_conversationId_and_state", (q) =>
      q.eq("conversationId", conversation._id).eq("state", state),
    )
    .order("desc")
    .take(1);
}
