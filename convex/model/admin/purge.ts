import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { endDelivery } from "../outbox/ending.ts";
import { dropDraft } from "../rows/drafts.ts";
import { dropFiles } from "../rows/messages/files.ts";
import { dropFrozenText } from "../rows/frozen_texts.ts";
import { countRearmed } from "../rows/rearmed.ts";
import { isAlive } from "../shared/jobs.ts";
import { newestPostOf } from "../rows/messages/posts.ts";
import { dropReactions } from "../rows/messages/reactions.ts";
import { bury } from "../rows/messages/tombstones.ts";

/** Messages deleted in one transaction, each with its few deliveries and posts. */
const BATCH = 100;

/** Conversations that one transaction looks at: each may have messages that stay, which are read. */
const CONVERSATIONS = 50;

/** Replies deleted in one transaction: a long conversation has many. */
const REPLIES = 1_000;

/** How long a platform may redeliver a message, in ms. */
const REDELIVERED_FOR_MS = 15 * 60_000;

/** `cursor`: in the mapping's conversations. Absent: at the first. */
interface Purge {
  readonly mappingId: Id<"mappings">;
  readonly before: number;
  readonly cursor?: string;
}

/** Schedules the next batch, in a transaction of its own. */
export async function schedulePurge(ctx: MutationCtx, purge: Purge): Promise<void> {
  const { mappingId, before } = purge;
  const jobId = await ctx.scheduler.runAfter(0, internal.purge.purgeMapping, purge);
  const running = await purgeOf(ctx, mappingId);
  if (running) await ctx.db.replace("purges", running._id, { mappingId, before, jobId });
  else await ctx.db.insert("purges", { mappingId, before, jobId });
}

/** Ends a purge that has nothing left to delete, unless another purge of the mapping was requested meanwhile. */
export async function endPurge(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<void> {
  const running = await purgeOf(ctx, mappingId);
  const job = running && (await ctx.db.system.get("_scheduled_functions", running.jobId));
  if (running && job?.state.kind !== "pending") await ctx.db.delete("purges", running._id);
}

/** Whether a purge of the mapping has not ended. If its job was lost, the next sweep schedules it again. */
export async function isBeingPurged(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<boolean> {
  return (await purgeOf(ctx, mappingId)) !== null;
}

/** Schedules a purge again if its job is gone. */
export async function rearmPurge(ctx: MutationCtx, row: Doc<"purges">): Promise<void> {
  if (await isAlive(ctx, row.jobId)) return;
  // Rows of earlier versions say when the purge was requested only by their own time.
  const before = row.before ?? row._creationTime;
  await schedulePurge(ctx, { mappingId: row.mappingId, before });
  await countRearmed(ctx, "purges");
}

async function purgeOf(ctx: MutationCtx, mappingId: Id<"mappings">): Promise<Doc<"purges"> | null> {
  return await ctx.db
    .query("purges")
    .withIndex("by_mappingId", (q) => q.eq("mappingId", mappingId))
    .first();
}

/**
 * Deletes up to a batch, in every Convex channel that the mapping has been of. Returns what to go on with, or null if nothing
 * is left to delete.
 */
export async function purgeSome(ctx: MutationCtx, purge: Purge): Promise<Purge | null> {
  const { mappingId, before, cursor = null } = purge;
  const { page, isDone, continueCursor } = await ctx.db
    .query("conversations")
    .withIndex("by_mappingId_and_threadId", (q) => q.eq("mappingId", mappingId))
    .paginate({ numItems: CONVERSATIONS, cursor });
  let room = BATCH;
  for (const conversation of page) {
    const messages = await ctx.db
      .query("messages")
      .withIndex("by_conversationId_and_position", (q) => q.eq("conversationId", conversation._id))
      .take(room + BATCH);
    const old = messages.filter(({ _creationTime }) => _creationTime < before);
    for (const message of old) {
      // Its files take time too.
      room -= 1 + (await deleteMessage(ctx, message)).files;
      if (room <= 0) return purge;
    }
    if (messages.length > old.length) continue;
    if (!(await deleteConversation(ctx, conversation))) return purge;
    // An empty one takes time too, and a channel of threads has thousands.
    if (--room <= 0) return purge;
  }
  return isDone ? null : { mappingId, before, cursor: continueCursor };
}

/** Deletes a message with its files, posts, reactions and deliveries. Returns how many documents these were, files apart. */
export async function deleteMessage(ctx: MutationCtx, message: Doc<"messages">) {
  const files = await dropFiles(ctx, message);
  let documents = 1 + (await dropReactions(ctx, message._id));
  const posts = ctx.db
    .query("posts")
    .withIndex("by_messageId", (q) => q.eq("messageId", message._id));
  for await (const post of posts) {
    await ctx.db.delete("posts", post._id);
    documents++;
  }
  const deliveries = ctx.db
    .query("deliveries")
    .withIndex("by_messageId_and_endedAt", (q) => q.eq("messageId", message._id));
  for await (const delivery of deliveries) {
    // A leased delivery heads its lane: end it, so that the deliveries behind it are not blocked.
    if (delivery.endedAt === undefined) {
      await endDelivery(ctx, delivery, { state: "cancelled", reason: "the channel was purged" });
    }
    await dropFrozenText(ctx, delivery._id);
    await ctx.db.delete("deliveries", delivery._id);
    documents++;
  }
  if (message.streamed) await dropDraft(ctx, message._id);
  await ctx.db.delete("messages", message._id);
  const { mappingId, externalId, sentAt = 0 } = message;
  if (mappingId && externalId !== undefined && Date.now() - sentAt < REDELIVERED_FOR_MS) {
    await bury(ctx, mappingId, externalId, "purged");
  }
  return { documents, files };
}

/**
 * Deletes an empty conversation and its replies. The row of one where others are heard stays, without its name: their
 * copies, posted or still to be, are edited and deleted in it once the channel is mapped again. Returns false while replies
 * are left.
 */
async function deleteConversation(ctx: MutationCtx, conversation: Doc<"conversations">) {
  const replies = await ctx.db
    .query("replies")
    .withIndex("by_conversationId_and_state", (q) => q.eq("conversationId", conversation._id))
    .take(REPLIES);
  for (const reply of replies) await ctx.db.delete("replies", reply._id);
  if (replies.length === REPLIES) return false;
  if (!(await hasCopies(ctx, conversation._id)))
    await ctx.db.delete("conversations", conversation._id);
  else if (conversation.name !== undefined)
    await ctx.db.patch("conversations", conversation._id, { name: undefined });
  return true;
}

/** Whether an empty conversation has posts or deliveries: these are of what was said elsewhere. */
async function hasCopies(ctx: MutationCtx, conversationId: Id<"conversations">): Promise<boolean> {
  const delivery = await ctx.db
    .query("deliveries")
    .withIndex("by_conversationId_and_endedAt", (q) => q.eq("conversationId", conversationId))
    .first();
  return delivery !== null || (await newestPostOf(ctx, conversationId)) !== null;
}
