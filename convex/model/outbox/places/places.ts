import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { MutationCtx } from "../../../_generated/server.js";
import { ensureConversation, placeOfThread } from "../../rows/conversations.ts";
import { deliveriesOf } from "../../rows/deliveries.ts";
import { idIn } from "../../rows/messages/messages.ts";
import { piecesOf } from "../../rows/messages/posts.ts";
import { enqueueDelivery } from "../lanes.ts";

/*
 * A place is where a conversation lives in one mapped channel: a row of `conversations`, and a lane of the outbox. The
 * places of a channel's main conversation are the main conversations of its mappings. Those of a thread share `rootId`,
 * the message that it was started from, because a thread has another id on each platform.
 */

/**
 * The place of a thread, or of a channel's main conversation (without `rootId`), in a mapping. A thread whose root has no
 * copy there yet is pending, and the copy is queued.
 */
export async function ensurePlace(
  ctx: MutationCtx,
  mapping: Doc<"mappings">,
  rootId: Id<"messages"> | undefined,
): Promise<Doc<"conversations">> {
  const key = { channelId: mapping.channelId, mappingId: mapping._id };
  if (!rootId) return await ensureConversation(ctx, key);
  const known = await placeOfThread(ctx, rootId, key);
  if (known) return known;
  const root = await ctx.db.get("messages", rootId);
  const threadId = root && (await idIn(ctx, root, mapping._id));
  if (root && threadId === undefined && (await needsCopy(ctx, root, mapping))) {
    const main = await ensureConversation(ctx, key);
    await enqueueDelivery(ctx, main, { messageId: rootId });
  }
  if (typeof threadId === "string") {
    const place = await ensureConversation(ctx, { ...key, threadId });
    await ctx.db.patch("conversations", place._id, { rootId });
    return { ...place, rootId };
  }
  const id = await ctx.db.insert("conversations", { ...key, rootId, openerId: rootId });
  const place = await ctx.db.get("conversations", id);
  if (!place) throw new Error("the conversation just made is gone");
  return place;
}

/**
 * Whether a root is from before the relay, so that it is posted first. One that a moderator has hidden there stays
 * hidden, and one that failed may have been posted.
 */
async function needsCopy(
  ctx: MutationCtx,
  root: Doc<"messages">,
  { _id: mappingId }: Doc<"mappings">,
): Promise<boolean> {
  if (root.deletedAt !== undefined) return false;
  if ((await piecesOf(ctx, root._id, mappingId)).length > 0) return false;
  const deliveries = await deliveriesOf(ctx, root._id);
  return !deliveries.some(
    (delivery) => delivery.mappingId === mappingId && delivery.state !== "cancelled",
  );
}
