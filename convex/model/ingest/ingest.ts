import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { askLater, MOST_ASKS } from "../replies/pending_questions.ts";
import { askForReply, openReplyOf } from "../replies/request_reply.ts";
import { waitForFiles } from "../replies/wait_for_files.ts";
import { ensureConversation, type ConversationKey } from "../rows/conversations.ts";
import { advanceCursor, type vAdvance } from "../rows/cursors.ts";
import { dropFiles, hasFiles } from "../rows/messages/files.ts";
import { filesHeldIn, horizonOf } from "../rows/mappings.ts";
import { findMessage } from "../rows/messages/messages.ts";
import { deletedOnPlatform } from "../outbox/deleted_post.ts";
import { deleteEverywhere } from "../outbox/take_down.ts";
import { mayRelayApp } from "../relay/app_flood.ts";
import { editCopies } from "../relay/edit_copies.ts";
import { LONGEST_WAIT_MS, relayInOrder, relayPostponed } from "../relay/postpone.ts";
import { hearingMappings } from "../relay/hearing.ts";
import { lacksRoot, ROOT_WAIT_MS } from "../relay/missing_root.ts";
import { destinationsOf } from "../relay/relay_message.ts";
import { applyReaction, applyReactions, type Names } from "../reactions/apply.ts";
import { findPost } from "../rows/messages/posts.ts";
import { ensureIdentity, namingDelay } from "../rows/identities.ts";
import { goOn } from "../files/go_on.ts";
import { filesDelay } from "../files/wanted.ts";
import { resolveAfterCatchUp } from "./problems.ts";
import { refusal } from "../shared/refusal.ts";
import { dropThread } from "./delete_thread.ts";
import { bury, isBuried, unearth } from "../rows/messages/tombstones.ts";
import { asksForReply } from "./triggers.ts";
import type { BridgeEvent, MessageEvent, Outcome } from "./event_validators.ts";
import type { Platform } from "../shared/validators.ts";
import { withdrawReply } from "../replies/withdraw.ts";

/**
 * Deliveries of relayed messages that one batch of events queues: each takes some six documents. A task relays the others.
 */
const MOST_RELAYED = 200;

/** Rows that the events of one batch share, read once a batch. */
interface Batch {
  readonly platform: Platform;
  readonly mappings: Map<Id<"mappings">, Promise<Doc<"mappings"> | null>>;
  /** How many questions it has had, and those for which another transaction asks. */
  asked: number;
  readonly later: Id<"messages">[];
  /** Which mappings of a channel hear the others. */
  readonly hearing: Map<Id<"channels">, Promise<readonly Doc<"mappings">[]>>;
  /** How many deliveries of relayed messages it has queued. */
  relayed: number;
  /** Who reacted to what a catch-up has read. */
  readonly reactors: Names;
}

/**
 * Stores a batch, event by event. Each is checked before its first write, and a throw after that fails the whole
 * call: no event is ever partly stored (docs/races.md#an-event-that-cannot-be-stored).
 */
export async function ingestBatch(
  ctx: MutationCtx,
  platform: Platform,
  events: readonly BridgeEvent[],
  advances: readonly Infer<typeof vAdvance>[],
): Promise<Outcome[]> {
  const batch: Batch = {
    platform,
    mappings: new Map(),
    asked: 0,
    later: [],
    hearing: new Map(),
    relayed: 0,
    reactors: new Map(),
  };
  const outcomes: Outcome[] = [];
  for (const event of events) {
    const mapping = await mappingOf(ctx, batch, event.mappingId);
    if (mapping?.state !== "active") outcomes.push("inactive");
    else outcomes.push(await apply(ctx, batch, mapping, event));
  }
  await askLater(ctx, batch.later);
  const caughtUp: Id<"mappings">[] = [];
  for (const advance of advances) {
    const mapping = await mappingOf(ctx, batch, advance.mappingId);
    if (mapping?.state !== "active") continue;
    await advanceCursor(ctx, mapping, advance);
    if (advance.caughtUp) caughtUp.push(mapping._id);
  }
  if (caughtUp.length > 0) await resolveAfterCatchUp(ctx, platform, caughtUp);
  for (const mappingId of caughtUp) await relayPostponed(ctx, mappingId);
  return outcomes;
}

