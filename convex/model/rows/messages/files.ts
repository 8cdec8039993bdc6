import { v } from "convex/values";
import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../../_generated/server.js";

/** Files of one message that are read; platforms allow ten. */
const MOST_FILES = 1_000;

const ofMessage = { messageId: v.id("messages"), fileId: v.string() };

/** A file of a message that is held, or that can't be had. `sha256` in hex, `size` in bytes. */
export const vFile = v.union(
  v.object({
    ...ofMessage,
    storageId: v.id("_storage"),
    sha256: v.string(),
    size: v.number(),
    type: v.string(),
  }),
  v.object({ ...ofMessage, unavailable: v.literal(true) }),
);

type Attachments = NonNullable<Doc<"messages">["attachments"]>;

/** A file that is held. */
export type HeldFile = Extract<Doc<"files">, { storageId: unknown }>;

export function isHeld(file: Doc<"files">): file is HeldFile {
  return "storageId" in file;
}

export async function filesOf(ctx: QueryCtx, messageId: Id<"messages">): Promise<Doc<"files">[]> {
  return await ctx.db
    .query("files")
    .withIndex("by_messageId_and_fileId", (q) => q.eq("messageId", messageId))
    .take(MOST_FILES);
}

/** Whether a message has files that can be held. Nothing is looked up for one that has none. */
export function hasFiles({ attachments = [] }: Pick<Doc<"messages">, "attachments">): boolean {
  return attachments.some(({ id }) => id !== undefined);
}

/** The files of a message that are held, in the order of its attachments. */
export async function heldFilesOf(
  ctx: QueryCtx,
  message: Pick<Doc<"messages">, "_id" | "attachments">,
): Promise<HeldFile[]> {
  if (!hasFiles(message)) return [];
  const held = (await filesOf(ctx, message._id)).filter(isHeld);
  const { attachments = [] } = message;
  return attachments.flatMap(({ id }) => held.find(({ fileId }) => fileId === id) ?? []);
}

export async function findFile(ctx: QueryCtx, messageId: Id<"messages">, fileId: string) {
  return await ctx.db
    .query("files")
    .withIndex("by_messageId_and_fileId", (q) => q.eq("messageId", messageId).eq("fileId", fileId))
    .unique();
}

/** The row of a blob. None: it is an app's, or its row never came. */
export async function fileWith(ctx: QueryCtx, storageId: Id<"_storage">) {
  return await ctx.db
    .query("files")
    .withIndex("by_storageId", (q) => q.eq("storageId", storageId))
    .first();
}

/**
 * Deletes the files of a message, and their blobs, except those of attachments that stay. A message that has no files is
 * not looked up. Returns how many documents these were.
 */
export async function dropFiles(
  ctx: MutationCtx,
  { _id, attachments = [] }: Doc<"messages">,
  staying: Attachments = [],
): Promise<number> {
  const stays = new Set(staying.map(({ id }) => id));
  if (attachments.every(({ id }) => id === undefined || stays.has(id))) return 0;
  let documents = 0;
  for (const file of await filesOf(ctx, _id)) {
    if (stays.has(file.fileId)) continue;
    await ctx.db.delete("files", file._id);
    if (isHeld(file)) await deleteBlob(ctx, file.storageId);
    documents += 2;
  }
  return documents;
}

/** Deletes a blob that is there. */
export async function deleteBlob(ctx: MutationCtx, storageId: Id<"_storage">): Promise<void> {
  // An admin may have deleted it; deleting it twice throws.
  if (await ctx.db.system.get("_storage", storageId)) await ctx.storage.delete(storageId);
}
