import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { clearThread } from "../ingest/delete_thread.ts";
import { cancelWaiting, releaseHeld } from "../outbox/mapping_deliveries.ts";
import { dropUploads } from "../files/drop_uploads.ts";
import { relayBatch } from "../relay/postpone.ts";
import { askInTurn } from "../replies/pending_questions.ts";
import { continueTask, type Task } from "../rows/tasks.ts";

/** Does one batch of a task, and schedules the next until nothing is left. */
export async function runTask(ctx: MutationCtx, taskId: Id<"tasks">): Promise<void> {
  const row = await ctx.db.get("tasks", taskId);
  if (!row) return;
  const rest = await doBatch(ctx, row.task);
  if (rest) await continueTask(ctx, taskId, rest);
  else await ctx.db.delete("tasks", taskId);
}

/** Returns what is left to do. */
async function doBatch(ctx: MutationCtx, task: Task): Promise<Task | null> {
  switch (task.kind) {
    case "ask":
      return await askInTurn(ctx, task);
    case "clearThread":
      return await clearThread(ctx, task);
    case "cancelDeliveries":
      return (await cancelWaiting(ctx, task)).isDone ? null : task;
    case "releaseDeliveries":
      return (await releaseHeld(ctx, task.mappingId)) ? null : task;
    case "relay":
      return await relayBatch(ctx, task);
    case "dropUploads":
      return await dropUploads(ctx, task);
  }
}