async function apply(
  ctx: MutationCtx,
  batch: Batch,
  mapping: Doc<"mappings">,
  event: BridgeEvent,
): Promise<Outcome> {
  switch (event.type) {
    case "message":
      return await applyMessage(ctx, batch, mapping, event);
    case "delete":
      return await applyDelete(ctx, event);
    case "reaction":
      return await applyReaction(ctx, batch.platform, event);
    case "reactions":
      return await applyReactions(ctx, batch.platform, event, batch.reactors);
  }
}

/** Throws FORBIDDEN for a mapping of the other platform. */
async function mappingOf(
  ctx: MutationCtx,
  { platform, mappings }: Batch,
  mappingId: Id<"mappings">,
): Promise<Doc<"mappings"> | null> {
  let reading = mappings.get(mappingId);
  if (!reading) {
    reading = ctx.db.get("mappings", mappingId);
    mappings.set(mappingId, reading);
  }
  const mapping = await reading;
  if (mapping && mapping.platform !== platform) {
    throw refusal("FORBIDDEN", "that mapping belongs to another platform");
  }
  return mapping;
}

async function applyMessage(
  ctx: MutationCtx,
  batch: Batch,
  mapping: Doc<"mappings">,
  event: MessageEvent,
) {
  const known = await findMessage(ctx, mapping._id, event.externalId);
  if (known) return await applyEdit(ctx, known, event);
  // Deleted for its age, or about to be. One that is still stored is edited, so that a correction counts until then.
  if (event.sentAt < horizonOf(mapping)) return "ignored";
  if (await isBuried(ctx, mapping._id, event.externalId)) {
    const comesBack = event.backfilled && (await unearth(ctx, mapping._id, event.externalId));
    if (!comesBack) return "known";
  }
  // An edit of an unseen message creates it (docs/races.md#an-edit-arrives-before-its-message), unless the message is
  // older than the mapping (docs/races.md#an-edit-of-a-message-from-before-the-mapping).
  const older = event.position < mapping.since;
  if (event.editedAt !== undefined && older && !event.backfilled) return "ignored";
  return await insertMessage(ctx, batch, mapping, event);
}

async function insertMessage(
  ctx: MutationCtx,
  batch: Batch,
  mapping: Doc<"mappings">,
  event: MessageEvent,
) {
  const author = await ensureIdentity(ctx, mapping.platform, event.author);
  const key = { channelId: mapping.channelId, mappingId: mapping._id };
  const inThread =
    event.threadId === undefined
      ? undefined
      : await ensureConversation(ctx, { ...key, threadId: event.threadId }, event.threadName);
  // Only a forum's post is in the thread that has its id.
  if (inThread && event.threadId === event.externalId && !inThread.titled)
    await ctx.db.patch("conversations", inThread._id, { titled: true });
  // A deleted thread can be opened again at its message.
  if (inThread?.goneAt !== undefined && event.sentAt > inThread.goneAt)
    await ctx.db.patch("conversations", inThread._id, { goneAt: undefined });
  const asks = await asksForReply(ctx, mapping, event, inThread);
  const conversation =
    inThread ?? (await ensureConversation(ctx, channelConversation(key, mapping, event, asks)));

  const place = {
    authorId: author.userId,
    externalId: event.externalId,
    position: event.position,
    sentAt: event.sentAt,
  };
  const messageId = await ctx.db.insert("messages", {
    ...place,
    channelId: mapping.channelId,
    content: event.content,
    conversationId: conversation._id,
    mappingId: mapping._id,
    identityId: author._id,
    kind: event.fromApp ? "app" : "person",
    ...(event.editedAt !== undefined && { editedAt: event.editedAt }),
    ...(asks && { asks: true as const }),
    ...(event.mentions.length > 0 && { mentions: event.mentions }),
    ...(event.attachments.length > 0 && { attachments: event.attachments }),
    ...(event.replyTo !== undefined && { replyTo: event.replyTo }),
  });
  const namingMs = namingDelay(author, event.mentions);
  const files = filesDelay(filesHeldIn(mapping), event.attachments);
  if (!event.backfilled) {
    const { late = false } = event;
    const delayMs = Math.max(namingMs, files.relayMs);
    await relay(ctx, batch, mapping, messageId, { late, thread: inThread, delayMs });
  }
  if (!asks) return "inserted";
  batch.asked += 1;
  // One that an open reply covers takes no time.
  if (batch.asked > MOST_ASKS && !(await openReplyOf(ctx, conversation._id))) {
    batch.later.push(messageId);
    return "asked";
  }
  const asker = { _id: messageId, ...place };
  const delayMs = Math.max(namingMs, files.replyMs);
  if (!(await askForReply(ctx, conversation, asker, delayMs))) return "inserted";
  if (files.replyMs > 0) await waitForFiles(ctx, conversation._id);
  return "asked";
}

