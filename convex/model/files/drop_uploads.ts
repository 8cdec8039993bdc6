import type { MutationCtx } from "../../_generated/server.js";
import { fileWith } from "../rows/messages/files.ts";
import { startTask, type TaskOf } from "../rows/tasks.ts";
import { type Blob, CLOCKS_MS, isAnnounced, LONGEST_UPLOAD_MS } from "./announced.ts";
import { isUpload } from "./wanted.ts";

/*
 * Deletes blobs that a bridge uploaded and never attached. `_storage` has no index by hash, so only those are looked at
 * that were stored while an announced upload could be (docs/races.md#an-upload-without-a-row).
 */

/** Blobs, or rows, that one transaction looks at: each takes up to three index ranges. */
const BATCH = 100;

/** Within this time a bridge attaches what it has uploaded, in ms. */
const ATTACHED_WITHIN_MS = 2 * 60 * 60_000;

/** Starts looking for the uploads of announcements that are old enough, if there are any. */
export async function sweepUploads(ctx: MutationCtx): Promise<void> {
  const before = Date.now() - ATTACHED_WITHIN_MS - LONGEST_UPLOAD_MS;
  const [oldest] = await announcedBefore(ctx, before, 1);
  if (oldest) await startTask(ctx, { kind: "dropUploads", before, after: oldest.at - CLOCKS_MS });
}

/** Looks at a batch of blobs, and then deletes the announcements. Returns what is left to do. */
export async function dropUploads(
  ctx: MutationCtx,
  task: TaskOf<"dropUploads">,
): Promise<TaskOf<"dropUploads"> | null> {
  const { before, after } = task;
  const blobs = await ctx.db.system
    .query("_storage")
    .withIndex("by_creation_time", (q) =>
      q.gt("_creationTime", after).lt("_creationTime", before + LONGEST_UPLOAD_MS),
    )
    .take(BATCH);
  for (const blob of blobs) if (await isLost(ctx, blob)) await ctx.storage.delete(blob._id);
  const last = blobs.at(-1);
  if (last && blobs.length === BATCH) return { ...task, after: last._creationTime };
  const announced = await announcedBefore(ctx, before, BATCH);
  for (const { _id } of announced) await ctx.db.delete("uploads", _id);
  return announced.length < BATCH ? null : task;
}

async function isLost(ctx: MutationCtx, blob: Blob): Promise<boolean> {
  if (!isUpload(blob.contentType)) return false;
  return (await isAnnounced(ctx, blob)) && (await fileWith(ctx, blob._id)) === null;
}

async function announcedBefore(ctx: MutationCtx, before: number, most: number) {
  return await ctx.db
    .query("uploads")
    .withIndex("by_at", (q) => q.lt("at", before))
    .take(most);
}
