import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { deleteMessage } from "../admin/purge.ts";
import { deleteTombstones } from "./delete_rows.ts";
import { findConversation } from "../rows/conversations.ts";
import { horizonOf, mappingsOf } from "../rows/mappings.ts";
import { ownPosition } from "../shared/positions.ts";

/** Mappings that one transaction looks at: five index ranges each, and up to 100 other mappings of an unmapped one. */
const MAPPINGS = 200;

/**
 * Deletes messages that are older than their mapping keeps them, with their posts and deliveries, what was written in
 * Convex before that in the same channel, and the mapping's old tombstones: at most `most` documents, and the rest of the last message's. Also of unmapped channels. Returns how many,
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
  for (const oldMessages of [oldMirrored, oldOfConvex]) {
    for (const message of await oldMessages(ctx, mapping, most - documents)) {
      const deleted = await deleteMessage(ctx, message);
      documents += deleted.documents + deleted.files;
      await forgetName(ctx, message);
      if (documents >= most) return documents;
    }
  }
  return documents + (await expireTombstones(ctx, mapping, most - documents));
}

async function oldMirrored(ctx: MutationCtx, mapping: Doc<"mappings">, most: number) {
  return await ctx.db
    .query("messages")
    .withIndex("by_mappingId_and_sentAt", (q) =>
      q.eq("mappingId", mapping._id).gt("sentAt", undefined).lt("sentAt", horizonOf(mapping)),
    )
    .take(most);
}

/**
 * What is of no mapping goes with the shortest limit of its channel's mappings: what apps and admins wrote and were
 * answered, and what was there before. Mappings that are unmapped count only if the channel has no other.
 */
async function oldOfConvex(ctx: MutationCtx, mapping: Doc<"mappings">, most: number) {
  const { channelId, state } = mapping;
  if (state === "unmapped" && (await isMapped(ctx, channelId))) return [];
  const horizon = horizonOf(mapping);
  const fromBefore = await oldFromBefore(ctx, channelId, horizon, most);
  const conversation = await findConversation(ctx, { channelId });
  if (!conversation || fromBefore.length >= most) return fromBefore;
  const written = await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_position", (q) =>
      q.eq("conversationId", conversation._id).lt("position", ownPosition(horizon)),
    )
    .take(most - fromBefore.length);
  return [...fromBefore, ...written];
}

/** What was said in the channel before it was first mapped (`--adopt`) has only the time at which it was stored. */
async function oldFromBefore(
  ctx: MutationCtx,
  channelId: Id<"channels">,
  horizon: number,
  most: number,
) {
  return await ctx.db
    .query("messages")
    .withIndex("by_channelId_and_sentAt", (q) =>
      q.eq("channelId", channelId).eq("sentAt", undefined).lt("_creationTime", horizon),
    )
    .take(most);
}

async function isMapped(ctx: MutationCtx, channelId: Id<"channels">): Promise<boolean> {
  const mappings = await mappingsOf(ctx, channelId);
  return mappings.some(({ state }) => state !== "unmapped");
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
