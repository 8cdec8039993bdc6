import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { mappingsIn } from "./mappings.ts";
import type { Platform } from "../shared/validators.ts";
import type { vAdvance, vCursor } from "../ingest/event_validators.ts";

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
): Promise<Infer<typeof vCursor>[]> {
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
 * Moves a cursor forward, never back, and records what a catch-up came to. One that began before the channel was mapped
 * anew says nothing of the history asked for since.
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
  // The next catch-up that finds nothing need not hide what this one found.
  const worthTelling =
    caughtUp && (caughtUp.recovered > 0 || caughtUp.missed !== undefined || !cursor?.lastCatchUp);
  const told = worthTelling ? { lastCatchUp: { at, ...caughtUp } } : {};
  if (!cursor) {
    await ctx.db.insert("cursors", { mappingId, upTo, caughtUpAt: at, ...told });
  } else if (caughtUp || cursor.upTo < upTo) {
    const furthest = cursor.upTo < upTo ? upTo : cursor.upTo;
    await ctx.db.patch("cursors", cursor._id, {
      upTo: furthest,
      caughtUpAt: at,
      ...told,
      ...(caughtUp && { history: undefined }),
    });
  }
}

/** Puts a cursor where a mapping begins: of what is before it only `history` messages are ever fetched. */
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
