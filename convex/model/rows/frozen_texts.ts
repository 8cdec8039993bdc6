import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

/** What a delivery says since its first claim, if the message may have changed since. */
export async function frozenText(ctx: QueryCtx, deliveryId: Id<"deliveries">) {
  return await ctx.db
    .query("frozenTexts")
    .withIndex("by_deliveryId", (q) => q.eq("deliveryId", deliveryId))
    .unique();
}

type Frozen = Omit<Doc<"frozenTexts">, "_id" | "_creationTime">;

/**
 * Keeps what a delivery says until it ends: a part that may be posted is found by its text, and the parts that follow
 * continue that text (docs/races.md#an-edit-during-its-create).
 */
export async function freezeText(ctx: MutationCtx, frozen: Frozen): Promise<void> {
  if (await frozenText(ctx, frozen.deliveryId)) return;
  await ctx.db.insert("frozenTexts", frozen);
}

export async function dropFrozenText(
  ctx: MutationCtx,
  deliveryId: Id<"deliveries">,
): Promise<void> {
  const frozen = await frozenText(ctx, deliveryId);
  if (frozen) await ctx.db.delete("frozenTexts", frozen._id);
}
