import type { Infer } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { clearHealth } from "../rows/mapping_health.ts";
import { reopenDelivery } from "../outbox/retry.ts";
import type { Platform } from "../shared/validators.ts";
import type { vChannelNews } from "./report_validators.ts";

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
  if (change.externalId !== undefined) await postAgain(ctx, mappingId);
}

/** The code with which Slack refuses a post under an id that a channel no longer has. */
const NOT_THERE = "channel_not_found";
const MOST_FAILED = 100;

/** What is older is no answer any more, in ms. */
const POST_AGAIN_MS = 60 * 60_000;

/** Replies that were posted under the old id before anybody was told of the new one. */
async function postAgain(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<void> {
  const failed = await ctx.db
    .query("deliveries")
    .withIndex("by_mappingId_and_state", (q) => q.eq("mappingId", mappingId).eq("state", "failed"))
    .order("desc")
    .take(MOST_FAILED);
  const since = Date.now() - POST_AGAIN_MS;
  for (const delivery of failed.reverse()) {
    const isRecent = (delivery.endedAt ?? 0) >= since;
    if (delivery.code === NOT_THERE && isRecent) await reopenDelivery(ctx, delivery, false);
  }
  await clearHealth(ctx, mappingId, "out");
}
