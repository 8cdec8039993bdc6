import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { enqueueDelivery } from "./lanes.ts";
import { piecesOf } from "../rows/posts.ts";

/** Deliveries of one message that are looked at: its create, and its edits and deletes. */
const MOST_DELIVERIES = 100;

export async function deliveriesOf(
  ctx: MutationCtx,
  messageId: Id<"messages">,
): Promise<Doc<"deliveries">[]> {
  return await ctx.db
    .query("deliveries")
    .withIndex("by_messageId", (q) => q.eq("messageId", messageId))
    .take(MOST_DELIVERIES);
}

/** Has what stands of a deleted message taken down, in its turn. One that waits already takes all that stands then. */
export async function takeDown(
  ctx: MutationCtx,
  { messageId, conversationId }: Pick<Doc<"deliveries">, "messageId" | "conversationId">,
): Promise<void> {
  const pieces = await piecesOf(ctx, messageId);
  if (pieces.every(({ deletedAt }) => deletedAt !== undefined)) return;
  const waits = (await deliveriesOf(ctx, messageId)).some(
    // One that is under way knows only what stood when it was claimed.
    ({ op, endedAt, state }) => op === "delete" && endedAt === undefined && state !== "leased",
  );
  const conversation = await ctx.db.get("conversations", conversationId);
  if (!waits && conversation)
    await enqueueDelivery(ctx, conversation, messageId, undefined, "delete");
}
