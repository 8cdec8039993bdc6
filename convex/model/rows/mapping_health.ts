import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import type { vDirection } from "../shared/validators.ts";

type Direction = Infer<typeof vDirection>;

interface Trouble {
  readonly code: string;
  readonly reason: string;
  readonly step?: string;
}

async function healthRow(
  ctx: QueryCtx,
  mappingId: Id<"mappings">,
  direction: Direction,
): Promise<Doc<"mappingHealth"> | null> {
  return await ctx.db
    .query("mappingHealth")
    .withIndex("by_mappingId_and_direction", (q) =>
      q.eq("mappingId", mappingId).eq("direction", direction),
    )
    .unique();
}

/**
 * Marks one direction of a mapping as broken. The other direction keeps working
 * (docs/races.md#a-posting-failure-must-not-stop-ingest).
 */
export async function setHealth(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  direction: Direction,
  trouble: Trouble,
): Promise<void> {
  const row = await healthRow(ctx, mappingId, direction);
  const fields = { mappingId, direction, ...trouble, at: Date.now() };
  if (row) await ctx.db.replace("mappingHealth", row._id, fields);
  else await ctx.db.insert("mappingHealth", fields);
}

/** Takes the mark away once it works again. */
export async function clearHealth(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  direction: Direction,
): Promise<void> {
  const row = await healthRow(ctx, mappingId, direction);
  if (row) await ctx.db.delete("mappingHealth", row._id);
}

/** Every mark there is: at most two a mapping. */
export async function allHealth(ctx: QueryCtx): Promise<Doc<"mappingHealth">[]> {
  return await ctx.db.query("mappingHealth").withIndex("by_mappingId_and_direction").take(2_000);
}
