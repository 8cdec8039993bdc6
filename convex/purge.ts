import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { endPurge, purgeSome, schedulePurge } from "./model/admin/purge.ts";

/**
 * Deletes messages mirrored by a mapping before `before`, one batch per run, and schedules itself until nothing is left.
 * Messages from after the channel was mapped again stay.
 */
export const purgeMapping = internalMutation({
  args: { mappingId: v.id("mappings"), channelId: v.id("channels"), before: v.number() },
  returns: v.null(),
  handler: async (ctx, args) => {
    if (await purgeSome(ctx, args)) await endPurge(ctx, args);
    else await schedulePurge(ctx, args);
    return null;
  },
});
