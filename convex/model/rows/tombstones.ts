import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";

/** Whether the message was deleted before it was ever stored, or purged. */
export async function isBuried(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  externalId: string,
): Promise<boolean> {
  return (await findTombstone(ctx, mappingId, externalId)) !== null;
}

/**
 * Remembers that the message is to stay dead, should it still arrive. `purged`: because an admin deleted it here; it
 * still stands on the platform. Returns whether that is news.
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

/** Lets a purged message come back, because an admin asks for the channel's history. Returns whether it may. */
export async function unearth(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  externalId: string,
): Promise<boolean> {
  const found = await findTombstone(ctx, mappingId, externalId);
  if (!found?.purged) return false;
  await ctx.db.delete("tombstones", found._id);
  return true;
}

async function findTombstone(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  externalId: string,
): Promise<Doc<"tombstones"> | null> {
  return await ctx.db
    .query("tombstones")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).eq("externalId", externalId),
    )
    .unique();
}