/** How a new message arrived. */
interface Said {
  /** Older messages may still be read. */
  readonly late: boolean;
  /** The thread that it was said in. */
  readonly thread: Doc<"conversations"> | undefined;
  /** Names in it are being looked up. */
  readonly delayMs: number;
}

/** Relays a new message, at once or when those before it are relayed. */
async function relay(
  ctx: MutationCtx,
  batch: Batch,
  mapping: Doc<"mappings">,
  messageId: Id<"messages">,
  { late, thread, delayMs }: Said,
): Promise<void> {
  const { _id: mappingId, channelId } = mapping;
  const reading = batch.hearing.get(channelId) ?? hearingMappings(ctx, channelId);
  batch.hearing.set(channelId, reading);
  const hearing = await reading;
  const message =
    hearing.some(({ _id }) => _id !== mappingId) && (await ctx.db.get("messages", messageId));
  if (!message || destinationsOf(message, hearing).length === 0) return;
  if (message.kind === "app" && !(await mayRelayApp(ctx, mapping))) {
    // It may have stopped just now: each question takes a call of the rate limiter.
    batch.mappings.delete(mappingId);
    return;
  }
  const isFull = batch.relayed >= MOST_RELAYED;
  const waitsForRoot = !late && !isFull && (await lacksRoot(ctx, mapping, thread));
  const longestMs = late ? LONGEST_WAIT_MS : isFull ? 0 : waitsForRoot ? ROOT_WAIT_MS : undefined;
  batch.relayed += await relayInOrder(ctx, message, { longestMs, delayMs, hearing });
}

/**
 * Where a message sent directly in the channel belongs. One that is to be answered in a thread of its own starts that
 * thread's conversation, so that two simultaneous questions are two conversations
 * (docs/races.md#one-conversation-per-mapping-and-thread).
 */
function channelConversation(
  key: ConversationKey,
  mapping: Doc<"mappings">,
  event: MessageEvent,
  asks: boolean,
): ConversationKey {
  return asks && mapping.replyIn === "thread" ? { ...key, threadId: event.externalId } : key;
}

async function applyEdit(ctx: MutationCtx, known: Doc<"messages">, event: MessageEvent) {
  const newer = event.editedAt !== undefined && event.editedAt > (known.editedAt ?? 0);
  if (!newer || known.deletedAt !== undefined) return "known";
  await ctx.db.patch("messages", known._id, {
    content: event.content,
    mentions: event.mentions.length > 0 ? event.mentions : undefined,
    attachments: event.attachments.length > 0 ? event.attachments : undefined,
    editedAt: event.editedAt,
  });
  await dropFiles(ctx, known, event.attachments);
  await editCopies(ctx, known);
  // What waits may have waited for a file that is not there any more.
  const edited = hasFiles(known) && (await ctx.db.get("messages", known._id));
  if (edited) await goOn(ctx, edited);
  return "edited";
}

/**
 * A delete clears the message. One of an unseen message is remembered, so that a later
 * create is not stored (docs/races.md#a-delete-arrives-before-its-message).
 */
async function applyDelete(
  ctx: MutationCtx,
  { mappingId, externalId, thread }: Extract<BridgeEvent, { type: "delete" }>,
): Promise<Outcome> {
  if (thread) return (await dropThread(ctx, mappingId, externalId)) ? "deleted" : "known";
  const known = await findMessage(ctx, mappingId, externalId);
  if (known) {
    if (known.deletedAt !== undefined) return "known";
    await deleteEverywhere(ctx, known);
    if (known.asks) await withdrawReply(ctx, known.conversationId);
    return "deleted";
  }
  const post = await findPost(ctx, mappingId, externalId);
  if (post) return (await deletedOnPlatform(ctx, post)) ? "deleted" : "known";
  return (await bury(ctx, mappingId, externalId)) ? "deleted" : "known";
}
