import type { Doc } from "../../../convex/_generated/dataModel.js";
import type { QueryCtx } from "../../../convex/_generated/server.js";

/*
 * What the playground's deployment runs in place of a `convex/access.ts` that is as it came: whoever is signed in (that is
 * Ann) may read and write the channel `general`.
 */

export async function mayRead(ctx: QueryCtx, channel: Doc<"channels">): Promise<boolean> {
  return channel.name === "general" && (await ctx.auth.getUserIdentity()) !== null;
}

export async function mayWrite(ctx: QueryCtx, channel: Doc<"channels">): Promise<boolean> {
  return await mayRead(ctx, channel);
}
