import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { MAX_ATTEMPTS, QUARANTINE_MS, waitBefore } from "./claim.ts";
import { clearHealth, setHealth } from "../rows/mapping_health.ts";
import { cancelJob } from "../shared/jobs.ts";
import { endDelivery, KNOWN, makeReady } from "./lanes.ts";
import { takeDownPost } from "../rows/posts.ts";
import { refusal } from "../shared/refusal.ts";
import { takeDown } from "./take_down.ts";
import { isBuried } from "../rows/tombstones.ts";
import type { Platform, vPost, vSettlement } from "../shared/validators.ts";

/** Times in a row that a platform may ask to wait before it counts as an attempt: an hour and more. */
const MAX_WAITS = 60;

interface Report {
  readonly deliveryId: Id<"deliveries">;
  readonly generation: number;
  readonly settlement: Infer<typeof vSettlement>;
}

/**
 * Applies what a bridge tells of a delivery. A post is a fact, and is recorded whoever reports it and whenever
 * [C3]; everything else counts only from the current holder, so a holder that was given up cannot undo what its
 * successor did. `held` tells the caller whether to go on.
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
    case "verify":
      if (await isDeleted(ctx, delivery)) {
        // It isn't there, and is not to be.
        if (held) await cancelDeleted(ctx, delivery);
        return { held: false };
      }
      // Somebody who was given up may have told of this very part since the caller looked for it.
      return { held: held && !(await findPart(ctx, delivery, settlement.part)) };

    case "posted":
      await recordPost(ctx, delivery, settlement.post);
      if (await isDeleted(ctx, delivery)) {
        // Nothing more of it is posted, and what stands goes.
        await cancelDeleted(ctx, delivery);
        await takeDown(ctx, delivery);
        return { held: false };
      }
      if (settlement.last) {
        // Also over `failed` and `waiting`: it stands there, whatever was thought meanwhile.
        if (delivery.state !== "sent") await endDelivery(ctx, delivery, { state: "sent" });
        await clearHealth(ctx, delivery.mappingId, "out");
      } else {
        // One part at a time is under way: the holder's post leaves none of unknown outcome.
        const { format } = settlement;
        await ctx.db.patch("deliveries", deliveryId, {
          format,
          attempts: 0,
          waits: undefined,
          ...(held && KNOWN),
        });
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
          ...(!certain && unknownSinceNow()),
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

/** Whether what it was to post was deleted meanwhile, here or by a moderator. */
async function isDeleted(ctx: MutationCtx, { messageId, op }: Doc<"deliveries">): Promise<boolean> {
  if (op === "delete") return false;
  const message = await ctx.db.get("messages", messageId);
  return message?.deletedAt !== undefined;
}

async function cancelDeleted(ctx: MutationCtx, delivery: Doc<"deliveries">): Promise<void> {
  if (delivery.endedAt !== undefined) return;
  await endDelivery(ctx, delivery, { state: "cancelled", reason: "the message was deleted" });
}

async function retryLater(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  {
    code,
    reason,
    afterMs,
    certain,
    limited,
  }: Extract<Infer<typeof vSettlement>, { kind: "retry" }>,
): Promise<void> {
  await cancelJob(ctx, delivery.timerId);
  if (limited && (delivery.waits ?? 0) < MAX_WAITS) {
    // Lanes share a platform's limits: in a burst each would use up its attempts by waiting for the others. They wait
    // longer each time instead, at most a minute beyond what the platform asked for.
    const waits = (delivery.waits ?? 0) + 1;
    await ctx.db.patch("deliveries", delivery._id, { waits, attempts: delivery.attempts - 1 });
    const spreadMs = Math.random() * Math.min(60_000, 500 * 2 ** waits);
    await waitBefore(ctx, delivery, afterMs + spreadMs, { code, reason });
    return;
  }
  const why = { code, reason, ...(!certain && unknownSinceNow()) };
  if (delivery.attempts >= MAX_ATTEMPTS) {
    await endDelivery(ctx, delivery, { state: "failed", ...why });
    return;
  }
  const delayMs = certain ? afterMs : Math.max(afterMs, QUARANTINE_MS);
  await waitBefore(ctx, delivery, delayMs, why);
}

function unknownSinceNow() {
  return { outcomeUnknown: true as const, unknownUntil: Date.now() };
}

async function findPart(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  part: number,
): Promise<Doc<"posts"> | null> {
  return await ctx.db
    .query("posts")
    .withIndex("by_deliveryId_and_part", (q) => q.eq("deliveryId", delivery._id).eq("part", part))
    .first();
}

async function recordPost(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  post: Infer<typeof vPost>,
): Promise<void> {
  if (await findPart(ctx, delivery, post.part)) return;
  const id = await ctx.db.insert("posts", {
    mappingId: delivery.mappingId,
    deliveryId: delivery._id,
    messageId: delivery.messageId,
    ...post,
  });
  // A moderator was faster than this report.
  if (!(await isBuried(ctx, delivery.mappingId, post.externalId))) return;
  const taken = await ctx.db.get("posts", id);
  if (taken) await takeDownPost(ctx, taken);
}
