import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { enqueueDelivery, isPending } from "../outbox/lanes.ts";
import { ensureOpener } from "../outbox/places/pending_places.ts";
import { ensurePlace } from "../outbox/places/places.ts";
import { placesOfThread } from "../rows/conversations.ts";
import { isBeingWritten } from "../rows/drafts.ts";
import { saidAs } from "../rows/messages/messages.ts";
import { hearingMappings } from "./hearing.ts";

/** What was said longer ago is not relayed any more, in ms: it was caught up long after. */
const RELAYED_FOR_MS = 24 * 60 * 60_000;

interface Options {
  /** The names in it are being looked up. */
  readonly delayMs?: number;
  /** The channel's mappings that hear the others, if they are known. */
  readonly hearing?: readonly Doc<"mappings">[];
}

/**
 * Queues a message for every other place of its channel that hears it.
 * Returns how many places these are.
 */
export async function relayMessage(
  ctx: MutationCtx,
  message: Doc<"messages">,
  { delayMs = 0, hearing }: Options = {},
): Promise<number> {
  const { channelId } = message;
  const mappings = destinationsOf(message, hearing ?? (await hearingMappings(ctx, channelId)));
  const conversation =
    message.conversationId && (await ctx.db.get("conversations", message.conversationId));
  if (mappings.length === 0 || !conversation) return 0;
  const rootId = await rootOf(ctx, conversation, message);
  for (const mapping of mappings) {
    const place = await ensurePlace(ctx, mapping, rootId);
    await enqueueDelivery(ctx, place, { messageId: message._id, delayMs });
    if (isPending(place)) await ensureOpener(ctx, place, message._id);
    // The AI is in the thread, wherever somebody goes on in it.
    if (rootId && message.kind === "reply" && !place.joined)
      await ctx.db.patch("conversations", place._id, { joined: true });
  }
  return mappings.length;
}

/** Those of a channel's mappings that a message is relayed to: not if they began to hear after it was said; no notices. */
export function destinationsOf(
  { mappingId, kind, content, attachments = [], sentAt = 0, deletedAt }: Doc<"messages">,
  hearing: readonly Doc<"mappings">[],
): Doc<"mappings">[] {
  if (kind === "notice" || deletedAt !== undefined) return [];
  if (content.trim() === "" && attachments.length === 0) return [];
  if (Date.now() - sentAt > RELAYED_FOR_MS) return [];
  return hearing.filter(
    ({ _id, relaySince = Infinity }) => _id !== mappingId && relaySince <= sentAt,
  );
}

/**
 * What the thread of a message was started from; undefined for a message of the channel, also one that starts a thread.
 * If that is not stored, the first message that is relayed stands for it: in the other places it starts the thread.
 */
async function rootOf(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  message: Doc<"messages">,
): Promise<Id<"messages"> | undefined> {
  const { _id, mappingId, threadId, rootId } = conversation;
  if (!mappingId || threadId === undefined || threadId === message.externalId) return undefined;
  // The thread is known by its root in several places, whatever became of that.
  if (rootId && (await placesOfThread(ctx, rootId, 2)).length > 1) return rootId;
  const root =
    (rootId && (await ctx.db.get("messages", rootId))) ?? (await saidAs(ctx, mappingId, threadId));
  const isThere = root && root._id !== message._id && (await getsCopies(ctx, root, message));
  const id: Id<"messages"> = isThere ? root._id : message._id;
  if (rootId !== id) await ctx.db.patch("conversations", _id, { rootId: id });
  return isThere ? id : undefined;
}

/** Not a notice, nor what was said when the channel was mapped to another one, nor an answer that is not whole yet. */
async function getsCopies(
  ctx: QueryCtx,
  root: Doc<"messages">,
  { channelId }: Doc<"messages">,
): Promise<boolean> {
  if (root.deletedAt !== undefined || root.kind === "notice" || root.channelId !== channelId)
    return false;
  return !(await isBeingWritten(ctx, root));
}
