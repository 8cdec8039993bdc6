import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

/** What a conversation is found by: an absent `threadId` is the main channel, an absent mapping the app's own. */
export interface ConversationKey {
  readonly channelId: Id<"channels">;
  readonly mappingId?: Id<"mappings"> | undefined;
  readonly threadId?: string | undefined;
}

export async function findConversation(ctx: QueryCtx, key: ConversationKey) {
  return await ctx.db
    .query("conversations")
    .withIndex("by_channelId_and_mappingId_and_threadId_and_rootId", (q) => {
      const place = q
        .eq("channelId", key.channelId)
        .eq("mappingId", key.mappingId)
        .eq("threadId", key.threadId);
      // The main channel, not a thread that has no id yet.
      return key.threadId === undefined ? place.eq("rootId", undefined) : place;
    })
    .unique();
}

/** Places of one thread that are read: one for each mapping of its channel. */
const MOST_PLACES = 100;

/** A thread in every mapped channel where it is known, by the message that it was started from. */
export async function placesOfThread(
  ctx: QueryCtx,
  rootId: Id<"messages">,
  most: number = MOST_PLACES,
) {
  return await ctx.db
    .query("conversations")
    .withIndex("by_rootId_and_mappingId", (q) => q.eq("rootId", rootId))
    .take(most);
}

/** The place of a thread in one mapped channel, which may have been mapped to several Convex channels. */
export async function placeOfThread(
  ctx: QueryCtx,
  rootId: Id<"messages">,
  { channelId, mappingId }: Required<Pick<ConversationKey, "channelId" | "mappingId">>,
) {
  const places = await ctx.db
    .query("conversations")
    .withIndex("by_rootId_and_mappingId", (q) => q.eq("rootId", rootId).eq("mappingId", mappingId))
    .take(MOST_PLACES);
  return places.find((place) => place.channelId === channelId);
}

/** The threads that open at the copy of a message, which is not posted yet. */
export async function placesOpenedBy(ctx: QueryCtx, openerId: Id<"messages">) {
  return await ctx.db
    .query("conversations")
    .withIndex("by_openerId", (q) => q.eq("openerId", openerId))
    .take(MOST_PLACES);
}

/** Finds the conversation or makes it, and renames it when its thread was. One row for a key: mutations are serialisable. */
export async function ensureConversation(ctx: MutationCtx, key: ConversationKey, name?: string) {
  const found = await findConversation(ctx, key);
  if (found) {
    if (name === undefined || name === found.name) return found;
    await ctx.db.patch("conversations", found._id, { name });
    return { ...found, name };
  }
  const id = await ctx.db.insert("conversations", {
    channelId: key.channelId,
    ...(key.mappingId && { mappingId: key.mappingId }),
    ...(key.threadId !== undefined && { threadId: key.threadId }),
    ...(name !== undefined && { name }),
  });
  const made = await ctx.db.get("conversations", id);
  if (!made) throw new Error("the conversation just made is gone");
  return made;
}
