import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { internalAction, internalMutation, internalQuery } from "./_generated/server.js";
import {
  loadAssignment,
  recordFailure,
  storeAnswer,
  vAssignment,
} from "./model/replies/store_answer.ts";
import { answer } from "./answer.ts";
import { askApp } from "./model/replies/ask_app.ts";
import { completionFailure } from "./model/replies/ai_service/completion_errors.ts";
import { rememberOutputLimit, vLearned } from "./model/rows/output_limits.ts";
import { vUsage } from "./model/shared/validators.ts";
import { writeDraft } from "./model/replies/streaming/write_draft.ts";
import { watchReply } from "./model/replies/watchdog.ts";

/*
 * The AI's replies in conversations: asked for by ingest and by admins, kept in `replies`. (In a channel that was
 * never mapped, the public chat API's functions in `index.ts` write the replies.)
 *
 *   open -> done        the answer is stored and handed to the outbox, or there is nothing to say
 *        -> failed      every attempt failed; people are told once
 *        -> cancelled   what was asked was deleted, the channel was unmapped, a limit was reached
 */

const vTicket = { replyId: v.id("replies"), attempt: v.number() };

/** One attempt at a reply. Scheduled with its watchdog: an action runs at most once and may vanish. */
export const generate = internalAction({
  args: vTicket,
  returns: v.null(),
  handler: async (ctx, ticket) => {
    let read: Id<"messages">[] | undefined;
    try {
      const assignment = await ctx.runQuery(internal.replies.load, ticket);
      if (!assignment) return null;
      read = assignment.read;
      const { question, flushEveryMs } = assignment;
      const seen = { ...ticket, read };
      const flush = (text: string): Promise<boolean> =>
        ctx.runMutation(internal.replies.draft, { ...seen, text });
      const live = flushEveryMs === undefined ? undefined : { everyMs: flushEveryMs, flush };
      const given = question ? await askApp(ctx, answer, question, live) : { content: null };
      await ctx.runMutation(internal.replies.store, { ...ticket, read, ...given });
    } catch (error) {
      const failure = { ...completionFailure(error), ...(read && { read }) };
      await ctx.runMutation(internal.replies.fail, { ...ticket, ...failure });
    }
    return null;
  },
});

export const load = internalQuery({
  args: vTicket,
  returns: v.union(vAssignment, v.null()),
  handler: async (ctx, { replyId, attempt }) => loadAssignment(ctx, replyId, attempt),
});

/** Shows what is written so far of a streamed answer. Returns whether the answer is still wanted. */
export const draft = internalMutation({
  args: { ...vTicket, read: v.array(v.id("messages")), text: v.string() },
  returns: v.boolean(),
  handler: async (ctx, flush) => writeDraft(ctx, flush),
});

export const store = internalMutation({
  args: {
    ...vTicket,
    read: v.array(v.id("messages")),
    content: v.union(v.string(), v.null()),
    usage: v.optional(vUsage),
    learned: v.optional(vLearned),
  },
  returns: v.null(),
  handler: async (ctx, { learned, ...given }) => {
    if (learned) await rememberOutputLimit(ctx, learned);
    await storeAnswer(ctx, given);
    return null;
  },
});

export const fail = internalMutation({
  args: {
    ...vTicket,
    reason: v.string(),
    retryable: v.boolean(),
    retryAfterMs: v.optional(v.number()),
    mostAttempts: v.optional(v.number()),
    read: v.optional(v.array(v.id("messages"))),
  },
  returns: v.null(),
  handler: async (ctx, { replyId, attempt, read, ...failure }) => {
    await recordFailure(ctx, replyId, attempt, failure, read);
    return null;
  },
});

/** Looks whether an attempt that should have ended has. */
export const watch = internalMutation({
  args: vTicket,
  returns: v.null(),
  handler: async (ctx, { replyId, attempt }) => {
    await watchReply(ctx, replyId, attempt);
    return null;
  },
});
