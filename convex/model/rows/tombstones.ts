import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";

/** Whether the message was deleted before it was ever stored, or purged. */
export async function isBuried(ctx: MutationCtx, mappingId: Id<"mappings">, externalId: string) {
  return (await findTombstone(ctx, mappingId, externalId)) !== null;
}

/**
 * Records that the message must not be stored if it arrives later. `purged`: an admin deleted it here, and it still
 * exists on the platform. Returns whether a record was added.
 */
export async function bury(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  externalId: string,
  why: "deleted" | "purged" = "deleted",
): Promise<boolean> {
  const found = await findTombstone(ctx, mappingId, externalId);
  if (!found) {
    const purged = why === "purged" && { purged: true as const };
    await ctx.db.insert("tombstones", { mappingId, externalId, ...purged });
    return true;
  }
  if (found.purged && why === "deleted") {
    await ctx.db.patch("tombstones", found._id, { purged: undefined });
  }
  return false;
}

/** Allows a purged message to be stored again, for a backfill. Returns whether it was purged. */
export async function unearth(ctx: MutationCtx, mappingId: Id<"mappings">, externalId: string) {
  const found = await findTombstone(ctx, mappingId, externalId);
  if (!found?.purged) return false;
  await ctx.db.delete("tombstones", found._id);
  return true;
}

async function findTombstone(ctx: MutationCtx, mappingId: Id<"mappings">, externalId: string) {
  return await ctx.db
    .query("tombstones")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).eq("externalId", externalId),
    )
    .unique();
}
