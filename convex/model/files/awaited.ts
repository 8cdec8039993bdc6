import type { Doc } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { filesOf } from "../rows/messages/files.ts";
import { filesHeldIn } from "../rows/mappings.ts";
import { FILES_WAIT_MS, isAwaited, isWanted } from "./wanted.ts";

/**
 * How much longer a message waits for its files, in ms: none for one that has none or whose files are all held or can't be
 * had. Reads nothing for a message without files, or one that was stored long ago.
 */
export async function filesWait(
  ctx: QueryCtx,
  message: Doc<"messages">,
  by: "relay" | "reply",
): Promise<number> {
  const { _id, _creationTime, mappingId, attachments = [] } = message;
  const leftMs = Math.round(_creationTime + FILES_WAIT_MS - Date.now());
  if (!mappingId || leftMs <= 0 || attachments.every(({ id }) => id === undefined)) return 0;
  const mapping = await ctx.db.get("mappings", mappingId);
  if (!mapping) return 0;
  const known = new Set((await filesOf(ctx, _id)).map(({ fileId }) => fileId));
  const isWaiting = attachments.some(
    (file) => isAwaited(by, filesHeldIn(mapping), file) && !known.has(file.id ?? ""),
  );
  return isWaiting ? leftMs : 0;
}

/** Whether a message of a mapping has files that are wanted, not held, and not known to be unavailable. */
export async function lacksFiles(
  ctx: QueryCtx,
  mapping: Doc<"mappings">,
  { _id, attachments = [] }: Doc<"messages">,
): Promise<boolean> {
  const wanted = attachments.filter((file) => isWanted(filesHeldIn(mapping), file));
  if (wanted.length === 0) return false;
  const known = new Set((await filesOf(ctx, _id)).map(({ fileId }) => fileId));
  return wanted.some(({ id = "" }) => !known.has(id));
}
