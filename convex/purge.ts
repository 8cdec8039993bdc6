import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { endPurge, purgeSome, schedulePurge } from "./model/admin/purge.ts";

/**
 * Deletes what was said through a mapping before `before`, a batch a run, and schedules itself until nothing is left.
 * What is said after the channel is mapped again stays.
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
