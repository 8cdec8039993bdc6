import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

/**
 * Cancels a scheduled function that has not begun. One that is running is left alone: cancelling it would keep
 * what it schedules from running, and every timer here checks whether it still applies
 * (docs/races.md#cancelling-a-running-job).
 */
export async function cancelJob(ctx: MutationCtx, jobId: Id<"_scheduled_functions"> | undefined) {
  if (!jobId) return;
  const job = await ctx.db.system.get("_scheduled_functions", jobId);
  if (job?.state.kind === "pending") await ctx.scheduler.cancel(jobId);
}

/**
 * Whether a scheduled function will still run, or is running. Otherwise nobody may wait for it: backups hold no pending
 * functions, one that fails is not run again, and the dashboard can cancel them
 * (docs/races.md#a-scheduled-function-is-gone).
 */
export async function isAlive(
  ctx: QueryCtx,
  jobId: Id<"_scheduled_functions"> | undefined,
): Promise<boolean> {
  const job = jobId && (await ctx.db.system.get("_scheduled_functions", jobId));
  return job?.state.kind === "pending" || job?.state.kind === "inProgress";
}
