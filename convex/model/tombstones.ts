import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";

/** Whether the message was deleted before it was ever stored, or purged. */
export async function isBuried(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  externalId: string,
): Promise<boolean> {
  const tombstone = await ctx.db
    .query("tombstones")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).eq("externalId", externalId),
    )
    .unique();
  return tombstone !== null;
}

/** Remembers that the message is to stay dead, should it still arrive. Returns whether that is news. */
export async function bury(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  externalId: string,
): Promise<boolean> {
  if (await isBuried(ctx, mappingId, externalId)) return false;
  await ctx.db.insert("tombstones", { mappingId, externalId });
  return true;
}
