import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { askForReply, MAX_ATTEMPTS, startAttempt } from "./asking.ts";
import type { CompletionFailure } from "./completion_errors.ts";
import { fitContext, recentMessages, toContextLine, vContextLine } from "./context.ts";
import { cancelJob } from "./jobs.ts";
import { enqueueDelivery, posts } from "./lanes.ts";
import { mayTellOfFailure } from "./limits.ts";
import { FAILURE_NOTICE, sayNotice } from "./notices.ts";
import { ownPosition, positionAfter } from "./positions.ts";
import type { vUsage } from "./validators.ts";

/** What one attempt at a reply works with. `read` are the messages the AI is shown, oldest first. */
export const vAssignment = v.object({
  messages: v.array(vContextLine),
  read: v.array(v.id("messages")),
  instructions: v.optional(v.string()),
  model: v.optional(v.string()),
});

/** The context of an open reply, or null when this attempt is no longer wanted. */
export async function loadAssignment(
  ctx: QueryCtx,
  replyId: Id<"replies">,
  attempt: number,
): Promise<Infer<typeof vAssignment> | null> {
  const reply = await ctx.db.get("replies", replyId);
  if (!isCurrent(reply, attempt)) return null;
  const conversation = await ctx.db.get("conversations", reply.conversationId);
  const channel = conversation && (await ctx.db.get("channels", conversation.channelId));
  if (!conversation || !channel) return null;
  const recent = await recentMessages(ctx, conversation);
  const lines = await Promise.all(recent.map((message) => toContextLine(ctx, message)));
  return {
    messages: fitContext(lines),
    read: recent.map(({ _id }) => _id),
    ...(channel.instructions !== undefined && { instructions: channel.instructions }),
    ...(channel.model !== undefined && { model: channel.model }),
  };
}

interface Answer {
  readonly replyId: Id<"replies">;
  readonly attempt: number;
  readonly read: readonly Id<"messages">[];
  readonly content: string;
  readonly usage?: Infer<typeof vUsage>;
}

/**
 * Stores what the AI said, hands it to the outbox, and asks for the next reply where somebody asked meanwhile: one
 * mutation, so no interleaving of these can lose or repeat a reply. A second attempt that ends after another has is
 * dropped here.
 */
export async function storeAnswer(ctx: MutationCtx, answer: Answer): Promise<void> {
  const reply = await ctx.db.get("replies", answer.replyId);
  if (!isCurrent(reply, answer.attempt)) return;
  await cancelJob(ctx, reply.watchdogId);
  const conversation = await ctx.db.get("conversations", reply.conversationId);
  if (!conversation) return;
  if (!(await stillWanted(ctx, conversation))) {
    await endReply(ctx, reply, { state: "cancelled", reason: "the channel was unmapped" });
    return;
  }

  const { answered, unread } = await askersAround(
    ctx,
    conversation,
    await ctx.db.get("messages", reply.askedBy),
    answer.read,
  );
  const last = answered.at(-1);
  if (last) {
    const seen = await newestOf(ctx, answer.read);
    await writeAnswer(ctx, conversation, last, seen, answer.content);
    await endReply(ctx, reply, {
      state: "done",
      ...(seen?.position !== undefined && { seen: seen.position }),
      ...(answer.usage && { usage: answer.usage }),
    });
  } else {
    await endReply(ctx, reply, { state: "cancelled", reason: "what was asked was deleted" });
  }
  const [next] = unread.sort((a, b) => a._creationTime - b._creationTime);
  if (next) await askForReply(ctx, conversation, next);
}

/**
 * The asking messages this reply answers, and those the AI has not read: newer ones, and ones that arrived late in
 * between. Told apart by id, because neither position nor creation time says what a query at some earlier moment
 * could see. Those older than the asker that opened the reply were answered by an earlier one.
 */
