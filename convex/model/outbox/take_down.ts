import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { enqueueDelivery } from "./lanes.ts";
import { piecesOf } from "../rows/posts.ts";

/** Deliveries of one message that are read: its create, and its edits and deletes. */
const MOST_DELIVERIES = 100;

/** The deliveries of one message, oldest first, at most 100. */
export async function deliveriesOf(ctx: QueryCtx, messageId: Id<"messages">) {
  return await ctx.db
    .query("deliveries")
    .withIndex("by_messageId", (q) => q.eq("messageId", messageId))
    .take(MOST_DELIVERIES);
}

/** Queues the removal of a deleted message's posts, unless one is already queued: it removes every post there is then. */
export async function takeDown(
  ctx: MutationCtx,
  { messageId, conversationId }: Pick<Doc<"deliveries">, "messageId" | "conversationId">,
): Promise<void> {
  const pieces = await piecesOf(ctx, messageId);
  if (pieces.every(({ deletedAt }) => deletedAt !== undefined)) return;
  const isQueued = (await deliveriesOf(ctx, messageId)).some(
    // A leased one covers only the posts that existed when it was claimed.
    ({ op, endedAt, state }) => op === "delete" && endedAt === undefined && state !== "leased",
  );
  const conversation = await ctx.db.get("conversations", conversationId);
  if (!isQueued && conversation)
    await enqueueDelivery(ctx, conversation, messageId, undefined, "delete");
}
