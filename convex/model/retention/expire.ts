import { type Infer, v } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { MutationCtx } from "../../_generated/server.js";
import { forgetAiFailures } from "../rows/ai_health.ts";
import { deleteRows, deleteTombstones } from "./delete_rows.ts";
import { expireMessages } from "./expire_messages.ts";

/** How long bookkeeping is kept after it has served, in ms. */
const KEPT_FOR_MS = 30 * 24 * 60 * 60_000;

/** Documents deleted in one transaction. */
const BATCH = 100;

/** Where the deletion of old rows goes on. `cursor`: in the mappings that keep messages for a time. */
export const vExpiryStep = v.union(
  v.object({ kind: v.literal("messages"), cursor: v.union(v.string(), v.null()) }),
  v.object({ kind: v.literal("bookkeeping") }),
);
type ExpiryStep = Infer<typeof vExpiryStep>;

/** Deletes up to a batch of messages that are no longer kept, or of old bookkeeping. Schedules itself until nothing is left. */
export async function expireOld(ctx: MutationCtx, step: ExpiryStep): Promise<void> {
  let room = BATCH;
  if (step.kind === "messages") {
    const { documents, next } = await expireMessages(ctx, step.cursor, room);
    room -= documents;
    // The same mappings again, until nothing of theirs is left to delete.
    if (room <= 0) {
      await goOn(ctx, step);
      return;
    }
    if (next !== null) {
      await goOn(ctx, { kind: "messages", cursor: next });
      return;
    }
  }
  const before = Date.now() - KEPT_FOR_MS;
  for (const expire of EXPIRING) {
    room -= await expire(ctx, before, room);
    if (room <= 0) {
      await goOn(ctx, { kind: "bookkeeping" });
      return;
    }
  }
}

async function goOn(ctx: MutationCtx, step: ExpiryStep): Promise<void> {
  await ctx.scheduler.runAfter(0, internal.retention.expire, { step });
}

/** Deletes at most `most` rows of one kind that ended before `before`. Returns how many. */
type Expire = (ctx: MutationCtx, before: number, most: number) => Promise<number>;

const EXPIRING: readonly Expire[] = [
  (ctx, before, most) => expireDeliveries(ctx, "sent", before, most),
  (ctx, before, most) => expireDeliveries(ctx, "cancelled", before, most),
  (ctx, before, most) => expireReplies(ctx, "done", before, most),
  (ctx, before, most) => expireReplies(ctx, "failed", before, most),
  (ctx, before, most) => expireReplies(ctx, "cancelled", before, most),
  expireProblems,
  expireTombstones,
  forgetAiFailures,
];

/**
 * Failed deliveries stay until they are retried or purged: the status lists them, and an admin may still retry one. The
 * posts of a sent one stay with their message, which is how they are found.
 */
async function expireDeliveries(
  ctx: MutationCtx,
  state: "sent" | "cancelled",
  before: number,
  most: number,
): Promise<number> {
  const ended = await ctx.db
    .query("deliveries")
    .withIndex("by_state_and_endedAt", (q) =>
      q.eq("state", state).gt("endedAt", undefined).lt("endedAt", before),
    )
    .take(most);
  return await deleteRows(ctx, "deliveries", ended);
}

/** By when they were opened: a reply ends within minutes. One that people rated stays as long as its answer. */
async function expireReplies(
  ctx: MutationCtx,
  state: "done" | "failed" | "cancelled",
  before: number,
  most: number,
): Promise<number> {
  const ended = await ctx.db
    .query("replies")
    .withIndex("by_state_and_ratedAt", (q) =>
      q.eq("state", state).eq("ratedAt", undefined).lt("_creationTime", before),
    )
    .take(most);
  return await deleteRows(ctx, "replies", ended);
}

async function expireProblems(ctx: MutationCtx, before: number, most: number): Promise<number> {
  const resolved = await ctx.db
    .query("problems")
    .withIndex("by_resolvedAt", (q) => q.gt("resolvedAt", undefined).lt("resolvedAt", before))
    .take(most);
  return await deleteRows(ctx, "problems", resolved);
}

/** No platform delivers a message a month after its deletion. */
async function expireTombstones(ctx: MutationCtx, before: number, most: number): Promise<number> {
  const old = await ctx.db
    .query("tombstones")
    .withIndex("by_creation_time", (q) => q.lt("_creationTime", before))
    .take(most);
  return await deleteTombstones(ctx, old);
}