async function askersAround(
  ctx: QueryCtx,
  conversation: Doc<"conversations">,
  opener: Doc<"messages"> | null,
  read: readonly Id<"messages">[],
): Promise<{ answered: Doc<"messages">[]; unread: Doc<"messages">[] }> {
  const known = new Set(read);
  const oldest = await oldestOf(ctx, conversation, read);
  const newestFirst = await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_asks_and_position", (q) =>
      q.eq("conversationId", conversation._id).eq("asks", true).gte("position", oldest),
    )
    .order("desc")
    .take(200);
  const askers = newestFirst.reverse();
  const since = opener?._creationTime ?? 0;
  return {
    answered: askers.filter(({ _id, _creationTime }) => known.has(_id) && _creationTime >= since),
    unread: askers.filter(({ _id }) => !known.has(_id)),
  };
}

async function oldestOf(
  ctx: QueryCtx,
  conversation: Doc<"conversations">,
  read: readonly Id<"messages">[],
): Promise<string> {
  // A thread's first line may be its root, which stands in another conversation.
  for (const id of read) {
    const message = await ctx.db.get("messages", id);
    if (message?.conversationId === conversation._id) return message.position ?? "";
  }
  return "";
}

async function newestOf(
  ctx: QueryCtx,
  read: readonly Id<"messages">[],
): Promise<Doc<"messages"> | null> {
  const id = read.at(-1);
  return id ? await ctx.db.get("messages", id) : null;
}

async function writeAnswer(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  asker: Doc<"messages">,
  seen: Doc<"messages"> | null,
  content: string,
): Promise<void> {
  const now = Date.now();
  const messageId = await ctx.db.insert("messages", {
    channelId: conversation.channelId,
    conversationId: conversation._id,
    ...(conversation.mappingId && { mappingId: conversation.mappingId }),
    content,
    kind: "reply",
    position: seen?.position === undefined ? ownPosition(now) : positionAfter(seen.position, now),
    sentAt: Math.max(now, (seen?.sentAt ?? 0) + 1),
  });
  if (conversation.threadId !== undefined && !conversation.joined) {
    await ctx.db.patch("conversations", conversation._id, { joined: true });
  }
  await enqueueDelivery(ctx, conversation, messageId, asker.externalId);
}

/**
 * A failed attempt: another one later, or the end of the reply and one visible notice. Whoever asked meanwhile was
 * part of what failed, so nothing follows.
 */
export async function recordFailure(
  ctx: MutationCtx,
  replyId: Id<"replies">,
  attempt: number,
  failure: CompletionFailure,
): Promise<void> {
  const reply = await ctx.db.get("replies", replyId);
  if (!isCurrent(reply, attempt)) return;
  await cancelJob(ctx, reply.watchdogId);
  if (failure.retryable && attempt < MAX_ATTEMPTS) {
    const backoffMs = 2_000 * 2 ** attempt;
    await startAttempt(ctx, replyId, attempt + 1, Math.max(failure.retryAfterMs ?? 0, backoffMs));
    return;
  }
  await endReply(ctx, reply, { state: "failed", reason: failure.reason });
  const conversation = await ctx.db.get("conversations", reply.conversationId);
  const asker = await ctx.db.get("messages", reply.askedBy);
  if (!conversation || !asker || !(await stillWanted(ctx, conversation))) return;
  if (await mayTellOfFailure(ctx, conversation._id)) {
    await sayNotice(ctx, conversation, asker, FAILURE_NOTICE);
  }
}

type Ending = Pick<Doc<"replies">, "state" | "reason" | "seen" | "usage">;

async function endReply(ctx: MutationCtx, reply: Doc<"replies">, ending: Ending): Promise<void> {
  await ctx.db.patch("replies", reply._id, {
    ...ending,
    jobId: undefined,
    watchdogId: undefined,
  });
}

/** Whether the reply's conversation still is what it was when it was asked for [C11]. */
async function stillWanted(ctx: QueryCtx, conversation: Doc<"conversations">): Promise<boolean> {
  if (!conversation.mappingId) return true;
  const mapping = await ctx.db.get("mappings", conversation.mappingId);
  return mapping !== null && posts(mapping, conversation);
}

function isCurrent(reply: Doc<"replies"> | null, attempt: number): reply is Doc<"replies"> {
  return reply?.state === "open" && reply.attempt === attempt;
}
