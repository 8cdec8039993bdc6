import type { Infer } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { endDelivery, headState, posts } from "./lanes.ts";
import { findMessage } from "../rows/messages.ts";
import { piecesOf } from "../rows/posts.ts";
import { readableContent } from "../rows/readable.ts";
import { cut } from "../shared/text.ts";
import type { Platform, vClaim } from "../shared/validators.ts";

/** How long a claim holds. Far longer than one post may take (10 s), see the bridge's outbox worker [C1]. */
export const LEASE_MS = 60_000;

/** Tries at one delivery before it is given up; with the bridge's backoff that is some eight minutes. */
export const MAX_ATTEMPTS = 10;

/** After an outcome that nobody knows: time for a request still on the wire to land or to die [C1]. */
export const QUARANTINE_MS = 25_000;

/** Ids only, and none that is leased or waiting: the result stays small and claiming shrinks it [C7]. */
export async function readyDeliveries(
  ctx: QueryCtx,
  platform: Platform,
): Promise<Id<"deliveries">[]> {
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

/** Leases a ready delivery to `owner`, or ends or holds it where it is no longer to be done. */
export async function claimDelivery(
  ctx: MutationCtx,
  platform: Platform,
  { deliveryId, owner, format: claimers }: Claimer,
): Promise<Infer<typeof vClaim>> {
  const delivery = await ctx.db.get("deliveries", deliveryId);
  if (delivery?.platform !== platform || delivery.state !== "ready") return { status: "gone" };
  const target = await targetOf(ctx, delivery);
  if ("cancel" in target) {
    await endDelivery(ctx, delivery, { state: "cancelled", reason: target.cancel });
    return { status: "gone" };
  }
  const { mapping, conversation, message } = target;
  if (headState(mapping) === "held") {
    await ctx.db.patch("deliveries", delivery._id, { state: "held" });
    return { status: "gone" };
  }

  const now = Date.now();
  const generation = delivery.generation + 1;
  const attempts = delivery.attempts + 1;
  const firstClaimedAt = delivery.claimedAt ?? now;
  // A part that may stand there was cut by whoever sent it, so that version is kept until the part is found [C5].
  const format = delivery.outcomeUnknown ? delivery.format : (claimers ?? delivery.format);
  // Nobody watches leased rows, so a holder that dies is noticed by this timer; settling cancels it [C8].
  const timerId = await ctx.scheduler.runAfter(LEASE_MS, internal.deliveries.expire, {
    deliveryId,
    generation,
  });
  await ctx.db.patch("deliveries", delivery._id, {
    state: "leased",
    lease: { owner, generation, expiresAt: now + LEASE_MS },
    generation,
    attempts,
    claimedAt: firstClaimedAt,
    format,
    timerId,
  });
  // By message: an edit or a delete is a delivery of its own, about what the create has posted.
  const pieces = (await piecesOf(ctx, message._id)).filter(
    ({ deletedAt }) => delivery.op === "create" || deletedAt === undefined,
  );
  const question = await questionOf(ctx, delivery, conversation);
  return {
    status: "claimed",
    delivery: {
      deliveryId,
      generation,
      leaseMs: LEASE_MS,
      op: delivery.op,
      mappingId: mapping._id,
      conversationId: conversation._id,
      messageId: message._id,
      channel: mapping.externalId,
      ...(conversation.threadId !== undefined && { threadId: conversation.threadId }),
      ...(question !== undefined && { question }),
      ...(delivery.replyTo !== undefined && { replyTo: delivery.replyTo }),
      content: message.content,
      posts: pieces.map(({ part, externalId, upTo }) => ({ part, externalId, upTo })),
      attempts,
      firstClaimedAt,
      ageMs: now - firstClaimedAt,
      outcomeUnknown: delivery.outcomeUnknown ?? false,
      ...(message.deletedAt !== undefined && delivery.op === "create" && { onlyFind: true }),
      ...(delivery.unknownUntil !== undefined && { unknownUntil: delivery.unknownUntil }),
      ...(format !== undefined && { format }),
    },
  };
}

/**
 * A lease ended and its holder said nothing. It may have posted: the outcome is unknown, and after a quarantine
 * somebody else may look.
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
    reason: "the bridge that was posting this fell silent",
  } as const;
  if (delivery.attempts < MAX_ATTEMPTS) await waitBefore(ctx, delivery, QUARANTINE_MS, why);
  else await endDelivery(ctx, delivery, { state: "failed", ...why });
}

/** Lets a delivery rest for `delayMs`; a timer makes it ready again. */
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
const QUESTION_LENGTH = 300;

/** The question, where it is answered in a thread that opens at it. */
async function questionOf(
  ctx: MutationCtx,
  { mappingId, replyTo }: Doc<"deliveries">,
  { threadId }: Doc<"conversations">,
): Promise<string | undefined> {
  if (threadId === undefined || threadId !== replyTo) return undefined;
  const question = await findMessage(ctx, mappingId, threadId);
  if (!question || question.deletedAt !== undefined) return undefined;
  return cut(await readableContent(ctx, question), QUESTION_LENGTH);
}

type Target =
  | {
      readonly mapping: Doc<"mappings">;
      readonly conversation: Doc<"conversations">;
      readonly message: Doc<"messages">;
    }
  | { readonly cancel: string };

/** Checked again at the last moment: unmapped, paused or deleted since it was queued [C11]. */
async function targetOf(ctx: MutationCtx, delivery: Doc<"deliveries">): Promise<Target> {
  const mapping = await ctx.db.get("mappings", delivery.mappingId);
  const conversation = await ctx.db.get("conversations", delivery.conversationId);
  const message = await ctx.db.get("messages", delivery.messageId);
  if (!mapping || !conversation || !posts(mapping, conversation)) {
    return { cancel: "the channel was unmapped" };
  }
  const isGone = !message || (message.deletedAt !== undefined && delivery.op !== "delete");
  // What may stand there is found first: nobody could take it down else.
  if (!message || (isGone && !delivery.outcomeUnknown))
    return { cancel: "the message was deleted" };
  return { mapping, conversation, message };
}
