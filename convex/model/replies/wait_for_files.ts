import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { filesWait } from "../files/awaited.ts";
import { FILES_WAIT_MS } from "../files/wanted.ts";
import { namesWait } from "../rows/identities.ts";
import { cancelJob } from "../shared/jobs.ts";
import { openReplyOf, startAttempt } from "./request_reply.ts";

/** Questions of one reply that are looked at. */
const MOST_ASKERS = 20;

/** Times that differ by less than this are the same, in ms. */
const SAME_MS = 20;

/**
 * Has an open reply that has not begun wait for the images of all of its questions, or begin if they are there: at the
 * latest five seconds after it was opened (docs/races.md#a-file-arrives-after-its-message).
 */
export async function waitForFiles(
  ctx: MutationCtx,
  conversationId: Id<"conversations">,
): Promise<void> {
  const reply = await openReplyOf(ctx, conversationId);
  const job = reply?.jobId && (await ctx.db.system.get("_scheduled_functions", reply.jobId));
  if (reply?.attempt !== 1 || job?.state.kind !== "pending") return;
  const now = Date.now();
  let waitMs = 0;
  for (const asker of await askersOf(ctx, reply))
    waitMs = Math.max(waitMs, await namesWait(ctx, asker), await filesWait(ctx, asker, "reply"));
  const mostMs = Math.max(0, Math.round(reply._creationTime + FILES_WAIT_MS - now));
  const delayMs = Math.min(waitMs, mostMs);
  if (Math.abs(Math.max(job.scheduledTime, now) - now - delayMs) < SAME_MS) return;
  await cancelJob(ctx, reply.jobId);
  await cancelJob(ctx, reply.watchdogId);
  await startAttempt(ctx, reply._id, 1, delayMs);
}

/** The question that opened the reply, and those after it. */
async function askersOf(ctx: QueryCtx, { conversationId, askedBy }: Doc<"replies">) {
  const opener = await ctx.db.get("messages", askedBy);
  return await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_asks_and_position", (q) =>
      q
        .eq("conversationId", conversationId)
        .eq("asks", true)
        .gte("position", opener?.position ?? ""),
    )
    .take(MOST_ASKERS);
}
