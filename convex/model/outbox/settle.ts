import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { MAX_ATTEMPTS, QUARANTINE_MS } from "./claims/claim.ts";
import { clearHealth, setHealth } from "../rows/mapping_health.ts";
import { cancelJob } from "../shared/jobs.ts";
import { endDelivery, OUTCOME_KNOWN, makeReady } from "./ending.ts";
import { findPost } from "../rows/messages/posts.ts";
import { refusal } from "../shared/refusal.ts";
import { enqueueDelivery, isLaneShared } from "./lanes.ts";
import { openDeliveriesOf } from "../rows/deliveries.ts";
import { deletedOnPlatform } from "./deleted_post.ts";
import { openThreadsAt, openThreadsElsewhere } from "./places/pending_places.ts";
import { takeDown } from "./take_down.ts";
import { waitBefore } from "./wait.ts";
import { isBuried } from "../rows/messages/tombstones.ts";
import type { Platform } from "../shared/validators.ts";
import type { vPost, vSettlement } from "./validators.ts";

/** Times in a row that a platform may ask to wait before it counts as an attempt: an hour and more. */
const MAX_WAITS = 60;

/** An edit that the platform puts off for this long, in ms, lets others of its lane pass. */
const LONG_WAIT_MS = 30_000;

type Settlement = Infer<typeof vSettlement>;
type SettlementOf<Kind extends Settlement["kind"]> = Extract<Settlement, { kind: Kind }>;

interface Report {
  readonly deliveryId: Id<"deliveries">;
  readonly generation: number;
  readonly settlement: Settlement;
}

/**
 * Applies a bridge's report about a delivery. A post is a fact, and is recorded from any caller at any time
 * (docs/races.md#a-success-is-reported-late). Everything else counts only from the current holder, so a holder whose
 * lease expired cannot undo its successor's work. `held`: whether the caller may continue.
 * Throws FORBIDDEN for a delivery of the other platform.
 */
export async function settleDelivery(
  ctx: MutationCtx,
  platform: Platform,
  { deliveryId, generation, settlement }: Report,
): Promise<{ held: boolean }> {
  const delivery = await ctx.db.get("deliveries", deliveryId);
  // Purged with its channel during the post: there is no row left to update.
  if (!delivery) return { held: false };
  if (delivery.platform !== platform) {
    throw refusal("FORBIDDEN", "that delivery belongs to another platform");
  }
  const held = delivery.state === "leased" && delivery.lease?.generation === generation;
  switch (settlement.kind) {
    case "verify":
      return { held: await verify(ctx, delivery, settlement, held) };
    case "posted":
      return { held: await settlePosted(ctx, delivery, settlement, held) };
    case "done":
    case "retry":
    case "failed":
    case "release":
      if (held) await settleHeld(ctx, delivery, settlement);
      return { held: false };
  }
}

/** Applies the reports that count only from the current holder. Each of them ends its lease. */
async function settleHeld(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  settlement: SettlementOf<"done" | "retry" | "failed" | "release">,
): Promise<void> {
  switch (settlement.kind) {
    case "done":
      for (const externalId of settlement.removed ?? []) {
        const post = await findPost(ctx, delivery.mappingId, externalId);
        if (post)
          await ctx.db.patch("posts", post._id, { deletedAt: post.deletedAt ?? Date.now() });
      }
      await endDelivery(ctx, delivery, { state: "sent" });
      return;
    case "retry":
      await retryLater(ctx, delivery, settlement);
      return;
    case "failed":
      await fail(ctx, delivery, settlement);
      return;
    case "release":
      await cancelJob(ctx, delivery.timerId);
      await makeReady(ctx, { ...delivery, attempts: delivery.attempts - 1 });
      return;
  }
}

/** Whether the caller may send that part again, having found that it was not posted. */
async function verify(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  { part }: SettlementOf<"verify">,
  held: boolean,
): Promise<boolean> {
  if (await isDeleted(ctx, delivery)) {
    if (held) await cancelDeleted(ctx, delivery);
    return false;
  }
  // An earlier holder may have reported this part since the caller looked for it.
  return held && !(await findPart(ctx, delivery, part));
}

