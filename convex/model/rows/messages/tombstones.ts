import { defineTable } from "convex/server";
import { v } from "convex/values";
import type { Id } from "../../../_generated/dataModel.js";
import type { MutationCtx } from "../../../_generated/server.js";

/**
 * Deletes of messages never stored, so that a later create is not stored, and purged messages that may be redelivered
 * (docs/races.md#a-delete-arrives-before-its-message). Written by ingest and by purges. Deleted after 30 days.
 */
export const tombstonesTable = defineTable({
  mappingId: v.id("mappings"),
  externalId: v.string(),
  purged: v.optional(v.literal(true)),
})
  // For the order: a mapping's oldest tombstones are deleted first.
  // eslint-disable-next-line @convex-dev/no-duplicate-indexes
  .index("by_mappingId", ["mappingId"])
  .index("by_mappingId_and_externalId", ["mappingId", "externalId"]);

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
