import type { Doc } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { filesOf, hasFiles } from "../rows/messages/files.ts";
import { filesHeldIn } from "../rows/mappings.ts";
import { type FileFacts, FILES_WAIT_MS, isAwaited, isWanted } from "./wanted.ts";

/**
 * How much longer a message waits for its files, in ms: none for one that has none or whose files are all held or can't be
 * had. Reads nothing for a message without files, or one that was stored long ago.
 */
export async function filesWait(
  ctx: QueryCtx,
  message: Doc<"messages">,
  by: "relay" | "reply",
): Promise<number> {
  const { _creationTime, mappingId } = message;
  const leftMs = Math.round(_creationTime + FILES_WAIT_MS - Date.now());
  if (!mappingId || leftMs <= 0 || !hasFiles(message)) return 0;
  const mapping = await ctx.db.get("mappings", mappingId);
  if (!mapping) return 0;
  const isWaiting = await lacksAny(ctx, message, (file) =>
    isAwaited(by, filesHeldIn(mapping), file),
  );
  return isWaiting ? leftMs : 0;
}

/** Whether a message of a mapping has files that are wanted, not held, and not known to be unavailable. */
export async function lacksFiles(
  ctx: QueryCtx,
  mapping: Doc<"mappings">,
  message: Doc<"messages">,
): Promise<boolean> {
  return await lacksAny(ctx, message, (file) => isWanted(filesHeldIn(mapping), file));
}

/** Whether nothing is known yet of one of the files that are needed. Reads nothing if none is. */
async function lacksAny(
  ctx: QueryCtx,
  { _id, attachments = [] }: Doc<"messages">,
  isNeeded: (file: FileFacts) => boolean,
): Promise<boolean> {
  const needed = attachments.filter(isNeeded);
  if (needed.length === 0) return false;
  const known = new Set((await filesOf(ctx, _id)).map(({ fileId }) => fileId));
  return needed.some(({ id = "" }) => !known.has(id));
}
