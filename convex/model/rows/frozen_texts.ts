import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { vSaid } from "../shared/validators.ts";

export const vFrozenText = v.object({
  deliveryId: v.id("deliveries"),
  said: vSaid,
  /** The newest post of its place at the first claim: what is searched for is newer. */
  newestPost: v.optional(v.string()),
  /** It is an answer that was being written. */
  streamed: v.optional(v.literal(true)),
});
type Frozen = Infer<typeof vFrozenText>;

/** What a delivery says since its first claim, if the message may have changed since. */
export async function frozenText(ctx: QueryCtx, deliveryId: Id<"deliveries">) {
  return await ctx.db
    .query("frozenTexts")
    .withIndex("by_deliveryId", (q) => q.eq("deliveryId", deliveryId))
    .unique();
}

/**
 * Keeps what a delivery says until it ends: a part that may be posted is found by its text, and the parts that follow
 * continue that text (docs/races.md#an-edit-during-its-create).
 */
export async function freezeText(ctx: MutationCtx, frozen: Frozen): Promise<void> {
  if (await frozenText(ctx, frozen.deliveryId)) return;
  await ctx.db.insert("frozenTexts", frozen);
}

/** Returns what it was. */
export async function dropFrozenText(
  ctx: MutationCtx,
  deliveryId: Id<"deliveries">,
): Promise<Doc<"frozenTexts"> | null> {
  const frozen = await frozenText(ctx, deliveryId);
  if (frozen) await ctx.db.delete("frozenTexts", frozen._id);
  return frozen;
}
