import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { runTask } from "./model/sweep/run_task.ts";

/** Does one batch of a task, and schedules the next until nothing is left. */
export const run = internalMutation({
  args: { taskId: v.id("tasks") },
  returns: v.null(),
  handler: async (ctx, { taskId }) => {
    await runTask(ctx, taskId);
    return null;
  },
});
