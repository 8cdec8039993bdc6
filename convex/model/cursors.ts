import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { mappingsIn } from "./mappings.ts";
import type { Platform, vAdvance } from "./validators.ts";

export async function cursorOf(
  ctx: QueryCtx,
  mappingId: Id<"mappings">,
): Promise<Doc<"cursors"> | null> {
  return await ctx.db
    .query("cursors")
    .withIndex("by_mappingId", (q) => q.eq("mappingId", mappingId))
    .unique();
}

export async function cursorsOf(
  ctx: QueryCtx,
  platform: Platform,
): Promise<Infer<typeof vAdvance>[]> {
  const mappings = await mappingsIn(ctx, platform, "active");
  return await Promise.all(
    mappings.map(async ({ _id, since }) => ({
      mappingId: _id,
      upTo: (await cursorOf(ctx, _id))?.upTo ?? since,
    })),
  );
}

/** Moves a cursor forward, never back. */
export async function advanceCursor(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  upTo: string,
): Promise<void> {
  const cursor = await cursorOf(ctx, mappingId);
  if (!cursor) await restartCursor(ctx, mappingId, upTo);
  else if (cursor.upTo < upTo) {
    await ctx.db.patch("cursors", cursor._id, { upTo, caughtUpAt: Date.now() });
  }
}

/** Puts a cursor where a mapping begins: history before it is never fetched. */
export async function restartCursor(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  upTo: string,
): Promise<void> {
  const cursor = await cursorOf(ctx, mappingId);
  const fields = { mappingId, upTo, caughtUpAt: Date.now() };
  if (cursor) await ctx.db.replace("cursors", cursor._id, fields);
  else await ctx.db.insert("cursors", fields);
}
