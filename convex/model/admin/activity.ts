import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { deliveriesOf } from "../rows/deliveries.ts";
import { draftOf } from "../rows/drafts.ts";
import { heldFilesOf } from "../rows/messages/files.ts";
import { toTranscriptRow, vTranscriptRow } from "./transcript.ts";
import { vDeliveryOp, vDeliveryState, vPlatform, vReplyState } from "../shared/validators.ts";

/** Messages that the activity of a channel shows. */
const MOST_MESSAGES = 50;

/** A channel's newest messages, with the state of their replies and deliveries. */
export const vActivity = v.object({
  /** Oldest first, deleted ones included. */
  messages: v.array(vTranscriptRow),
  /** Of each conversation: the open reply and the newest failed one. */
  replies: v.array(
    v.object({
      replyId: v.id("replies"),
      askedBy: v.id("messages"),
      threadId: v.optional(v.string()),
      state: vReplyState,
      attempt: v.number(),
      /** How many characters of it people see already while it is written. */
      shown: v.optional(v.number()),
      reason: v.optional(v.string()),
    }),
  ),
  /** Of the messages above. */
  deliveries: v.array(
    v.object({
      deliveryId: v.id("deliveries"),
      messageId: v.id("messages"),
      /** Where it is posted. */
      platform: vPlatform,
      op: vDeliveryOp,
      state: vDeliveryState,
      attempts: v.number(),
      /** When it goes on without anybody: the end of its lease or of its pause, in ms since 1970. */
      until: v.optional(v.number()),
      reason: v.optional(v.string()),
      step: v.optional(v.string()),
    }),
  ),
  /** How many files of the messages above are held. */
  held: v.array(v.object({ messageId: v.id("messages"), files: v.number() })),
});
export type Activity = Infer<typeof vActivity>;

/** See `admin.activity`. */
export async function readActivity(ctx: QueryCtx, channelId: Id<"channels">): Promise<Activity> {
  const newest = await ctx.db
    .query("messages")
    .withIndex("by_channelId_and_sentAt", (q) => q.eq("channelId", channelId))
    .order("desc")
    .take(MOST_MESSAGES);
  const messages = await Promise.all(newest.reverse().map((row) => toTranscriptRow(ctx, row)));
  const deliveries = (await Promise.all(newest.map(({ _id }) => deliveriesOf(ctx, _id)))).flat();
  return {
    messages,
    replies: await repliesIn(ctx, newest),
    deliveries: deliveries.map((delivery) => {
      const { _id, messageId, platform, op, state, attempts, reason, step } = delivery;
      const until = untilOf(delivery);
      return {
        deliveryId: _id,
        messageId,
        platform,
        op,
        state,
        attempts,
        ...(until !== undefined && { until }),
        ...(reason !== undefined && { reason }),
        ...(step !== undefined && { step }),
      };
    }),
    held: (await Promise.all(newest.map((message) => heldOf(ctx, message)))).flat(),
  };
}

function untilOf({ state, lease, notBefore }: Doc<"deliveries">): number | undefined {
  if (state === "leased") return lease?.expiresAt;
  return state === "waiting" ? notBefore : undefined;
}

async function heldOf(ctx: QueryCtx, message: Doc<"messages">) {
  const files = (await heldFilesOf(ctx, message)).length;
  return files === 0 ? [] : [{ messageId: message._id, files }];
}

/** The replies of the conversations that the newest messages belong to. */
async function repliesIn(ctx: QueryCtx, newest: readonly Doc<"messages">[]) {
  const ids = new Set(newest.map(({ conversationId }) => conversationId));
  const found = await Promise.all(
    [...ids].map(async (id) => {
      const conversation = id && (await ctx.db.get("conversations", id));
      if (!conversation) return [];
      const rows = [
        ...(await newestIn(ctx, conversation, "open")),
        ...(await newestIn(ctx, conversation, "failed")),
      ];
      return await Promise.all(
        rows.map(async ({ _id, askedBy, state, attempt, messageId, reason }) => {
          const draft = messageId && (await draftOf(ctx, messageId));
          return {
            replyId: _id,
            askedBy,
            ...(conversation.threadId !== undefined && { threadId: conversation.threadId }),
            state,
            attempt,
            ...(draft && { shown: draft.text.length }),
            ...(reason !== undefined && { reason }),
          };
        }),
      );
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
