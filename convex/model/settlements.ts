import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { MAX_ATTEMPTS, QUARANTINE_MS, waitBefore } from "./claims.ts";
import { clearHealth, setHealth } from "./health.ts";
import { cancelJob } from "./jobs.ts";
import { endDelivery, makeReady } from "./lanes.ts";
import { refusal } from "./refusals.ts";
import type { Platform, vPost, vSettlement } from "./validators.ts";

interface Report {
  readonly deliveryId: Id<"deliveries">;
  readonly generation: number;
  readonly settlement: Infer<typeof vSettlement>;
}

/**
 * Applies what a bridge tells of a delivery. A post is a fact, and is recorded whoever reports it and whenever
 * [C3]; everything else counts only from the current holder, so a holder that was given up cannot undo what its
 * successor did.
 */
export async function settleDelivery(
  ctx: MutationCtx,
  platform: Platform,
  { deliveryId, generation, settlement }: Report,
): Promise<{ held: boolean }> {
  const delivery = await ctx.db.get("deliveries", deliveryId);
  // Purged with its channel while a post was on the wire: nothing is left to note it on.
  if (!delivery) return { held: false };
  if (delivery.platform !== platform) {
    throw refusal("FORBIDDEN", "that delivery belongs to another platform");
  }
  const held = delivery.state === "leased" && delivery.lease?.generation === generation;

  switch (settlement.kind) {
    case "posted":
      await recordPost(ctx, delivery, settlement.post);
      if (settlement.last) {
        // Also over `failed` and `waiting`: it stands there, whatever was thought meanwhile.
        if (delivery.state !== "sent") await endDelivery(ctx, delivery, { state: "sent" });
        await clearHealth(ctx, delivery.mappingId, "out");
      } else if (delivery.format !== settlement.format) {
        await ctx.db.patch("deliveries", deliveryId, { format: settlement.format });
      }
      return { held: held && !settlement.last };

    case "done":
      if (held) await endDelivery(ctx, delivery, { state: "sent" });
      return { held: false };

    case "retry":
      if (held) await retryLater(ctx, delivery, settlement);
      return { held: false };

    case "failed":
      if (held) {
        const { code, reason, step, certain, health } = settlement;
        const trouble = { code, reason, ...(step !== undefined && { step }) };
        await endDelivery(ctx, delivery, {
          state: "failed",
          ...trouble,
          ...(!certain && { outcomeUnknown: true }),
        });
        if (health) await setHealth(ctx, delivery.mappingId, "out", trouble);
      }
      return { held: false };

    case "release":
      if (held) {
        await cancelJob(ctx, delivery.timerId);
        await makeReady(ctx, { ...delivery, attempts: delivery.attempts - 1 });
      }
      return { held: false };
  }
}

async function retryLater(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  { code, reason, afterMs, certain }: Extract<Infer<typeof vSettlement>, { kind: "retry" }>,
): Promise<void> {
  await cancelJob(ctx, delivery.timerId);
  if (delivery.attempts >= MAX_ATTEMPTS) {
    await endDelivery(ctx, delivery, { state: "failed", code, reason });
    return;
  }
  await waitBefore(ctx, delivery, certain ? afterMs : Math.max(afterMs, QUARANTINE_MS), {
    code,
    reason,
    ...(!certain && { outcomeUnknown: true as const }),
  });
}

async function recordPost(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  post: Infer<typeof vPost>,
): Promise<void> {
  const known = await ctx.db
    .query("posts")
    .withIndex("by_deliveryId_and_part", (q) =>
      q.eq("deliveryId", delivery._id).eq("part", post.part),
    )
    .first();
  if (known) return;
  await ctx.db.insert("posts", {
    mappingId: delivery.mappingId,
    deliveryId: delivery._id,
    messageId: delivery.messageId,
    ...post,
  });
}
