import type { Infer } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { endDelivery, headState, mayPostTo } from "./lanes.ts";
import { findMessage } from "../rows/messages.ts";
import { piecesOf } from "../rows/posts.ts";
import { timeAt } from "../shared/positions.ts";
import { readableContent } from "../rows/message_text.ts";
import { cut } from "../shared/text.ts";
import type { Platform } from "../shared/validators.ts";
import type { vClaim, vClaimed } from "./validators.ts";

/** How long a lease lasts. Far longer than one post may take (10 s): docs/races.md#a-lease-expires-during-a-post. */
export const LEASE_MS = 60_000;

/** Attempts before a delivery fails; with the bridge's backoff about eight minutes. */
export const MAX_ATTEMPTS = 10;

/**
 * A delivery that is claimed this long after it was created or first claimed, in ms, may be one that a restored backup
 * brought back: posted since the backup was taken (docs/races.md#a-backup-is-restored).
 */
const LATE_MS = 5 * 60_000;

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

/** The rows that a delivery needs to be posted. */
interface Target {
  readonly mapping: Doc<"mappings">;
  readonly conversation: Doc<"conversations">;
  readonly message: Doc<"messages">;
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
      const leased = await lease(ctx, delivery, claimer);
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
  if (headState(mapping) === "held") return { kind: "hold" };
  return { kind: "lease", target: { mapping, conversation, message } };
}

/** Whether a delivery is from before its channel was mapped again, and not cancelled yet. */
function precedes({ _creationTime }: Doc<"deliveries">, { platform, since }: Doc<"mappings">) {
  // A creation time has fractions of the millisecond in which the channel was mapped.
  return Math.floor(_creationTime) < timeAt(platform, since);
}

/** A delivery with the fields that its new lease has set. */
type Leased = Omit<Doc<"deliveries">, "claimedAt" | "format"> & {
  readonly claimedAt: number;
  readonly ageMs: number;
  readonly isLate: boolean;
  readonly firstClaimedAt?: number;
  readonly format: string | undefined;
};

async function lease(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  { owner, format }: Claimer,
): Promise<Leased> {
  const now = Date.now();
  const since = delivery.claimedAt ?? Math.floor(delivery._creationTime);
  const isLate = now - since > LATE_MS;
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
  return { ...delivery, ...leased, ageMs, isLate, firstClaimedAt: since, unknownUntil };
}

async function toClaimed(
  ctx: MutationCtx,
  delivery: Leased,
  { mapping, conversation, message }: Target,
): Promise<Infer<typeof vClaimed>> {
  // By message: an edit or a delete is a delivery of its own that concerns the posts of the create.
  const pieces = (await piecesOf(ctx, message._id)).filter(
    ({ deletedAt }) => delivery.op === "create" || deletedAt === undefined,
  );
  const question = await questionOf(ctx, delivery, conversation);
  const { threadId } = conversation;
  const { op, generation, attempts, replyTo, claimedAt, ageMs, unknownUntil, format } = delivery;
  return {
    deliveryId: delivery._id,
    generation,
    leaseMs: LEASE_MS,
    op,
    mappingId: mapping._id,
    conversationId: conversation._id,
    messageId: message._id,
    channel: mapping.externalId,
    ...(threadId !== undefined && { threadId }),
    ...(question !== undefined && { question }),
    ...(replyTo !== undefined && { replyTo }),
    content: message.content,
    posts: pieces.map(({ part, externalId, upTo }) => ({ part, externalId, upTo })),
    attempts,
    firstClaimedAt: delivery.firstClaimedAt ?? claimedAt,
    ageMs,
    outcomeUnknown: delivery.outcomeUnknown ?? false,
    ...(delivery.isLate && { lookFirst: true }),
    ...(message.deletedAt !== undefined && op === "create" && { onlyFind: true }),
    ...(unknownUntil !== undefined && { unknownUntil }),
    ...(format !== undefined && { format }),
  };
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

/** Puts a delivery off for `delayMs`; a timer makes it ready again. */
export async function waitBefore(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  delayMs: number,
  why: {
    readonly outcomeUnknown?: true;
    readonly unknownUntil?: number;
    readonly code: string;
    readonly reason: string;
  },
): Promise<void> {
  const timerId = await ctx.scheduler.runAfter(delayMs, internal.deliveries.wake, {
    deliveryId: delivery._id,
    generation: delivery.generation,
  });
  await ctx.db.patch("deliveries", delivery._id, {
    ...why,
    state: "waiting",
    notBefore: Date.now() + delayMs,
    lease: undefined,
    timerId,
  });
}

/** Characters of a question that are enough to call its thread by. */
const QUESTION_LENGTH = 1_000;

/** The question, where it is answered in a thread that opens at it. */
async function questionOf(
  ctx: MutationCtx,
  { mappingId, replyTo }: Pick<Doc<"deliveries">, "mappingId" | "replyTo">,
  { threadId }: Doc<"conversations">,
): Promise<string | undefined> {
  if (threadId === undefined || threadId !== replyTo) return undefined;
  const question = await findMessage(ctx, mappingId, threadId);
  if (!question || question.deletedAt !== undefined) return undefined;
  return cut(await readableContent(ctx, question), QUESTION_LENGTH);
}
