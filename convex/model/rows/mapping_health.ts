import type { Infer, ObjectType } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import type { troubleFields, vDirection } from "../shared/validators.ts";

type Direction = Infer<typeof vDirection>;

type Trouble = ObjectType<typeof troubleFields>;

async function healthRow(ctx: QueryCtx, mappingId: Id<"mappings">, direction: Direction) {
  return await ctx.db
    .query("mappingHealth")
    .withIndex("by_mappingId_and_direction", (q) =>
      q.eq("mappingId", mappingId).eq("direction", direction),
    )
    .unique();
}

/**
 * Marks one direction of a mapping as broken, since the first mark that was not cleared. The other direction keeps
 * working (docs/races.md#a-posting-failure-must-not-stop-ingest).
 */
export async function setHealth(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  direction: Direction,
  trouble: Trouble,
): Promise<void> {
  const row = await healthRow(ctx, mappingId, direction);
  const fields = { mappingId, direction, ...trouble, at: row?.at ?? Date.now() };
  if (row) await ctx.db.replace("mappingHealth", row._id, fields);
  else await ctx.db.insert("mappingHealth", fields);
}

/** Removes the mark once the direction works again. */
export async function clearHealth(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  direction: Direction,
): Promise<void> {
  const row = await healthRow(ctx, mappingId, direction);
  if (row) await ctx.db.delete("mappingHealth", row._id);
}

/** Every mark: at most two per mapping. */
export async function allHealth(ctx: QueryCtx): Promise<Doc<"mappingHealth">[]> {
  return await ctx.db.query("mappingHealth").withIndex("by_mappingId_and_direction").take(2_000);
}
