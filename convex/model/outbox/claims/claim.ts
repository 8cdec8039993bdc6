import type { Infer } from "convex/values";
import { internal } from "../../../_generated/api.js";
import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../../_generated/server.js";
import { endDelivery } from "../ending.ts";
import { headState, mayPostTo } from "../lanes.ts";
import { LEASE_MS, type Leased, type Target, toClaimed } from "./claimed.ts";
import { isRelay } from "./outgoing_text.ts";
import { piecesOf } from "../../rows/messages/posts.ts";
import { waitBefore } from "../wait.ts";
import { timeAt } from "../../shared/positions.ts";
import type { Platform } from "../../shared/validators.ts";
import type { vClaim } from "../validators.ts";

/** Attempts before a delivery fails; with the bridge's backoff about eight minutes. */
export const MAX_ATTEMPTS = 10;

/**
 * A delivery that is claimed this long after it was created or first claimed, in ms, may be one that a restored backup
 * brought back: posted since the backup was taken (docs/races.md#a-backup-is-restored).
 */
const LATE_MS = 5 * 60_000;

/** A message stored this long after it was said was caught up, in ms. */
const CAUGHT_UP_MS = 60_000;

/** Wait after an unknown outcome: time for a request in flight to arrive or fail. */
export const QUARANTINE_MS = 25_000;

/**
 * Ids of ready deliveries only: the result stays small, and claiming shrinks it
 * (docs/races.md#the-outbox-subscription-stays-small).
 */
export async function readyDeliveries(ctx: QueryCtx, platform: Platform) {
  const rows = await ctx.db
    .query("deliveries")
    .withIndex("by_platform_and_state", (q) => q.eq("platform", platform).eq("state", "ready"))
    .take(100);
  return rows.map((row) => row._id);
}

interface Claimer {
  readonly deliveryId: Id<"deliveries">;
  readonly owner: string;
  readonly format?: string;
}

/** What a claim of a ready delivery leads to. */
type Decision =
  | { readonly kind: "cancel"; readonly reason: string }
  | { readonly kind: "hold" }
  | { readonly kind: "lease"; readonly target: Target };

/** Leases a ready delivery to `owner`. Cancels or holds it instead if it may no longer be posted. */
export async function claimDelivery(
  ctx: MutationCtx,
  platform: Platform,
  claimer: Claimer,
): Promise<Infer<typeof vClaim>> {
  const delivery = await ctx.db.get("deliveries", claimer.deliveryId);
  if (delivery?.platform !== platform || delivery.state !== "ready") return { status: "gone" };
  const decision = await decide(ctx, delivery);
  switch (decision.kind) {
    case "cancel":
      await endDelivery(ctx, delivery, { state: "cancelled", reason: decision.reason });
      return { status: "gone" };
    case "hold":
      await ctx.db.patch("deliveries", delivery._id, { state: "held" });
      return { status: "gone" };
    case "lease": {
      const leased = await lease(ctx, delivery, decision.target, claimer);
      return { status: "claimed", delivery: await toClaimed(ctx, leased, decision.target) };
    }
  }
}

/**
 * Checks a last time whether the channel was unmapped or paused, or the message deleted, since the delivery was queued
 * (docs/races.md#unmapped-or-paused-while-a-reply-is-being-written).
 */
async function decide(ctx: MutationCtx, delivery: Doc<"deliveries">): Promise<Decision> {
  const mapping = await ctx.db.get("mappings", delivery.mappingId);
  const conversation = await ctx.db.get("conversations", delivery.conversationId);
  const message = await ctx.db.get("messages", delivery.messageId);
  if (
    !mapping ||
    !conversation ||
    !mayPostTo(mapping, conversation) ||
    precedes(delivery, mapping)
  ) {
    return { kind: "cancel", reason: "the channel was unmapped" };
  }
  const isGone = !message || (message.deletedAt !== undefined && delivery.op !== "delete");
  // A post of unknown outcome must be found before it can be taken down.
  if (!message || (isGone && !delivery.outcomeUnknown)) {
    return { kind: "cancel", reason: "the message was deleted" };
  }
  if (await isSwitchedOff(ctx, delivery, mapping, message)) {
    return { kind: "cancel", reason: "the relay was switched off" };
  }
  // A bridge would post what is missing: a copy that was refused, or that a moderator has hidden.
  if (delivery.op === "edit" && !(await isPosted(ctx, message, mapping))) {
    return { kind: "cancel", reason: "nothing to edit is there" };
  }
  if (headState(mapping) === "held") return { kind: "hold" };
  return { kind: "lease", target: { mapping, conversation, message } };
}

