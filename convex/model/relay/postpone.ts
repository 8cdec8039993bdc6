import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { filesWait } from "../files/awaited.ts";
import { startTask, type TaskOf } from "../rows/tasks.ts";
import { hearingMappings } from "./hearing.ts";
import { destinationsOf, relayMessage } from "./relay_message.ts";

/*
 * Messages that arrive while their mapping is being caught up with wait, so that none overtakes an older one that is
 * still being read (docs/races.md#live-messages-overtake-a-catch-up).
 */

/** The longest wait for the end of a catch-up, in ms: one that can't end must not silence a channel. */
export const LONGEST_WAIT_MS = 2 * 60_000;

/** What the look-up of a name is given, in ms. */
const NAMING_MS = 1_000;

/** Messages relayed by one transaction, and deliveries after which it ends: each takes some four index ranges. */
const BATCH = 25;
const MOST_RELAYED = 200;

interface Timing {
  /** How long it may wait for messages before it, in ms. Absent: only if others of its mapping wait already. */
  readonly longestMs?: number | undefined;
  /** The names in it are being looked up. */
  readonly delayMs?: number;
  /** The mappings of the channel that hear the others, if they have been read. */
  readonly hearing?: readonly Doc<"mappings">[];
}

/**
 * Relays a message, or has it wait behind those of its mapping that wait. Returns how many deliveries it has queued.
 */
export async function relayInOrder(
  ctx: MutationCtx,
  message: Doc<"messages">,
  { longestMs, delayMs = 0, ...known }: Timing = {},
): Promise<number> {
  const { _id, mappingId, channelId } = message;
  const hearing = known.hearing ?? (await hearingMappings(ctx, channelId));
  if (destinationsOf(message, hearing).length === 0) return 0;
  if (!mappingId) return await relayMessage(ctx, message, { hearing });
  const isFirst = !(await hasPostponed(ctx, mappingId));
  if (isFirst && longestMs === undefined)
    return await relayMessage(ctx, message, { delayMs, hearing });
  await ctx.db.patch("messages", _id, { toRelay: true });
  if (!isFirst) return 0;
  const first = longestMs !== undefined && longestMs > 0 && { first: _id };
  await startTask(ctx, { kind: "relay", mappingId, ...first }, longestMs);
  return 0;
}

async function hasPostponed(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<boolean> {
  return (await oldestPostponed(ctx, mappingId, 1)).length > 0;
}

/** Called at the end of a catch-up. */
export async function relayPostponed(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<void> {
  if (await hasPostponed(ctx, mappingId)) await startTask(ctx, { kind: "relay", mappingId });
}

/** Relays a batch of them, the oldest first. Returns the task of the others. */
export async function relayBatch(
  ctx: MutationCtx,
  task: TaskOf<"relay">,
): Promise<TaskOf<"relay"> | null> {
  const { kind, mappingId, first } = task;
  const messages = await oldestPostponed(ctx, mappingId, BATCH);
  const [oldest] = messages;
  // An earlier catch-up has ended: what waits now waits for another.
  if (oldest && first && (await ctx.db.get("messages", first))?.toRelay !== true) {
    await startTask(ctx, { kind, mappingId, first: oldest._id }, LONGEST_WAIT_MS);
    return null;
  }
  let relayed = 0;
  for (const message of messages) {
    if (relayed >= MOST_RELAYED) return { kind, mappingId };
    await ctx.db.patch("messages", message._id, { toRelay: undefined });
    const namingMs = await namingDelay(ctx, message);
    const delayMs = Math.max(namingMs, await filesWait(ctx, message, "relay"));
    relayed += await relayMessage(ctx, message, { delayMs });
  }
  return messages.length < BATCH ? null : { kind, mappingId };
}

/** Time for a bridge to look up who said it: a Slack message that was read from history has only an id. */
async function namingDelay(ctx: MutationCtx, { identityId }: Doc<"messages">): Promise<number> {
  const identity = identityId && (await ctx.db.get("identities", identityId));
  return identity && identity.name === undefined ? NAMING_MS : 0;
}

async function oldestPostponed(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  most: number,
): Promise<Doc<"messages">[]> {
  return await ctx.db
    .query("messages")
    .withIndex("by_mappingId_and_toRelay_and_position", (q) =>
      q.eq("mappingId", mappingId).eq("toRelay", true),
    )
    .take(most);
}
