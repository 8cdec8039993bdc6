import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { takeReply } from "./limits.ts";
import { limitNotice, sayNotice } from "./notices.ts";
import { cancelJob, isAlive } from "../shared/jobs.ts";
import { countRearmed } from "../rows/rearmed.ts";
import { draftOf } from "../rows/drafts.ts";
import { AI_TIMEOUT_MS } from "../shared/settings.ts";
import { takeBack } from "./streaming/streamed_message.ts";

/** When the watchdog first looks at a reply: the action's own time limit, and time to start and to store. */
const WATCHDOG_MS = AI_TIMEOUT_MS + 30_000;

/** Attempts at one reply, the first included. */
export const MAX_ATTEMPTS = 3;

/** What is needed of a message to answer it; also of one just inserted, which is not read again. */
export type Asker = Pick<
  Doc<"messages">,
  "_id" | "authorId" | "externalId" | "position" | "sentAt"
>;

export async function openReplyOf(ctx: MutationCtx, conversationId: Id<"conversations">) {
  return await ctx.db
    .query("replies")
    .withIndex("by_conversationId_and_state", (q) =>
      q.eq("conversationId", conversationId).eq("state", "open"),
    )
    .first();
}

/**
 * Asks for a reply in the conversation, unless one is being written already: storing that one requests the next
 * (docs/races.md#a-question-arrives-while-a-reply-is-being-written). Applies the asker's limits, with one notice per
 * window to an asker who reached one. Returns whether a reply is being written.
 */
export async function askForReply(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  asker: Asker,
  delayMs = 0,
): Promise<boolean> {
  const open = await openReplyOf(ctx, conversation._id);
  if (open) {
    await rearmReply(ctx, open);
    return true;
  }
  if (asker.authorId === undefined) return false;
  const author = { kind: "author", userId: asker.authorId } as const;
  const limited = await takeReply(ctx, author, conversation.channelId);
  if (limited) {
    if (limited.firstInWindow) {
      await sayNotice(ctx, conversation, asker, limitNotice(limited));
    }
    await ctx.db.insert("replies", {
      conversationId: conversation._id,
      askedBy: asker._id,
      state: "cancelled",
      attempt: 0,
      reason: `limit reached: ${limited.whose}`,
    });
    return false;
  }
  const replyId = await ctx.db.insert("replies", {
    conversationId: conversation._id,
    askedBy: asker._id,
    state: "open",
    attempt: 1,
  });
  await startAttempt(ctx, replyId, 1, delayMs);
  return true;
}

/**
 * Has an open reply looked at now, if its watchdog is gone: nothing else would ever end it
 * (docs/races.md#a-scheduled-function-is-gone).
 */
export async function rearmReply(ctx: MutationCtx, reply: Doc<"replies">): Promise<void> {
  if (await isAlive(ctx, reply.watchdogId)) return;
  const { _id: replyId, attempt } = reply;
  const watchdogId = await ctx.scheduler.runAfter(0, internal.replies.watch, { replyId, attempt });
  await ctx.db.patch("replies", replyId, { watchdogId });
  await countRearmed(ctx, "replies");
}

type Ending = Pick<Doc<"replies">, "state" | "reason" | "seen" | "usage" | "messageId">;

/** Ends a reply whose jobs have run or are cancelled. */
export async function endReply(ctx: MutationCtx, reply: Doc<"replies">, ending: Ending) {
  await ctx.db.patch("replies", reply._id, {
    ...ending,
    jobId: undefined,
    watchdogId: undefined,
  });
}

/** Cancels an open reply, and its jobs if they have not started. What it has said so far is deleted, unless it is left cut. */
export async function cancelReply(ctx: MutationCtx, reply: Doc<"replies">, reason: string) {
  if (reply.messageId && (await draftOf(ctx, reply.messageId))) await takeBack(ctx, reply);
  await cancelJob(ctx, reply.jobId);
  await cancelJob(ctx, reply.watchdogId);
  await endReply(ctx, reply, { state: "cancelled", reason });
}

/**
 * Schedules an attempt and its watchdog, both in the same mutation: a scheduled action runs at most once, and one
 * that never starts would otherwise leave the conversation without replies (docs/races.md#a-job-that-never-starts).
 */
export async function startAttempt(
  ctx: MutationCtx,
  replyId: Id<"replies">,
  attempt: number,
  delayMs: number,
): Promise<void> {
  const jobId = await ctx.scheduler.runAfter(delayMs, internal.replies.generate, {
    replyId,
    attempt,
  });
  const watchdogId = await ctx.scheduler.runAfter(delayMs + WATCHDOG_MS, internal.replies.watch, {
    replyId,
    attempt,
  });
  await ctx.db.patch("replies", replyId, { attempt, jobId, watchdogId });
}
