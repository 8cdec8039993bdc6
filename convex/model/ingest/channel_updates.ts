import type { Infer } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { clearHealth } from "../rows/mapping_health.ts";
import { findMapping } from "../rows/mappings.ts";
import { reopenDelivery } from "../outbox/retry.ts";
import type { Platform } from "../shared/validators.ts";
import type { vChannelUpdate } from "./report_validators.ts";

/**
 * Stores the new name of a mapped channel, or its new id (Slack assigns one when a channel becomes shared). The mapping
 * keeps its messages. An id that another mapping already has is ignored.
 */
export async function applyChannelUpdate(
  ctx: MutationCtx,
  platform: Platform,
  { mappingId, name, externalId }: Infer<typeof vChannelUpdate>,
): Promise<void> {
  const mapping = await ctx.db.get("mappings", mappingId);
  if (mapping?.platform !== platform) return;
  const renamed = name !== undefined && name !== mapping.externalName;
  const moved = externalId !== undefined && externalId !== mapping.externalId;
  const taken = moved && (await findMapping(ctx, platform, externalId));
  const change = {
    ...(renamed && { externalName: name }),
    ...(moved && !taken && { externalId }),
  };
  if (Object.keys(change).length > 0) await ctx.db.patch("mappings", mappingId, change);
  if (change.externalId !== undefined) await postAgain(ctx, mappingId);
}

/** Slack's error for a post to a former id of a channel. */
const CHANNEL_NOT_FOUND = "channel_not_found";
const MOST_FAILED = 100;

/** Older replies are not posted again, in ms: they no longer answer anything. */
const POST_AGAIN_MS = 60 * 60_000;

/** Posts the replies again that failed under the old id before the new one was reported. */
async function postAgain(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<void> {
  const failed = await ctx.db
    .query("deliveries")
    .withIndex("by_mappingId_and_state", (q) => q.eq("mappingId", mappingId).eq("state", "failed"))
    .order("desc")
    .take(MOST_FAILED);
  const since = Date.now() - POST_AGAIN_MS;
  for (const delivery of failed.reverse()) {
    const isRecent = (delivery.endedAt ?? 0) >= since;
    if (delivery.code === CHANNEL_NOT_FOUND && isRecent) await reopenDelivery(ctx, delivery, false);
  }
  await clearHealth(ctx, mappingId, "out");
}
