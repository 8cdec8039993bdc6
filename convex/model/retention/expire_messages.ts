import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { deleteMessage } from "../admin/purge.ts";
import { deleteTombstones } from "./delete_rows.ts";
import { horizonOf } from "../rows/mappings.ts";

/** Mappings that one transaction looks at: two index ranges each. */
const MAPPINGS = 500;

/**
 * Deletes messages that are older than their mapping keeps them, with their posts and deliveries, and the mapping's old
 * tombstones: at most `most` documents, and the rest of the last message's. Also of unmapped channels. Returns how many,
 * and where the next mappings begin (null: there are no others).
 */
export async function expireMessages(ctx: MutationCtx, cursor: string | null, most: number) {
  const { page, isDone, continueCursor } = await ctx.db
    .query("mappings")
    .withIndex("by_keepDays", (q) => q.gt("keepDays", undefined))
    .paginate({ numItems: MAPPINGS, cursor });
  let documents = 0;
  for (const mapping of page) {
    documents += await expireMessagesOf(ctx, mapping, most - documents);
    if (documents >= most) break;
  }
  return { documents, next: isDone ? null : continueCursor };
}

async function expireMessagesOf(ctx: MutationCtx, mapping: Doc<"mappings">, most: number) {
  let documents = 0;
  for (const message of await oldMessages(ctx, mapping, most)) {
    const deleted = await deleteMessage(ctx, message);
    documents += deleted.documents + deleted.files;
    await forgetName(ctx, message);
    if (documents >= most) return documents;
  }
  return documents + (await expireTombstones(ctx, mapping, most - documents));
}

async function oldMessages(ctx: MutationCtx, mapping: Doc<"mappings">, most: number) {
  return await ctx.db
    .query("messages")
    .withIndex("by_mappingId_and_sentAt", (q) =>
      q.eq("mappingId", mapping._id).gt("sentAt", undefined).lt("sentAt", horizonOf(mapping)),
    )
    .take(most);
}

/** What a thread is called may quote its first message. The row stays: replies and deliveries belong to it. */
async function forgetName(ctx: MutationCtx, { conversationId }: Doc<"messages">): Promise<void> {
  const conversation = conversationId && (await ctx.db.get("conversations", conversationId));
  if (conversation?.name === undefined) return;
  const left = await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_position", (q) => q.eq("conversationId", conversation._id))
    .first();
  if (!left) await ctx.db.patch("conversations", conversation._id, { name: undefined });
}

/** A message deleted before the horizon was sent before it, and is ignored for its age. */
async function expireTombstones(
  ctx: MutationCtx,
  mapping: Doc<"mappings">,
  most: number,
): Promise<number> {
  const old = await ctx.db
    .query("tombstones")
    .withIndex("by_mappingId", (q) =>
      q.eq("mappingId", mapping._id).lt("_creationTime", horizonOf(mapping)),
    )
    .take(most);
  return await deleteTombstones(ctx, old);
}
