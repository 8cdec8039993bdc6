import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { sweep, vPlace } from "./model/sweep/sweep.ts";

/** Re-arms what waits for a scheduled function that is gone. Run hourly (crons.ts); continues itself from `place`. */
export const run = internalMutation({
  args: { place: v.optional(vPlace) },
  returns: v.null(),
  handler: async (ctx, { place }) => {
    await sweep(ctx, place ?? { step: 0, after: 0 });
    return null;
  },
});
