import type { Infer } from "convex/values";
import type { MutationCtx } from "../_generated/server.js";
import type { Platform, vChannelNews } from "./validators.ts";

/**
 * A mapped channel was renamed, or has another id now (Slack gives one when a channel becomes shared). The mapping
 * goes on with all it holds. An id that another mapping has already is left alone.
 */
export async function applyChannelNews(
  ctx: MutationCtx,
  platform: Platform,
  { mappingId, name, externalId }: Infer<typeof vChannelNews>,
): Promise<void> {
  const mapping = await ctx.db.get("mappings", mappingId);
  if (mapping?.platform !== platform) return;
  const renamed = name !== undefined && name !== mapping.externalName;
  const moved = externalId !== undefined && externalId !== mapping.externalId;
  const taken =
    moved &&
    (await ctx.db
      .query("mappings")
      .withIndex("by_platform_and_externalId", (q) =>
        q.eq("platform", platform).eq("externalId", externalId),
      )
      .first());
  const change = {
    ...(renamed && { externalName: name }),
    ...(moved && !taken && { externalId }),
  };
  if (Object.keys(change).length > 0) await ctx.db.patch("mappings", mappingId, change);
}
