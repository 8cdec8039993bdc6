import { defineTable } from "convex/server";
import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { mappingsIn } from "./mappings.ts";
import { vCatchUp, type Platform } from "../shared/validators.ts";

/**
 * Every event of the mapping up to `upTo` is committed (docs/races.md#a-live-message-hides-a-gap). Written by catch-up
 * pages, by mapping, and at most once a minute by live ingest. Read once per catch-up; nothing subscribes.
 * `history`: how many messages from before the mapping are still to be backfilled.
 */
export const cursorsTable = defineTable({
  mappingId: v.id("mappings"),
  upTo: v.string(),
  caughtUpAt: v.number(),
  history: v.optional(v.number()),
  lastCatchUp: v.optional(vCatchUp),
}).index("by_mappingId", ["mappingId"]);

/**
 * "Every event of this mapping up to `upTo` is committed." Only ever moves forward. `since`: the mapping's, as that
 * catch-up read it. `caughtUp`: the catch-up ends with this.
 */
export const vAdvance = v.object({
  mappingId: v.id("mappings"),
  upTo: v.string(),
  since: v.optional(v.string()),
  caughtUp: v.optional(v.object({ recovered: v.number(), missed: v.optional(v.string()) })),
});

/** Where a mapping's catch-up begins. `history`: how many older messages to backfill first. */
export const vCursor = v.object({
  mappingId: v.id("mappings"),
  upTo: v.string(),
  history: v.optional(v.number()),
});

export async function cursorOf(ctx: QueryCtx, mappingId: Id<"mappings">) {
  return await ctx.db
    .query("cursors")
    .withIndex("by_mappingId", (q) => q.eq("mappingId", mappingId))
    .unique();
}

export async function cursorsOf(ctx: QueryCtx, platform: Platform) {
  const mappings = await mappingsIn(ctx, platform, "active");
  return await Promise.all(
    mappings.map(async ({ _id, since }) => {
      const cursor = await cursorOf(ctx, _id);
      return {
        mappingId: _id,
        upTo: cursor?.upTo ?? since,
        ...(cursor?.history !== undefined && { history: cursor.history }),
      };
    }),
  );
}

/**
 * Moves a cursor forward, never back, and records the result of a catch-up. A catch-up that began before the channel
 * was mapped again is ignored: it did not backfill the history requested since.
 */
export async function advanceCursor(
  ctx: MutationCtx,
  mapping: Doc<"mappings">,
  { upTo, since, caughtUp }: Infer<typeof vAdvance>,
): Promise<void> {
  const mappingId = mapping._id;
  if (since !== undefined && since !== mapping.since) return;
  const cursor = await cursorOf(ctx, mappingId);
  const at = Date.now();
  // A catch-up that finds nothing does not hide the last one that found something.
  const isNotable =
    caughtUp && (caughtUp.recovered > 0 || caughtUp.missed !== undefined || !cursor?.lastCatchUp);
  const result = isNotable ? { lastCatchUp: { at, ...caughtUp } } : {};
  if (!cursor) {
    await ctx.db.insert("cursors", { mappingId, upTo, caughtUpAt: at, ...result });
  } else if (caughtUp || cursor.upTo < upTo) {
    const furthest = cursor.upTo < upTo ? upTo : cursor.upTo;
    await ctx.db.patch("cursors", cursor._id, {
      upTo: furthest,
      caughtUpAt: at,
      ...result,
      ...(caughtUp && { history: undefined }),
    });
  }
}

/** Sets a cursor to the start of a mapping. Of what is before it, only `history` messages are backfilled. */
export async function restartCursor(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  upTo: string,
  history?: number,
): Promise<void> {
  const cursor = await cursorOf(ctx, mappingId);
  const fields = {
    mappingId,
    upTo,
    caughtUpAt: Date.now(),
    ...(history !== undefined && { history }),
  };
  if (cursor) await ctx.db.replace("cursors", cursor._id, fields);
  else await ctx.db.insert("cursors", fields);
}
