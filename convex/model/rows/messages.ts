import type { Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";

/** A mirrored message by the platform's id: unique in its mapping, because ingest looks before it inserts. */
export async function findMessage(ctx: QueryCtx, mappingId: Id<"mappings">, externalId: string) {
  return await ctx.db
    .query("messages")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).eq("externalId", externalId),
    )
    .unique();
}
