import { type Infer, v } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { isAlive } from "../shared/jobs.ts";
import { countRearmed } from "./rearmed.ts";

/** Work that goes on in batches, one transaction each. What does a batch of each: `convex/model/sweep/run_task.ts`. */
const vTask = v.union(
  v.object({ kind: v.literal("ask"), messageIds: v.array(v.id("messages")) }),
  v.object({
    kind: v.literal("clearThread"),
    conversationId: v.id("conversations"),
    /** Only what was sent until then, in ms since 1970: the thread may have been opened again. */
    before: v.optional(v.number()),
    cursor: v.union(v.string(), v.null()),
  }),
  v.object({
    kind: v.literal("cancelDeliveries"),
    mappingId: v.id("mappings"),
    before: v.number(),
  }),
  v.object({ kind: v.literal("releaseDeliveries"), mappingId: v.id("mappings") }),
  v.object({
    kind: v.literal("relay"),
    mappingId: v.id("mappings"),
    /** The message whose wait ends with it. Absent: all waits end. */
    first: v.optional(v.id("messages")),
  }),
  v.object({
    kind: v.literal("dropUploads"),
    /** Announced before, and blobs stored after, in ms since 1970. */
    before: v.number(),
    after: v.number(),
  }),
);

export const vTaskRow = v.object({
  task: vTask,
  /** When its first batch is due, in ms since 1970. */
  dueAt: v.number(),
  jobId: v.optional(v.id("_scheduled_functions")),
});

export type Task = Infer<typeof vTask>;
export type TaskOf<Kind extends Task["kind"]> = Extract<Task, { kind: Kind }>;

/**
 * Starts a task after `delayMs`. Its row outlives its scheduled function, so a sweep can go on with it if that is lost
 * (docs/races.md#a-scheduled-function-is-gone).
 */
export async function startTask(ctx: MutationCtx, task: Task, delayMs = 0): Promise<void> {
  const taskId = await ctx.db.insert("tasks", { task, dueAt: Date.now() + delayMs });
  await schedule(ctx, taskId, delayMs);
}

/** Schedules the next batch of a task. */
export async function continueTask(ctx: MutationCtx, taskId: Id<"tasks">, task: Task) {
  await ctx.db.patch("tasks", taskId, { task });
  await schedule(ctx, taskId, 0);
}

/** Schedules a task again if its scheduled function is gone. */
export async function rearmTask(ctx: MutationCtx, { _id, jobId, dueAt }: Doc<"tasks">) {
  if (await isAlive(ctx, jobId)) return;
  await schedule(ctx, _id, Math.max(0, dueAt - Date.now()));
  await countRearmed(ctx, "tasks");
}

async function schedule(ctx: MutationCtx, taskId: Id<"tasks">, delayMs: number): Promise<void> {
  const jobId = await ctx.scheduler.runAfter(delayMs, internal.tasks.run, { taskId });
  await ctx.db.patch("tasks", taskId, { jobId });
}
