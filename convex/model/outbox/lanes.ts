import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { cancelJob } from "../shared/jobs.ts";
import { clearMessage } from "../rows/posts.ts";
import { rearmDelivery } from "./rearm.ts";

/*
 * A lane is a conversation's deliveries, first in, first out. Only its head (the oldest row that has not ended)
 * may be worked on, so replies cannot overtake each other, and a stuck lane does not block another.
 *
 *   queued -> ready -> leased -> sent | failed | cancelled
 *               ^        |
 *               +-- waiting (a timer makes it ready again)
 *   held: as ready, while the mapping is paused
 *
 * The mutation that ends the head makes the next row ready: that costs no extra call, and a stuck lane never fills
 * the outbox query (docs/races.md#a-blocked-lane-starves-others).
 */

/** Puts a message into the outbox of the platform its conversation lives on; nowhere for a conversation without a platform. */
export async function enqueueDelivery(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  messageId: Id<"messages">,
  replyTo: string | undefined,
  op: "create" | "delete" = "create",
): Promise<void> {
  if (!conversation.mappingId) return;
  const mapping = await ctx.db.get("mappings", conversation.mappingId);
  // Unmapped since it was requested: nothing may be posted there any more.
  if (!mapping || !mayPostTo(mapping, conversation)) return;
  const head = await laneHead(ctx, conversation._id);
  if (head) await rearmDelivery(ctx, head);
  await ctx.db.insert("deliveries", {
    conversationId: conversation._id,
    mappingId: mapping._id,
    platform: mapping.platform,
    messageId,
    ...(replyTo !== undefined && { replyTo }),
    op,
    state: head ? "queued" : headState(mapping),
    attempts: 0,
    generation: 0,
  });
}

/** Whether the conversation still belongs to its mapping: not unmapped, not mapped to another channel since. */
export function mayPostTo(mapping: Doc<"mappings">, conversation: Doc<"conversations">): boolean {
  return mapping.state !== "unmapped" && mapping.channelId === conversation.channelId;
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

/** Fields of a delivery none of whose posts has an unknown outcome. */
export const OUTCOME_KNOWN = { outcomeUnknown: undefined, unknownUntil: undefined } as const;

type Ending =
  | { readonly state: "sent" }
  | { readonly state: "cancelled"; readonly reason: string }
  | {
      readonly state: "failed";
      readonly code: string;
      readonly reason: string;
      readonly step?: string;
      readonly outcomeUnknown?: true;
      readonly unknownUntil?: number;
    };

/** Ends a delivery and makes the next one in its lane ready. */
export async function endDelivery(ctx: MutationCtx, delivery: Doc<"deliveries">, ending: Ending) {
  await cancelJob(ctx, delivery.timerId);
  await ctx.db.patch("deliveries", delivery._id, {
    code: undefined,
    reason: undefined,
    step: undefined,
    ...ending,
    endedAt: Date.now(),
    lease: undefined,
    notBefore: undefined,
    timerId: undefined,
    ...(ending.state === "sent" && OUTCOME_KNOWN),
  });
  if (delivery.op === "create") await clearDeleted(ctx, delivery.messageId);
  const mapping = await ctx.db.get("mappings", delivery.mappingId);
  const next = await laneHead(ctx, delivery.conversationId);
  if (mapping && next?.state === "queued") {
    await ctx.db.patch("deliveries", next._id, { state: headState(mapping) });
  }
}

/** Clears the text of a message that was deleted during its post: it is no longer needed to find the post. */
async function clearDeleted(ctx: MutationCtx, messageId: Id<"messages">): Promise<void> {
  const message = await ctx.db.get("messages", messageId);
  if (message?.deletedAt !== undefined && message.content !== "")
    await clearMessage(ctx, messageId);
}

/** Makes a row that is not held by anyone available, or holds it while its mapping is paused. */
export async function makeReady(ctx: MutationCtx, delivery: Doc<"deliveries">): Promise<void> {
  const mapping = await ctx.db.get("mappings", delivery.mappingId);
  if (!mapping || mapping.state === "unmapped") {
    await endDelivery(ctx, delivery, { state: "cancelled", reason: "the channel was unmapped" });
    return;
  }
  await ctx.db.patch("deliveries", delivery._id, {
    state: headState(mapping),
    attempts: delivery.attempts,
    lease: undefined,
    notBefore: undefined,
    timerId: undefined,
  });
}
