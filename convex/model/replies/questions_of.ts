import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { mayStillPostTo } from "../outbox/lanes.ts";
import { askersAround, askForFirst } from "./pending_questions.ts";
import { cancelReply } from "./request_reply.ts";
import { leaveCut } from "./streaming/streamed_message.ts";

/** What an attempt answers. */
export interface Questions {
  readonly conversation: Doc<"conversations">;
  /** The last one that the AI was shown. */
  readonly last: Doc<"messages">;
  /** Those that it was not shown. */
  readonly unread: readonly Doc<"messages">[];
}

/** The reply of an attempt; null if another attempt has ended or follows it. */
export async function currentReply(
  ctx: QueryCtx,
  replyId: Id<"replies">,
  attempt: number,
): Promise<Doc<"replies"> | null> {
  const reply = await ctx.db.get("replies", replyId);
  return reply?.state === "open" && reply.attempt === attempt ? reply : null;
}

/**
 * The questions that a reply answers. Null if it is not wanted any more: then it is cancelled, and a reply is asked for to
 * the questions that its AI was not shown.
 */
export async function questionsOf(
  ctx: MutationCtx,
  reply: Doc<"replies">,
  read: readonly Id<"messages">[],
): Promise<Questions | null> {
  const conversation = await ctx.db.get("conversations", reply.conversationId);
  if (!conversation) return null;
  if (!(await mayStillPostTo(ctx, conversation))) {
    await leaveCut(ctx, reply);
    await cancelReply(ctx, reply, "the channel was unmapped");
    return null;
  }
  const { answered, unread } = await askersAround(ctx, reply, read);
  const last = answered.at(-1);
  const wasDeleted = await isTakenBack(ctx, reply);
  if (last && !wasDeleted) return { conversation, last, unread };
  const what = wasDeleted ? "the answer was deleted" : "what was asked was deleted";
  await cancelReply(ctx, reply, what);
  await askForFirst(ctx, conversation, unread);
  return null;
}

/** Whether somebody has deleted what people could read of the answer (docs/races.md#streaming). */
export async function isTakenBack(ctx: QueryCtx, { messageId }: Doc<"replies">): Promise<boolean> {
  if (!messageId) return false;
  const message = await ctx.db.get("messages", messageId);
  return message?.deletedAt !== undefined || message === null;
}
