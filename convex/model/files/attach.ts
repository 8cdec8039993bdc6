import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { deleteBlob, fileWith, findFile, isHeld } from "../rows/messages/files.ts";
import { filesHeldIn } from "../rows/mappings.ts";
import { findMessage } from "../rows/messages/messages.ts";
import { refusal } from "../shared/refusal.ts";
import type { Platform } from "../shared/validators.ts";
import { isAnnounced } from "./announced.ts";
import { goOn } from "./go_on.ts";
import { isUpload, isWanted } from "./wanted.ts";

/** A file of a message, by the platform's ids of both. */
export const vFileRef = {
  mappingId: v.id("mappings"),
  externalId: v.string(),
  fileId: v.string(),
};

/** What a bridge has downloaded. `sha256` in hex, `size` in bytes. */
export const vFileFacts = { sha256: v.string(), size: v.number(), type: v.string() };

type FileRef = Infer<ReturnType<typeof v.object<typeof vFileRef>>>;
type FileFacts = Infer<ReturnType<typeof v.object<typeof vFileFacts>>>;

/** See `bridge.announceFile`. */
export async function announce(
  ctx: MutationCtx,
  platform: Platform,
  file: FileRef & FileFacts,
): Promise<string | null> {
  const message = await wantingMessage(ctx, platform, file, file);
  const known = message && (await findFile(ctx, message._id, file.fileId));
  if (!message || (known && isHeld(known))) return null;
  await ctx.db.insert("uploads", { sha256: file.sha256, at: Date.now() });
  return await ctx.storage.generateUploadUrl();
}

/**
 * See `bridge.attachFile`. The message may have been edited or deleted during the upload, and the call may be repeated
 * (docs/races.md#a-file-arrives-after-its-message).
 */
export async function attach(
  ctx: MutationCtx,
  platform: Platform,
  file: FileRef & FileFacts & { readonly storageId: Id<"_storage"> },
): Promise<"held" | "dropped"> {
  const { storageId, fileId, sha256, size, type } = file;
  const message = await wantingMessage(ctx, platform, file, file);
  const attached = await fileWith(ctx, storageId);
  if (attached)
    return attached.messageId === message?._id && attached.fileId === fileId ? "held" : "dropped";
  const known = message && (await findFile(ctx, message._id, fileId));
  const blob = await ctx.db.system.get("_storage", storageId);
  const isMarked = isUpload(blob?.contentType);
  // Gone, or an app's: with its message, what is attached is deleted. (Should Convex drop the mark, the hash still tells.)
  if (!blob || (!isMarked && !(await isAnnounced(ctx, blob)))) return "dropped";
  if (!message || (known && isHeld(known))) {
    if (isMarked) await deleteBlob(ctx, storageId);
    return "dropped";
  }
  const row = { messageId: message._id, fileId, storageId, sha256, size, type };
  if (known) await ctx.db.replace("files", known._id, row);
  else await ctx.db.insert("files", row);
  await goOn(ctx, message);
  return "held";
}

/** See `bridge.fileUnavailable`. */
export async function giveUp(ctx: MutationCtx, platform: Platform, file: FileRef): Promise<null> {
  const message = await wantingMessage(ctx, platform, file);
  if (!message || (await findFile(ctx, message._id, file.fileId))) return null;
  const { fileId } = file;
  await ctx.db.insert("files", { messageId: message._id, fileId, unavailable: true });
  await goOn(ctx, message);
  return null;
}

/**
 * The message of a file that is wanted, by what its platform says of it and by what it turned out to be (`facts`). Throws
 * FORBIDDEN for a mapping of the other platform.
 */
async function wantingMessage(
  ctx: MutationCtx,
  platform: Platform,
  { mappingId, externalId, fileId }: FileRef,
  facts?: FileFacts,
): Promise<Doc<"messages"> | null> {
  const mapping = await ctx.db.get("mappings", mappingId);
  if (mapping?.platform !== platform)
    throw refusal("FORBIDDEN", "that mapping belongs to another platform");
  if (mapping.state === "unmapped") return null;
  const message = await findMessage(ctx, mappingId, externalId);
  const attachment = message?.attachments?.find(({ id }) => id === fileId);
  const held = filesHeldIn(mapping);
  if (!message || !attachment || !isWanted(held, attachment)) return null;
  return !facts || isWanted(held, { id: fileId, ...facts }) ? message : null;
}
