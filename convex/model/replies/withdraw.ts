import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { openReplyOf } from "./request_reply.ts";
import { cancelJob } from "../shared/jobs.ts";

/** Asking messages looked at; far more than gather while one reply waits. */
const MOST_ASKERS = 200;

/**
 * Called when a message that may have asked is gone. A reply that has not begun, and for which nobody asks any more,
 * is cancelled. One that has begun finds out for itself when it is stored.
 */
export async function withdrawReply(
  ctx: MutationCtx,
  conversationId: Id<"conversations"> | undefined,
): Promise<void> {
  const reply = conversationId && (await openReplyOf(ctx, conversationId));
  if (!reply?.jobId) return;
  const job = await ctx.db.system.get("_scheduled_functions", reply.jobId);
  if (job?.state.kind !== "pending" || (await someoneAsks(ctx, reply))) return;
  await cancelJob(ctx, reply.jobId);
  await cancelJob(ctx, reply.watchdogId);
  await ctx.db.patch("replies", reply._id, {
    state: "cancelled",
    reason: "what was asked was deleted",
    jobId: undefined,
    watchdogId: undefined,
  });
}

/** Earlier askers than the one that opened the reply were answered before. */
async function someoneAsks(ctx: MutationCtx, reply: Doc<"replies">): Promise<boolean> {
  const opener = await ctx.db.get("messages", reply.askedBy);
  const since = opener?._creationTime ?? 0;
  const askers = await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_asks_and_position", (q) =>
      q.eq("conversationId", reply.conversationId).eq("asks", true),
    )
    .order("desc")
    .take(MOST_ASKERS);
  return askers.some(({ _creationTime }) => _creationTime >= since);
}