/** Records a post. Returns whether the caller is to post the next part. */
async function settlePosted(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  { post, last, format }: SettlementOf<"posted">,
  held: boolean,
): Promise<boolean> {
  const isThere = await recordPost(ctx, delivery, post);
  if (await isDeleted(ctx, delivery)) {
    // Post no further part, and take down the ones that exist.
    await cancelDeleted(ctx, delivery);
    await takeDown(ctx, delivery.messageId);
    return false;
  }
  if (post.part === 0) {
    if (isThere) await openThreadsAt(ctx, delivery, post.externalId);
    else await openThreadsElsewhere(ctx, delivery);
  }
  if (last) {
    // Even if it counted as `failed` or `waiting` meanwhile: the post exists.
    if (delivery.state !== "sent") await endDelivery(ctx, delivery, { state: "sent" });
    await clearHealth(ctx, delivery.mappingId, "out");
    return false;
  }
  // Parts are posted one at a time: after the holder's post no part has an unknown outcome.
  await ctx.db.patch("deliveries", delivery._id, {
    format,
    attempts: 0,
    waits: undefined,
    ...(held && OUTCOME_KNOWN),
  });
  return held;
}

async function fail(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  { code, reason, step, certain, health }: SettlementOf<"failed">,
): Promise<void> {
  const trouble = { code, reason, ...(step !== undefined && { step }) };
  await endDelivery(ctx, delivery, {
    state: "failed",
    ...trouble,
    ...(!certain && unknownSinceNow()),
  });
  if (health) await setHealth(ctx, delivery.mappingId, "out", trouble);
}

/** Whether the message this delivery posts has been deleted since, here or by a moderator. */
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
  { code, reason, afterMs, certain, limited }: SettlementOf<"retry">,
): Promise<void> {
  await cancelJob(ctx, delivery.timerId);
  if (limited && afterMs >= LONG_WAIT_MS && (await letOthersPass(ctx, delivery, afterMs))) return;
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

/**
 * Puts an edit behind what waits in its lane: Discord limits edits of messages older than an hour, for up to an hour.
 * Returns false if nothing waits.
 */
async function letOthersPass(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  delayMs: number,
): Promise<boolean> {
  const { _id, op, messageId, conversationId, outcomeUnknown } = delivery;
  if (op !== "edit" || outcomeUnknown || !(await isLaneShared(ctx, conversationId))) return false;
  const place = await ctx.db.get("conversations", conversationId);
  const isQueued = (await openDeliveriesOf(ctx, messageId)).some(
    (other) => other._id !== _id && other.op === "edit" && other.conversationId === conversationId,
  );
  if (place && !isQueued) await enqueueDelivery(ctx, place, { messageId, op: "edit", delayMs });
  await endDelivery(ctx, delivery, { state: "cancelled", reason: "others of its lane come first" });
  return true;
}

function unknownSinceNow() {
  return { outcomeUnknown: true as const, unknownUntil: Date.now() };
}

async function findPart(ctx: MutationCtx, delivery: Doc<"deliveries">, part: number) {
  return await ctx.db
    .query("posts")
    .withIndex("by_deliveryId_and_part", (q) => q.eq("deliveryId", delivery._id).eq("part", part))
    .first();
}

/** Returns whether the post is still there: a moderator may have been faster than this report. */
async function recordPost(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  post: Infer<typeof vPost>,
): Promise<boolean> {
  const known = await findPart(ctx, delivery, post.part);
  if (known) return known.deletedAt === undefined;
  const id = await ctx.db.insert("posts", {
    mappingId: delivery.mappingId,
    deliveryId: delivery._id,
    messageId: delivery.messageId,
    conversationId: delivery.conversationId,
    ...post,
  });
  if (!(await isBuried(ctx, delivery.mappingId, post.externalId))) return true;
  const taken = await ctx.db.get("posts", id);
  if (taken) await deletedOnPlatform(ctx, taken);
  return false;
}
