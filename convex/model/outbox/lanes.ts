import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { rearmDelivery } from "./rearm.ts";
import { waitBefore } from "./wait.ts";

/*
 * A lane is a conversation's deliveries, first in, first out. Only its head (the oldest row that has not ended)
 * may be worked on, so messages cannot overtake each other, and a stuck lane does not block another.
 *
 *   queued -> ready -> leased -> sent | failed | cancelled
 *               ^        |
 *               +-- waiting (a timer makes it ready again)
 *   held: as ready, while the mapping is paused
 *
 * The mutation that ends the head makes the next row ready: that costs no extra call, and a stuck lane never fills
 * the outbox query (docs/races.md#a-blocked-lane-starves-others). A pending place's lane does not start before its
 * thread has an id.
 */

interface Enqueued {
  readonly messageId: Id<"messages">;
  readonly op?: Doc<"deliveries">["op"];
  /** The platform's id of what it answers. */
  readonly replyTo?: string | undefined;
  /** Not before, in ms from now: names are being looked up. */
  readonly delayMs?: number;
}

/**
 * Puts a message into the outbox of the platform its conversation lives on; nowhere for a conversation without a platform,
 * or in a thread that was deleted.
 */
export async function enqueueDelivery(
  ctx: MutationCtx,
  place: Doc<"conversations">,
  { messageId, op = "create", replyTo, delayMs = 0 }: Enqueued,
): Promise<void> {
  if (!place.mappingId || place.goneAt !== undefined) return;
  const mapping = await ctx.db.get("mappings", place.mappingId);
  // Unmapped since it was requested: nothing may be posted there any more.
  if (!mapping || !mayPostTo(mapping, place)) return;
  const head = await laneHead(ctx, place._id);
  if (head) await rearmDelivery(ctx, head);
  const waits = head !== null || isPending(place);
  const deliveryId = await ctx.db.insert("deliveries", {
    conversationId: place._id,
    mappingId: mapping._id,
    platform: mapping.platform,
    messageId,
    ...(replyTo !== undefined && { replyTo }),
    op,
    state: waits ? "queued" : headState(mapping),
    attempts: 0,
    generation: 0,
    ...(delayMs > 0 && { notBefore: Date.now() + delayMs }),
  });
  if (!waits && delayMs > 0) await waitBefore(ctx, { _id: deliveryId, generation: 0 }, delayMs);
}

/** Whether the place is a thread that opens with the copy of its root. */
export function isPending({ threadId, rootId }: Doc<"conversations">): boolean {
  return threadId === undefined && rootId !== undefined;
}

/** Whether the conversation still belongs to its mapping: not unmapped, not mapped to another channel since. */
export function mayPostTo(mapping: Doc<"mappings">, conversation: Doc<"conversations">): boolean {
  return mapping.state !== "unmapped" && mapping.channelId === conversation.channelId;
}

/**
 * Whether something may still be said in a conversation: it has no mapping, or belongs to it still
 * (docs/races.md#unmapped-or-paused-while-a-reply-is-being-written).
 */
export async function mayStillPostTo(
  ctx: QueryCtx,
  conversation: Doc<"conversations">,
): Promise<boolean> {
  if (!conversation.mappingId) return true;
  const mapping = await ctx.db.get("mappings", conversation.mappingId);
  return mapping !== null && mayPostTo(mapping, conversation);
}

/** The state of a lane's head that may be claimed, or waits for its mapping to resume. */
export function headState(mapping: Doc<"mappings">): "ready" | "held" {
  return mapping.state === "paused" ? "held" : "ready";
}

/** The oldest row of the lane that has not ended. */
export async function laneHead(ctx: MutationCtx, conversationId: Id<"conversations">) {
  return await ctx.db
    .query("deliveries")
    .withIndex("by_conversationId_and_endedAt", (q) =>
      q.eq("conversationId", conversationId).eq("endedAt", undefined),
    )
    .first();
}

/** Whether more than one delivery of the lane has not ended. */
export async function isLaneShared(ctx: QueryCtx, conversationId: Id<"conversations">) {
  const open = await ctx.db
    .query("deliveries")
    .withIndex("by_conversationId_and_endedAt", (q) =>
      q.eq("conversationId", conversationId).eq("endedAt", undefined),
    )
    .take(2);
  return open.length > 1;
}

/** Makes the head of a lane available, if it was behind another or its thread had no id. */
export async function startLane(
  ctx: MutationCtx,
  conversationId: Id<"conversations">,
): Promise<void> {
  const head = await laneHead(ctx, conversationId);
  if (head?.state !== "queued") return;
  const place = await ctx.db.get("conversations", conversationId);
  const mapping = await ctx.db.get("mappings", head.mappingId);
  if (!place || !mapping || isPending(place)) return;
  const leftMs = (head.notBefore ?? 0) - Date.now();
  if (leftMs > 0) await waitBefore(ctx, head, leftMs);
  else await ctx.db.patch("deliveries", head._id, { state: headState(mapping) });
}
