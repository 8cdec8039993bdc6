import type { Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";

/** Deliveries of one message that are read: one create a place, and its edits and deletes. */
const MOST_DELIVERIES = 100;

/** The deliveries of one message, at most 100. */
export async function deliveriesOf(ctx: QueryCtx, messageId: Id<"messages">) {
  return await ctx.db
    .query("deliveries")
    .withIndex("by_messageId_and_endedAt", (q) => q.eq("messageId", messageId))
    .take(MOST_DELIVERIES);
}

/** Those that have not ended, oldest first. */
export async function openDeliveriesOf(ctx: QueryCtx, messageId: Id<"messages">) {
  return await ctx.db
    .query("deliveries")
    .withIndex("by_messageId_and_endedAt", (q) =>
      q.eq("messageId", messageId).eq("endedAt", undefined),
    )
    .take(MOST_DELIVERIES);
}
