import type { Infer } from "convex/values";
import type { Doc } from "../../../_generated/dataModel.js";
import type { MutationCtx } from "../../../_generated/server.js";
import { draftOf } from "../../rows/drafts.ts";
import { dropFrozenText, freezeText, frozenText } from "../../rows/frozen_texts.ts";
import { readableContent } from "../../rows/messages/message_text.ts";
import { saidAs } from "../../rows/messages/messages.ts";
import { clearMessage, newestPostOf, piecesOf } from "../../rows/messages/posts.ts";
import { cut } from "../../shared/text.ts";
import type { Said } from "../../shared/validators.ts";
import { chooseFiles, fetchable, filesInCopy } from "./files_along.ts";
import { isRelay, relayedText } from "./outgoing_text.ts";
import type { vClaimed } from "../validators.ts";

/** How long a lease lasts. Far longer than one post may take (10 s): docs/races.md#a-lease-expires-during-a-post. */
export const LEASE_MS = 60_000;

/** The rows that a delivery needs to be posted. */
export interface Target {
  readonly mapping: Doc<"mappings">;
  readonly conversation: Doc<"conversations">;
  readonly message: Doc<"messages">;
}

/** A delivery with the fields that its new lease has set. */
export type Leased = Omit<Doc<"deliveries">, "claimedAt" | "format"> & {
  readonly claimedAt: number;
  readonly ageMs: number;
  readonly isLate: boolean;
  readonly firstClaimedAt?: number;
  readonly format: string | undefined;
};

/** What a bridge gets for a delivery that it has leased. */
export async function toClaimed(
  ctx: MutationCtx,
  delivery: Leased,
  { mapping, conversation, message }: Target,
): Promise<Infer<typeof vClaimed>> {
  // By message: an edit or a delete is a delivery of its own that concerns the posts of the create.
  const pieces = (await piecesOf(ctx, message._id, mapping._id)).filter(
    ({ deletedAt }) => delivery.op === "create" || deletedAt === undefined,
  );
  const draft = message.streamed ? await draftOf(ctx, message._id) : null;
  const current = draft ? { ...message, content: draft.text } : message;
  const isCreate = delivery.op === "create";
  const isRelayed = isRelay(delivery, message) && message.authorId !== undefined;
  // An answer has no files, and may be edited often.
  const { inCopy, anyStays } =
    isRelayed && delivery.op === "edit" ? await filesInCopy(ctx, message, conversation) : NO_COPY;
  const known = { mayStand: isCreate && (pieces.length > 0 || delivery.isLate), inCopy };
  const { said, newestPost, files } = await textOf(ctx, delivery, current, conversation, known);
  // They go with the first part.
  const along = isCreate && pieces.length === 0 ? await fetchable(ctx, message, files) : [];
  const root = await rootText(ctx, delivery, conversation);
  const { threadId } = conversation;
  const { op, generation, attempts, claimedAt, ageMs, unknownUntil, format } = delivery;
  const { author, quote, content, replyTo = delivery.replyTo } = said;
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
    ...(root !== undefined && { question: root }),
    ...(conversation.rootId !== undefined && { opensThread: true }),
    ...(replyTo !== undefined && { replyTo }),
    ...(isRelayed && { relayed: true }),
    ...(author && { author }),
    ...(quote && { quote }),
    ...(newestPost !== undefined && { newestPost }),
    ...originOf(message),
    ...(draft && { draft: draft._id }),
    content,
    ...(along.length > 0 && { files: along }),
    ...(inCopy.length > 0 && { hasFiles: anyStays }),
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

const NO_COPY = { inCopy: [], anyStays: false } as const;

/** What is known of a copy when its text is chosen. */
interface Known {
  /** A part of a create is posted, or may be since a backup was taken. */
  readonly mayStand: boolean;
  /** The platform's ids of the files that went along with what an edit changes. */
  readonly inCopy: readonly string[];
}

interface Text {
  readonly said: Said;
  readonly newestPost?: string;
  /** The platform's ids of the files that go along. */
  readonly files: readonly string[];
}

/**
 * What a delivery says. A relay and a streamed answer say until their end what they said at their first claim
 * (docs/races.md#an-edit-during-its-create).
 */
async function textOf(
  ctx: MutationCtx,
  delivery: Leased,
  message: Doc<"messages">,
  place: Doc<"conversations">,
  { mayStand, inCopy }: Known,
): Promise<Text> {
  const { _id: deliveryId, op, outcomeUnknown, files = [] } = delivery;
  if (op === "delete") {
    // Versions before this one kept the text of what was deleted while it was posted.
    if (message.content !== "") await clearMessage(ctx, message);
    return { said: { content: "" }, files };
  }
  const relays = isRelay(delivery, message);
  const { content, streamed } = message;
  // Of another answer only a delete keeps the text.
  const isFixed = !relays && !streamed && message.deletedAt === undefined;
  // What is known to stand of an edit is edited again, and nothing stands of a create without parts.
  if (!relays && streamed && !mayStand && !outcomeUnknown) await dropFrozenText(ctx, deliveryId);
  const frozen = isFixed ? null : await frozenText(ctx, deliveryId);
  if (frozen) return { ...frozen, files };
  if (!relays) {
    if (streamed) await freezeText(ctx, { deliveryId, said: { content }, streamed });
    return { said: { content }, files };
  }
  const along = op === "create" ? await chooseFiles(ctx, message, delivery.platform) : inCopy;
  if (op === "create" && (along.length > 0 || files.length > 0))
    await ctx.db.patch("deliveries", deliveryId, { files: [...along] });
  const said = await relayedText(ctx, message, place, along);
  const newest = await newestPostOf(ctx, place._id);
  const fixed = { deliveryId, said, ...(newest && { newestPost: newest.externalId }) };
  await freezeText(ctx, fixed);
  return { ...fixed, files: along };
}

/** The platform's id of a relayed message where it was said: the same after a backup is restored. */
function originOf({ mappingId, externalId }: Doc<"messages">): { origin?: string } {
  return mappingId && externalId !== undefined ? { origin: `${mappingId} ${externalId}` } : {};
}

/** Characters of a question that are enough to call its thread by. */
const QUESTION_LENGTH = 1_000;

/** What a thread that may open now is started from: the question of an answer, or the root of a relayed thread. */
async function rootText(
  ctx: MutationCtx,
  { mappingId, replyTo }: Pick<Doc<"deliveries">, "mappingId" | "replyTo">,
  { threadId, rootId }: Doc<"conversations">,
): Promise<string | undefined> {
  if (threadId === undefined || (threadId !== replyTo && !rootId)) return undefined;
  const root = await saidAs(ctx, mappingId, threadId);
  if (!root || root.deletedAt !== undefined) return undefined;
  return cut(await readableContent(ctx, root), QUESTION_LENGTH);
}
