import { v } from "convex/values";
import type { MutationCtx, QueryCtx } from "../../../_generated/server.js";
import { type Platform, vPlatform } from "../../shared/validators.ts";

/** What else than people a message may mention. */
export const vMentionedKind = v.union(v.literal("group"), v.literal("channel"));

/** The name of a channel or group, which has an id of its own on its platform. */
export const vMentionName = v.object({
  platform: vPlatform,
  externalId: v.string(),
  name: v.string(),
});

/** Undefined until the bridge has looked it up. */
export async function mentionName(
  ctx: QueryCtx,
  platform: Platform,
  externalId: string,
): Promise<string | undefined> {
  return (await rowOf(ctx, platform, externalId))?.name;
}

/** Stores a name, or the new one. */
export async function nameMention(
  ctx: MutationCtx,
  platform: Platform,
  externalId: string,
  name: string,
): Promise<void> {
  const row = await rowOf(ctx, platform, externalId);
  if (!row) await ctx.db.insert("mentionNames", { platform, externalId, name });
  else if (row.name !== name) await ctx.db.patch("mentionNames", row._id, { name });
}

async function rowOf(ctx: QueryCtx, platform: Platform, externalId: string) {
  return await ctx.db
    .query("mentionNames")
    .withIndex("by_platform_and_externalId", (q) =>
      q.eq("platform", platform).eq("externalId", externalId),
    )
    .unique();
}
