import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { ensureConversation, findConversation, placesOfThread } from "../rows/conversations.ts";
import { openDeliveriesOf } from "../rows/deliveries.ts";
import { idIn } from "../rows/messages.ts";
import { enqueueDelivery, isPending, startLane } from "./lanes.ts";

/*
 * A place is where a conversation lives in one mapped channel: a row of `conversations`, and a lane of the outbox. The
 * places of a channel's main conversation are the main conversations of its mappings. Those of a thread share `rootId`,
 * the message that it was started from, because a thread has another id on each platform.
 */

/** Deliveries of one pending place that move to another row. */
const MOST_MOVED = 500;

/**
 * The place of a thread, or of a channel's main conversation (without `root`), in a mapping. A thread whose root has no
 * copy there yet is pending, and the copy is queued.
 */
export async function ensurePlace(
  ctx: MutationCtx,
  mapping: Doc<"mappings">,
  root: Doc<"messages"> | undefined,
): Promise<Doc<"conversations">> {
  const key = { channelId: mapping.channelId, mappingId: mapping._id };
  if (!root) return await ensureConversation(ctx, key);
  const known = (await placesOfThread(ctx, root._id)).find(
    ({ mappingId, channelId }) => mappingId === mapping._id && channelId === mapping.channelId,
  );
  if (known) return known;
  const threadId = await idIn(ctx, root, mapping._id);
  if (threadId === undefined) return await openPending(ctx, mapping, root);
  const place = await ensureConversation(ctx, { ...key, threadId });
  await ctx.db.patch("conversations", place._id, { rootId: root._id });
  return { ...place, rootId: root._id };
}

async function openPending(ctx: MutationCtx, mapping: Doc<"mappings">, root: Doc<"messages">) {
  const key = { channelId: mapping.channelId, mappingId: mapping._id };
  // A root from before the relay has no copy, and a failed one may be retried.
  const isOnItsWay = (await openDeliveriesOf(ctx, root._id)).some(
    ({ op, mappingId }) => op === "create" && mappingId === mapping._id,
  );
  if (!isOnItsWay) {
    const main = await ensureConversation(ctx, key);
    await enqueueDelivery(ctx, main, { messageId: root._id });
  }
  const id = await ctx.db.insert("conversations", { ...key, rootId: root._id });
  const place = await ctx.db.get("conversations", id);
  if (!place) throw new Error("the conversation just made is gone");
  return place;
}

/** Called with the first part of a copy: the threads that wait for it have an id now. */
export async function openThreadsAt(
  ctx: MutationCtx,
  { messageId, mappingId }: Pick<Doc<"deliveries">, "messageId" | "mappingId">,
  threadId: string,
): Promise<void> {
  for (const place of await placesOfThread(ctx, messageId)) {
    if (place.mappingId !== mappingId || !isPending(place)) continue;
    const { channelId, rootId } = place;
    const opened = await findConversation(ctx, { channelId, mappingId, threadId });
    if (!opened) {
      await ctx.db.patch("conversations", place._id, { threadId });
      await startLane(ctx, place._id);
      continue;
    }
    // Somebody has said something in the new thread before this was reported (docs/races.md#a-thread-has-no-id-yet).
    await moveLane(ctx, place._id, opened._id);
    await ctx.db.patch("conversations", opened._id, { rootId });
    await ctx.db.delete("conversations", place._id);
    await startLane(ctx, opened._id);
  }
}

async function moveLane(ctx: MutationCtx, from: Id<"conversations">, to: Id<"conversations">) {
  const waiting = await ctx.db
    .query("deliveries")
    .withIndex("by_conversationId_and_endedAt", (q) => q.eq("conversationId", from))
    .take(MOST_MOVED);
  for (const { _id } of waiting) await ctx.db.patch("deliveries", _id, { conversationId: to });
}

/**
 * Called when a message will get no copy, because it was deleted: what waits for its thread is said in the channel
 * instead, the first of it as the root of another thread.
 */
export async function openThreadsElsewhere(
  ctx: MutationCtx,
  { messageId, mappingId, conversationId }: Doc<"deliveries">,
): Promise<void> {
  const places = await placesOfThread(ctx, messageId);
  const pending = places.find((place) => place.mappingId === mappingId && isPending(place));
  if (!pending) return;
  const first = await ctx.db
    .query("deliveries")
    .withIndex("by_conversationId_and_endedAt", (q) =>
      q.eq("conversationId", pending._id).eq("endedAt", undefined),
    )
    .first();
  if (!first) {
    await ctx.db.delete("conversations", pending._id);
    return;
  }
  await ctx.db.patch("deliveries", first._id, { conversationId });
  for (const { _id } of places)
    await ctx.db.patch("conversations", _id, { rootId: first.messageId });
  await startLane(ctx, conversationId);
}
