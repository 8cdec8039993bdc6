import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { clearThread } from "./model/ingest/delete_thread.ts";

/** Clears what was said in a thread that is gone, a batch a run, and schedules itself until nothing is left. */
export const clear = internalMutation({
  args: {
    conversationId: v.id("conversations"),
    before: v.optional(v.number()),
    cursor: v.union(v.string(), v.null()),
  },
  returns: v.null(),
  handler: async (ctx, clearing) => {
    await clearThread(ctx, clearing);
    return null;
  },
});
