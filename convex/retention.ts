import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { expireOld, vExpiryStep } from "./model/retention/expire.ts";

/**
 * Deletes messages older than their mapping keeps them, and after 30 days deliveries and replies that have ended (failed
 * deliveries stay), resolved problems and tombstones. Run daily (`crons.ts`).
 */
export const expire = internalMutation({
  args: { step: v.optional(vExpiryStep) },
  returns: v.null(),
  handler: async (ctx, { step }) => {
    await expireOld(ctx, step ?? { kind: "messages", cursor: null });
    return null;
  },
});
