import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { askersAround, askForFirst, waitingAskers } from "./pending_questions.ts";
import { currentReply, isTakenBack, questionsOf } from "./questions_of.ts";
import { endReply, MAX_ATTEMPTS, startAttempt } from "./request_reply.ts";
import type { CompletionFailure } from "./ai_service/completion_errors.ts";
import { fitContext, newestRead, recentMessages, speakerOf, toContextLine } from "./context.ts";
import { withImages } from "./ai_service/images.ts";
import { systemMessage } from "./framing.ts";
import { vQuestion } from "./question.ts";
import { cancelJob } from "../shared/jobs.ts";
import { readableContent } from "../rows/messages/message_text.ts";
import { outputLimitOf } from "../rows/output_limits.ts";
import { recordAiFailure, recordAiSuccess } from "../rows/ai_health.ts";
import { mayNotifyOfFailure } from "./limits.ts";
import { FAILURE_NOTICE, sayNotice } from "./notices.ts";
import { mayStillPostTo } from "../outbox/lanes.ts";
import { relayInOrder } from "../relay/postpone.ts";
import { beginAnswer } from "./say.ts";
import { finishMessage, leaveCut, takeBack } from "./streaming/streamed_message.ts";
import { FLUSH_EVERY_MS } from "./streaming/write_draft.ts";
import type { vUsage } from "../shared/validators.ts";

/** What one attempt at a reply works with. `read` are the messages the AI is shown, oldest first. */
export const vAssignment = v.object({
  read: v.array(v.id("messages")),
  /** Absent: nothing is left to answer. */
  question: v.optional(vQuestion),
  /** Between two flushes of an answer that people watch being written, in ms. Absent: they don't. */
  flushEveryMs: v.optional(v.number()),
});

/** The question of an open reply, or null when this attempt is no longer wanted. */
export async function loadAssignment(
  ctx: QueryCtx,
  replyId: Id<"replies">,
  attempt: number,
): Promise<Infer<typeof vAssignment> | null> {
  const reply = await currentReply(ctx, replyId, attempt);
  if (!reply) return null;
  const conversation = await ctx.db.get("conversations", reply.conversationId);
  const channel = conversation && (await ctx.db.get("channels", conversation.channelId));
  if (!conversation || !channel) return null;
  const waiting = await waitingAskers(ctx, reply);
  const { messages: recent, hasRoot } = await recentMessages(ctx, conversation, waiting);
  const read = recent.map(({ _id }) => _id);
  const asker = waiting.at(-1);
  if (!asker) return { read };
  const lines = await Promise.all(
    recent.map(async (message) => ({ ...(await toContextLine(ctx, message)), message })),
  );
  const outputLimit = await outputLimitOf(ctx, channel.model);
  const { _id: id, mappingId, threadId } = conversation;
  const mapping = mappingId && (await ctx.db.get("mappings", mappingId));
  const streams = mapping?.stream === true;
  const question = {
    text: await readableContent(ctx, asker),
    messages: await withImages(ctx, fitContext(lines, hasRoot)),
    instructions: systemMessage(channel),
    ...(channel.model !== undefined && { model: channel.model }),
    channel: { id: channel._id, name: channel.name },
    conversation: { id, ...(threadId !== undefined && { threadId }) },
    asker: {
      name: (await speakerOf(ctx, asker)) ?? "",
      ...(asker.authorId && { userId: asker.authorId }),
    },
    ...(streams && { streams }),
    ...(outputLimit !== undefined && { outputLimit }),
  };
  return { read, question, ...(streams && { flushEveryMs: FLUSH_EVERY_MS[mapping.platform] }) };
}

interface Answer {
  readonly replyId: Id<"replies">;
  readonly attempt: number;
  readonly read: readonly Id<"messages">[];
  /** Null: there was nothing left to answer, or the app has nothing to say. */
  readonly content: string | null;
  readonly usage?: Infer<typeof vUsage>;
}

