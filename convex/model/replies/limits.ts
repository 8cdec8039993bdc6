import { HOUR, MINUTE, RateLimiter } from "@convex-dev/rate-limiter";
import { components } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { refusal } from "../shared/refusal.ts";
import { messagesPerMinute, replyLimits } from "../shared/settings.ts";

const limiter = new RateLimiter(components.rateLimiter);

const DAY = 24 * HOUR;

/** At most one failure notice per conversation in this period. */
const FAILURE_NOTICE_PERIOD = 10 * MINUTE;

type Asker =
  | { readonly kind: "author"; readonly userId: Id<"users"> }
  /**
   * A caller without a token, on a channel that was never mapped: user ids prove nothing there
   * (docs/races.md#strangers-and-cost).
   */
  | { readonly kind: "stranger" };

/** Whose limit was reached, for how long, and whether this is the first time in the window (say so, once). */
export interface Limited {
  readonly whose: "author" | "channel" | "day" | "strangers";
  readonly retryAfterMs: number;
  readonly firstInWindow: boolean;
}

interface Bucket {
  readonly whose: Limited["whose"];
  readonly key?: string;
  readonly rate: number;
  readonly period: number;
}

/**
 * Takes one reply from every limit that applies, or from none and says which is used up. Runs in the mutation that
 * requests the reply, before any tokens are spent, and rolls back with it.
 */
export async function takeReply(ctx: MutationCtx, asker: Asker, channelId: Id<"channels">) {
  const buckets = bucketsOf(asker, channelId);
  for (const [index, bucket] of buckets.entries()) {
    const retryAfterMs = await take(ctx, bucket);
    if (retryAfterMs === null) continue;
    for (const taken of buckets.slice(0, index)) await take(ctx, taken, -1);
    const about = [bucket.key, ...(bucket.key === channelId ? [] : [channelId])].join(" ");
    const notice = await limiter.limit(ctx, `notice: ${bucket.whose}`, {
      key: about,
      config: { kind: "fixed window", rate: 1, period: bucket.period, start: 0 },
    });
    return { whose: bucket.whose, retryAfterMs, firstInWindow: notice.ok };
  }
  return null;
}

function bucketsOf(asker: Asker, channelId: Id<"channels">): Bucket[] {
  const limits = replyLimits();
  // A purse of their own, whatever the channel: an admin may take that channel over with `map --adopt`.
  if (asker.kind === "stranger")
    return [{ whose: "strangers", rate: limits.perDayForStrangers, period: DAY }];
  return [
    { whose: "author", key: asker.userId, rate: limits.perAuthor, period: HOUR },
    { whose: "channel", key: channelId, rate: limits.perChannel, period: HOUR },
    { whose: "day", rate: limits.perDay, period: DAY },
  ];
}

/**
 * Takes one message of an app's person from their limit and the channel's, so that an app can't flood the platforms that
 * hear it, however many people it lets sign in. Throws RATE_LIMITED, which says for how long and takes nothing.
 */
export async function takeMessage(
  ctx: MutationCtx,
  userId: Id<"users">,
  channelId: Id<"channels">,
): Promise<void> {
  const { perAuthor, perChannel } = messagesPerMinute();
  const limits = [
    { whose: "author", key: userId, rate: perAuthor, refused: "too many messages" },
    { whose: "channel", key: channelId, rate: perChannel, refused: "too many messages here" },
  ];
  for (const { whose, key, rate, refused } of limits) {
    const { ok, retryAfter } =
      rate === 0
        ? { ok: false, retryAfter: MINUTE }
        : await limiter.limit(ctx, `messages: ${whose}`, {
            key,
            config: { kind: "token bucket", rate, period: MINUTE, capacity: rate },
          });
    if (ok) continue;
    const seconds = Math.ceil(retryAfter / 1_000).toString();
    throw refusal("RATE_LIMITED", `${refused}: the next in ${seconds} s`);
  }
}

/** Whether this conversation may get another notice that a reply failed. */
export async function mayNotifyOfFailure(ctx: MutationCtx, conversationId: Id<"conversations">) {
  const { ok } = await limiter.limit(ctx, "notice: failure", {
    key: conversationId,
    config: { kind: "token bucket", rate: 1, period: FAILURE_NOTICE_PERIOD, capacity: 1 },
  });
  return ok;
}

/** Takes `count` from the bucket (gives back, where it is negative). Returns null, or how long it stays empty, in ms. */
async function take(ctx: MutationCtx, bucket: Bucket, count = 1): Promise<number | null> {
  if (bucket.rate === 0) return bucket.period;
  const { ok, retryAfter } = await limiter.limit(ctx, `replies: ${bucket.whose}`, {
    ...(bucket.key !== undefined && { key: bucket.key }),
    count,
    config: {
      kind: "fixed window",
      rate: bucket.rate,
      period: bucket.period,
      start: 0,
      // Every request writes this row. At low rates that is no hot spot, and one shard counts exactly.
      ...(bucket.key === undefined && { shards: Math.max(1, Math.floor(bucket.rate / 5_000)) }),
    },
  });
  return ok ? null : retryAfter;
}
