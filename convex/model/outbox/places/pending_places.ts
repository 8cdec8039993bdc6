import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { MutationCtx } from "../../../_generated/server.js";
import { ensureConversation, findConversation, placesOpenedBy } from "../../rows/conversations.ts";
import { openDeliveriesOf } from "../../rows/deliveries.ts";
import { isPending, laneHead, startLane } from "../lanes.ts";

/*
 * A thread has no id before the copy that it opens at is posted. Its place is pending until then, and its lane does not
 * start (docs/races.md#a-thread-has-no-id-yet). The opener is the root's copy or, where that will not be posted, that of
 * the first message that waits for it.
 */

/** Deliveries of one pending place that move to another row. */
const MOST_MOVED = 500;

type Opener = Pick<Doc<"deliveries">, "messageId" | "mappingId">;

/** Called with the first part of a copy: the threads that open at it have an id now. */
export async function openThreadsAt(
  ctx: MutationCtx,
  opener: Opener,
  threadId: string,
): Promise<void> {
  for (const place of await pendingPlaces(ctx, opener)) {
    const { _id, channelId, mappingId, rootId, joined } = place;
    const opened = await findConversation(ctx, { channelId, mappingId, threadId });
    if (!opened) {
      await ctx.db.patch("conversations", _id, { threadId, openerId: undefined });
      await startLane(ctx, _id);
      continue;
    }
    // Somebody has said something in the new thread before this was reported (docs/races.md#a-thread-has-no-id-yet).
    const isBusy = (await laneHead(ctx, opened._id)) !== null;
    await moveLane(ctx, _id, opened._id);
    await ctx.db.patch("conversations", opened._id, { rootId, ...(joined && { joined }) });
    await ctx.db.delete("conversations", _id);
    if (!isBusy) await startLane(ctx, opened._id);
  }
}

/** Called when a copy will not be posted: the threads that were to open at it open at the first of what waits for them. */
export async function openThreadsElsewhere(ctx: MutationCtx, opener: Opener): Promise<void> {
  for (const place of await pendingPlaces(ctx, opener)) await openElsewhere(ctx, place);
}

/** Called when something waits in a pending place, with what came last: what was there before has seen to it. */
export async function ensureOpener(
  ctx: MutationCtx,
  place: Doc<"conversations">,
  last: Id<"messages">,
): Promise<void> {
  if ((await laneHead(ctx, place._id))?.messageId !== last) return;
  const open = place.openerId ? await openDeliveriesOf(ctx, place.openerId) : [];
  const isOnItsWay = open.some(
    ({ op, mappingId }) => op === "create" && mappingId === place.mappingId,
  );
  if (!isOnItsWay) await openElsewhere(ctx, place);
}

async function openElsewhere(
  ctx: MutationCtx,
  { _id, channelId, mappingId }: Doc<"conversations">,
): Promise<void> {
  const first = await laneHead(ctx, _id);
  if (!first) return;
  const main = await ensureConversation(ctx, { channelId, mappingId });
  await ctx.db.patch("deliveries", first._id, { conversationId: main._id });
  await ctx.db.patch("conversations", _id, { openerId: first.messageId });
  await startLane(ctx, main._id);
}

async function pendingPlaces(ctx: MutationCtx, { messageId, mappingId }: Opener) {
  const places = await placesOpenedBy(ctx, messageId);
  return places.filter((place) => place.mappingId === mappingId && isPending(place));
}

async function moveLane(ctx: MutationCtx, from: Id<"conversations">, to: Id<"conversations">) {
  const waiting = await ctx.db
    .query("deliveries")
    .withIndex("by_conversationId_and_endedAt", (q) => q.eq("conversationId", from))
    .take(MOST_MOVED);
  for (const { _id } of waiting) await ctx.db.patch("deliveries", _id, { conversationId: to });
}
