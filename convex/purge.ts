import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { endPurge, purgeSome, schedulePurge } from "./model/admin/purge.ts";

/**
 * Deletes messages mirrored by a mapping before `before`, one batch per run, and schedules itself until nothing is left.
 * Messages from after the channel was mapped again stay.
 */
export const purgeMapping = internalMutation({
  args: {
    mappingId: v.id("mappings"),
    before: v.number(),
    cursor: v.optional(v.string()),
    // Of jobs that earlier versions scheduled.
    channelId: v.optional(v.id("channels")),
  },
  returns: v.null(),
  handler: async (ctx, { channelId: _, ...purge }) => {
    const next = await purgeSome(ctx, purge);
    if (next) await schedulePurge(ctx, next);
    else await endPurge(ctx, purge.mappingId);
    return null;
  },
});