/**
 * Whether a relay ended before it began: what is posted is still deleted, and what is partly posted is completed
 * (docs/races.md#a-relay-is-switched-off).
 */
async function isSwitchedOff(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  { _id: mappingId, relaySince }: Doc<"mappings">,
  message: Doc<"messages">,
): Promise<boolean> {
  if (relaySince !== undefined || delivery.op === "delete" || !isRelay(delivery, message))
    return false;
  if (delivery.op === "edit") return true;
  return !delivery.outcomeUnknown && (await piecesOf(ctx, message._id, mappingId)).length === 0;
}

async function isPosted(
  ctx: MutationCtx,
  message: Doc<"messages">,
  { _id: mappingId }: Doc<"mappings">,
): Promise<boolean> {
  const pieces = await piecesOf(ctx, message._id, mappingId);
  return pieces.some(({ deletedAt }) => deletedAt === undefined);
}

/** Whether a delivery is from before its channel was mapped again, and not cancelled yet. */
function precedes({ _creationTime }: Doc<"deliveries">, { platform, since }: Doc<"mappings">) {
  // A creation time has fractions of the millisecond in which the channel was mapped.
  return Math.floor(_creationTime) < timeAt(platform, since);
}

async function lease(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  target: Target,
  { owner, format }: Claimer,
): Promise<Leased> {
  const now = Date.now();
  const since = delivery.claimedAt ?? Math.floor(delivery._creationTime);
  const saidAt = relayedLateFrom(delivery, target);
  const isLate = now - since > LATE_MS || saidAt !== undefined;
  const generation = delivery.generation + 1;
  // No client watches leased rows. This timer notices a holder that died; settling cancels it
  // (docs/races.md#a-lease-holder-dies).
  const timerId = await ctx.scheduler.runAfter(LEASE_MS, internal.deliveries.expire, {
    deliveryId: delivery._id,
    generation,
  });
  const leased = {
    state: "leased" as const,
    lease: { owner, generation, expiresAt: now + LEASE_MS },
    generation,
    attempts: delivery.attempts + 1,
    claimedAt: delivery.claimedAt ?? now,
    // A part of unknown outcome was cut by its sender's renderer: keep that version until the part is found
    // (docs/races.md#a-long-reply-resumes).
    format: delivery.outcomeUnknown ? delivery.format : (format ?? delivery.format),
    timerId,
  };
  await ctx.db.patch("deliveries", delivery._id, leased);
  const ageMs = now - leased.claimedAt;
  if (!isLate) return { ...delivery, ...leased, ageMs, isLate };
  // What may have been posted before the claim is searched for from the delivery's beginning until now.
  const { unknownUntil = now } = delivery;
  const firstClaimedAt = Math.min(since, saidAt ?? since);
  return { ...delivery, ...leased, ageMs, isLate, firstClaimedAt, unknownUntil };
}

/**
 * When a message was said that is relayed for the first time and much later. It may have been caught up after a backup
 * was restored, and have its copy (docs/races.md#a-backup-is-restored).
 */
function relayedLateFrom(
  delivery: Doc<"deliveries">,
  { message, mapping: { relaySince = 0 } }: Target,
): number | undefined {
  const { op, claimedAt, _creationTime: at } = delivery;
  const { sentAt = at } = message;
  const isFirst = op === "create" && claimedAt === undefined && isRelay(delivery, message);
  if (!isFirst || at - sentAt <= CAUGHT_UP_MS) return undefined;
  // The root of a thread may be from long before its channel heard others.
  return Math.max(sentAt, relaySince);
}

/**
 * A lease ended without a report. Its holder may have posted: the outcome is unknown, and after a quarantine another
 * worker may look for the post.
 */
export async function expireLease(
  ctx: MutationCtx,
  deliveryId: Id<"deliveries">,
  generation: number,
): Promise<void> {
  const delivery = await ctx.db.get("deliveries", deliveryId);
  if (delivery?.state !== "leased" || delivery.lease?.generation !== generation) return;
  const why = {
    outcomeUnknown: true,
    unknownUntil: delivery.lease.expiresAt,
    code: "LEASE_EXPIRED",
    reason: "the bridge that was posting this stopped responding",
  } as const;
  if (delivery.attempts < MAX_ATTEMPTS) await waitBefore(ctx, delivery, QUARANTINE_MS, why);
  else await endDelivery(ctx, delivery, { state: "failed", ...why });
}
