import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { purgeSome } from "./model/purging.ts";

/**
 * Deletes what was said through a mapping before `before`, a batch a run, and schedules itself until nothing is left.
 * What is said after the channel is mapped again stays.
 */
export const purgeMapping = internalMutation({
  args: { mappingId: v.id("mappings"), channelId: v.id("channels"), before: v.number() },
  returns: v.null(),
  handler: async (ctx, args) => {
    if (!(await purgeSome(ctx, args))) {
      await ctx.scheduler.runAfter(0, internal.purge.purgeMapping, args);
    }
    return null;
  },
});
