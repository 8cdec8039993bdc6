import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { startTask, type TaskOf } from "../rows/tasks.ts";
import { relayMessage } from "./relay_message.ts";

/*
 * Messages that arrive while their mapping is being caught up with wait, so that none overtakes an older one that is
 * still being read (docs/races.md#live-messages-overtake-a-catch-up).
 */

/** The longest wait for the end of a catch-up, in ms: one that can't end must not silence a channel. */
const LONGEST_WAIT_MS = 2 * 60_000;

/** Messages relayed by one transaction. */
const BATCH = 25;

/** Whether messages of the mapping wait to be relayed. */
export async function hasPostponed(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<boolean> {
  return (await oldestPostponed(ctx, mappingId, 1)).length > 0;
}

/** Has a message wait. The first of its mapping sets the time until which the others may. */
export async function postpone(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  messageId: Id<"messages">,
  longestMs = LONGEST_WAIT_MS,
): Promise<void> {
  const isFirst = !(await hasPostponed(ctx, mappingId));
  await ctx.db.patch("messages", messageId, { toRelay: true });
  if (isFirst) await startTask(ctx, { kind: "relay", mappingId }, longestMs);
}

/** Called at the end of a catch-up. */
export async function relayPostponed(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<void> {
  if (await hasPostponed(ctx, mappingId)) await startTask(ctx, { kind: "relay", mappingId });
}

/** Relays a batch of them, the oldest first. Returns the task of the others. */
export async function relayBatch(
  ctx: MutationCtx,
  task: TaskOf<"relay">,
): Promise<TaskOf<"relay"> | null> {
  const messages = await oldestPostponed(ctx, task.mappingId, BATCH);
  for (const message of messages) {
    await ctx.db.patch("messages", message._id, { toRelay: undefined });
    await relayMessage(ctx, message);
  }
  return messages.length < BATCH ? null : task;
}

async function oldestPostponed(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  most: number,
): Promise<Doc<"messages">[]> {
  return await ctx.db
    .query("messages")
    .withIndex("by_mappingId_and_toRelay_and_position", (q) =>
      q.eq("mappingId", mappingId).eq("toRelay", true),
    )
    .take(most);
}
