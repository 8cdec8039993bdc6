import type { Infer } from "convex/values";
import type { MutationCtx } from "../../_generated/server.js";
import type { Platform } from "../shared/validators.ts";
import { claimDelivery } from "./claims/claim.ts";
import { laneHead } from "./lanes.ts";
import { settleDelivery } from "./settle.ts";
import type { vReport, vSettled } from "./validators.ts";

/**
 * Applies a report, and claims the next delivery of the lane if the report ended this one: under load each delivery
 * then takes one call. Throws FORBIDDEN for a delivery of the other platform.
 */
export async function settleAndClaimNext(
  ctx: MutationCtx,
  platform: Platform,
  { next, ...report }: Infer<typeof vReport>,
): Promise<Infer<typeof vSettled>> {
  const settled = await settleDelivery(ctx, platform, report);
  const delivery = next && (await ctx.db.get("deliveries", report.deliveryId));
  if (!next || delivery?.endedAt === undefined) return settled;
  const head = await laneHead(ctx, delivery.conversationId);
  if (head?.state !== "ready") return settled;
  const claim = await claimDelivery(ctx, platform, { deliveryId: head._id, ...next });
  return claim.status === "claimed" ? { ...settled, next: claim.delivery } : settled;
}
