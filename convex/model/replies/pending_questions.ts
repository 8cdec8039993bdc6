import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { filesWait } from "../files/awaited.ts";
import { startTask, type TaskOf } from "../rows/tasks.ts";
import { newestRead } from "./context.ts";
import { askForReply, openReplyOf } from "./request_reply.ts";

/** Newest asking messages looked at besides those that were read; far more than a context shows. */
const MOST_ASKERS = 200;

/**
 * Askers for whom one transaction asks. Each takes up to six calls of the rate limiter, which is a component: about 3 ms
 * a call, of the second that a transaction has (https://docs.convex.dev/production/state/limits).
 */
export const MOST_ASKS = 25;

interface Askers {
  /** The AI was shown them, and no earlier reply answered them. In the platform's order. */
  readonly answered: Doc<"messages">[];
  /** The AI was not shown them. In the order they were stored. */
  readonly unread: Doc<"messages">[];
}

/**
 * The asking messages that a reply answers, and those its AI has not read: newer ones, and ones that arrived late in
 * between. Told apart by id, because neither position nor creation time says what a query at some earlier moment
 * could see. Those stored before the asker that opened the reply were answered by an earlier one, whether or not the
 * window reaches back to them.
 */
export async function askersAround(
  ctx: QueryCtx,
  reply: Doc<"replies">,
  read: readonly Id<"messages">[],
): Promise<Askers> {
  const { conversationId } = reply;
  const known = new Set(read);
  const since = await openedAt(ctx, reply);
  const from = await oldestOf(ctx, reply, read);
  const newest = await askersFrom(ctx, conversationId, from);
  // If so many arrived since that they fill the window, those that the AI was shown are older.
  const shown =
    newest.length < MOST_ASKERS
      ? newest
      : await askersFrom(ctx, conversationId, from, await newestOf(ctx, reply, read));
  return {
    answered: storedSince(since, shown).filter(({ _id }) => known.has(_id)),
    unread: storedSince(since, newest)
      .filter(({ _id }) => !known.has(_id))
      .sort((a, b) => a._creationTime - b._creationTime),
  };
}

/** Those that no earlier reply answered, as far as is known before the AI is asked. In the platform's order. */
export async function waitingAskers(ctx: QueryCtx, reply: Doc<"replies">) {
  const since = await openedAt(ctx, reply);
  return storedSince(since, await askersFrom(ctx, reply.conversationId, ""));
}

/** Those before were answered by an earlier reply. */
function storedSince(since: number, askers: readonly Doc<"messages">[]): Doc<"messages">[] {
  return askers.filter(({ _creationTime }) => _creationTime >= since);
}

/** When the question that opened the reply was stored. */
async function openedAt(ctx: QueryCtx, { askedBy }: Doc<"replies">): Promise<number> {
  return (await ctx.db.get("messages", askedBy))?._creationTime ?? 0;
}

/**
 * Asks for the next reply for the first asker who is within the limits; for those beyond `MOST_ASKS` in a transaction of
 * its own.
 */
export async function askForFirst(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  askers: readonly Doc<"messages">[],
): Promise<void> {
  for (const asker of askers.slice(0, MOST_ASKS)) {
    const delayMs = await filesWait(ctx, asker, "reply");
    if (await askForReply(ctx, conversation, asker, delayMs)) return;
  }
  await askLater(
    ctx,
    askers.slice(MOST_ASKS).map(({ _id }) => _id),
  );
}

/** Asks for messages in transactions of their own. */
export async function askLater(ctx: MutationCtx, messageIds: Id<"messages">[]): Promise<void> {
  if (messageIds.length > 0) await startTask(ctx, { kind: "ask", messageIds });
}

/** Asks for up to `MOST_ASKS` messages. Skips those deleted or answered meanwhile. Returns the task of the others. */
export async function askInTurn(
  ctx: MutationCtx,
  { kind, messageIds }: TaskOf<"ask">,
): Promise<TaskOf<"ask"> | null> {
  for (const id of messageIds.slice(0, MOST_ASKS)) {
    const message = await ctx.db.get("messages", id);
    if (message?.asks !== true || message.deletedAt !== undefined) continue;
    const conversation =
      message.conversationId && (await ctx.db.get("conversations", message.conversationId));
    if (!conversation || (await isAnswered(ctx, message))) continue;
    await joinOpenReply(ctx, message);
    await askForReply(ctx, conversation, message);
  }
  const left = messageIds.slice(MOST_ASKS);
  return left.length > 0 ? { kind, messageIds: left } : null;
}

/**
 * Makes an older question the opener of a reply that a younger one has opened meanwhile: what was stored before the
 * opener counts as answered by an earlier reply, and the younger one may be deleted.
 */
async function joinOpenReply(ctx: MutationCtx, message: Doc<"messages">): Promise<void> {
  const open = message.conversationId && (await openReplyOf(ctx, message.conversationId));
  const opener = open && (await ctx.db.get("messages", open.askedBy));
  if (open && opener && opener._creationTime > message._creationTime)
    await ctx.db.patch("replies", open._id, { askedBy: message._id });
}

/**
 * Whether the newest answer in its conversation was written with the message in view. One that was requested before the
 * message was stored was not, wherever the message stands.
 */
async function isAnswered(
  ctx: QueryCtx,
  { conversationId, position = "", _creationTime }: Doc<"messages">,
) {
  if (!conversationId) return false;
  const newest = await ctx.db
    .query("replies")
    .withIndex("by_conversationId_and_state", (q) =>
      q.eq("conversationId", conversationId).eq("state", "done"),
    )
    .order("desc")
    .first();
  return newest !== null && newest._creationTime > _creationTime && (newest.seen ?? "") >= position;
}

/** The newest ones between two positions, in the platform's order. */
async function askersFrom(
  ctx: QueryCtx,
  conversationId: Id<"conversations">,
  from: string,
  upTo = AFTER_ALL,
) {
  const newestFirst = await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_asks_and_position", (q) =>
      q
        .eq("conversationId", conversationId)
        .eq("asks", true)
        .gte("position", from)
        .lte("position", upTo),
    )
    .order("desc")
    .take(MOST_ASKERS);
  return newestFirst.reverse();
}

/** Positions begin with a digit. */
const AFTER_ALL = "~";

/** Where what was read begins. A thread's first line may be its root, which belongs to another conversation. */
async function oldestOf(
  ctx: QueryCtx,
  { conversationId }: Doc<"replies">,
  read: readonly Id<"messages">[],
): Promise<string> {
  for (const id of read) {
    const message = await ctx.db.get("messages", id);
    if (message?.conversationId === conversationId) return message.position ?? "";
  }
  return "";
}

/** Where what was read ends. */
async function newestOf(
  ctx: QueryCtx,
  reply: Doc<"replies">,
  read: readonly Id<"messages">[],
): Promise<string> {
  const newest = await newestRead(ctx, reply.conversationId, read);
  return newest?.position ?? AFTER_ALL;
}