/**
 * Stores what the AI said, hands it to the outbox, and asks for the next reply if another question arrived meanwhile: one
 * mutation, so no interleaving of these can lose or repeat a reply. A second attempt that ends after another has is
 * dropped here.
 */
export async function storeAnswer(ctx: MutationCtx, answer: Answer): Promise<void> {
  const reply = await currentReply(ctx, answer.replyId, answer.attempt);
  if (!reply) return;
  if (answer.content !== null) await recordAiSuccess(ctx);
  const questions = await questionsOf(ctx, reply, answer.read);
  if (!questions) return;
  const { conversation, last, unread } = questions;
  await cancelJob(ctx, reply.watchdogId);
  const seen = await newestRead(ctx, conversation._id, answer.read);
  let { messageId } = reply;
  if (answer.content === null) await takeBack(ctx, reply);
  else if (messageId) await finishMessage(ctx, messageId, answer.content, seen);
  else messageId = await writeAnswer(ctx, conversation, last, seen, answer.content);
  await endReply(ctx, reply, {
    state: "done",
    ...(answer.content === null && { reason: "nothing to say" }),
    ...(seen?.position !== undefined && { seen: seen.position }),
    ...(answer.usage && { usage: answer.usage }),
    ...(messageId && { messageId }),
  });
  await askForFirst(ctx, conversation, unread);
}

async function writeAnswer(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  asker: Doc<"messages">,
  seen: Doc<"messages"> | null,
  content: string,
): Promise<Id<"messages">> {
  const messageId = await beginAnswer(ctx, conversation, asker, seen, content);
  const message = await ctx.db.get("messages", messageId);
  if (message) await relayInOrder(ctx, message);
  return messageId;
}

/** The longest wait before a retry; a longer one counts as a failure. */
const LONGEST_WAIT_MS = 2 * 60_000;

/**
 * A failed attempt: another one later, or the end of the reply, one visible notice, and a reply for those who asked
 * meanwhile. `read` is absent if it is unknown what the attempt had read.
 */
export async function recordFailure(
  ctx: MutationCtx,
  replyId: Id<"replies">,
  attempt: number,
  { retryable, retryAfterMs = 0, mostAttempts = MAX_ATTEMPTS, reason }: CompletionFailure,
  read: readonly Id<"messages">[] | undefined,
): Promise<void> {
  const reply = await currentReply(ctx, replyId, attempt);
  if (!reply) return;
  // If it is unknown what a lost attempt had read, every question after the first requests a reply again.
  const known = read ?? [reply.askedBy];
  if (await isTakenBack(ctx, reply)) {
    await questionsOf(ctx, reply, known);
    return;
  }
  await cancelJob(ctx, reply.watchdogId);
  if (
    retryable &&
    attempt < Math.min(mostAttempts, MAX_ATTEMPTS) &&
    retryAfterMs <= LONGEST_WAIT_MS
  ) {
    const backoffMs = 2_000 * 2 ** attempt;
    await startAttempt(ctx, replyId, attempt + 1, Math.max(retryAfterMs, backoffMs));
    return;
  }
  // What people have seen of it says itself that it is cut.
  const isCut = await leaveCut(ctx, reply);
  await endReply(ctx, reply, { state: "failed", reason });
  await recordAiFailure(ctx, reason);
  const conversation = await ctx.db.get("conversations", reply.conversationId);
  if (!conversation || !(await mayStillPostTo(ctx, conversation))) return;
  const opener = await ctx.db.get("messages", reply.askedBy);
  const isThere = opener !== null && opener.deletedAt === undefined;
  if (isThere && !isCut && (await mayNotifyOfFailure(ctx, conversation._id))) {
    await sayNotice(ctx, conversation, opener, FAILURE_NOTICE);
  }
  // Questions that arrived during the last attempt found an open reply, and were not part of the failed one.
  const { unread } = await askersAround(ctx, reply, known);
  await askForFirst(ctx, conversation, unread);
}
