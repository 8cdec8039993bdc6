import { internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { recordFailure } from "./store_answer.ts";

/** Between looks at a job that is not done yet. */
const LOOK_AGAIN_MS = 30_000;

/** A job still in progress this long after its scheduled time is lost, whatever its record says. */
const LOST_AFTER_MS = 15 * 60_000;

/**
 * Decides by the state of the job, not by the clock: requeueing an action that is only pending would make an overload
 * worse (docs/races.md#the-watchdog-under-load). `storeAnswer` compares attempts, so a job that was presumed lost
 * and still finishes changes nothing.
 */
export async function watchReply(ctx: MutationCtx, replyId: Id<"replies">, attempt: number) {
  const reply = await ctx.db.get("replies", replyId);
  if (reply?.state !== "open" || reply.attempt !== attempt) return;
  const job = reply.jobId && (await ctx.db.system.get("_scheduled_functions", reply.jobId));
  const alive =
    job?.state.kind === "pending" ||
    (job?.state.kind === "inProgress" && Date.now() - job.scheduledTime < LOST_AFTER_MS);
  if (alive) {
    const watchdogId = await ctx.scheduler.runAfter(LOOK_AGAIN_MS, internal.replies.watch, {
      replyId,
      attempt,
    });
    await ctx.db.patch("replies", replyId, { watchdogId });
    return;
  }
  const failure = { reason: "the job that wrote the reply was lost", retryable: true };
  await recordFailure(ctx, replyId, attempt, failure, undefined);
}
