import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { isBeingWritten } from "../rows/drafts.ts";
import { saidAs } from "../rows/messages/messages.ts";
import { placesHeardIn } from "../relay/hearing.ts";
import { authorOf } from "../rows/identities.ts";
import { readableContent } from "../rows/messages/message_text.ts";
import { CONTEXT_BYTES, CONTEXT_MESSAGES } from "../shared/settings.ts";
import { bytesOf, cutToBytes, onOneLine } from "../shared/text.ts";
import { indented, speaker } from "./framing.ts";
import type { QuestionMessage } from "./question.ts";

/** One line of what the AI reads: people as `name: text`, its own words plain. */
export const vContextLine = v.object({
  role: v.union(v.literal("user"), v.literal("assistant")),
  content: v.string(),
});
export type ContextLine = Infer<typeof vContextLine>;

/** The message exactly as the chat API has always given it to the AI. Throws "User not found" when its author is gone. */
export async function toChatLine(ctx: QueryCtx, message: Doc<"messages">): Promise<ContextLine> {
  const content = withAttachments(await readableContent(ctx, message), message);
  if (!message.authorId) return { role: "assistant", content };
  return {
    role: "user",
    content: `${await authorName(ctx, message)}: ${content}`,
  };
}

/** The message as the AI reads it in a conversation. Throws "User not found" when its author is gone. */
export async function toContextLine(
  ctx: QueryCtx,
  message: Doc<"messages">,
): Promise<QuestionMessage> {
  const content = withAttachments(await readableContent(ctx, message), message);
  const sentAt = message.sentAt ?? message._creationTime;
  const name = await speakerOf(ctx, message);
  if (name === undefined) return { role: "assistant", content, sentAt };
  const said = `${name}: ${indented(content)}`;
  const before = [await titleOf(ctx, message), await answeredBy(ctx, message)];
  const lines = [...before, said].filter((line) => line !== undefined);
  return { role: "user", content: lines.join("\n"), name, sentAt };
}

/** A person's name as the AI reads it; undefined for its own messages. Throws "User not found" when the person is gone. */
export async function speakerOf(
  ctx: QueryCtx,
  message: Doc<"messages">,
): Promise<string | undefined> {
  const { authorId } = message;
  return authorId && speaker(await authorName(ctx, message));
}

/** A post in a forum has a title, which says as much as its text. */
async function titleOf(ctx: QueryCtx, { conversationId, externalId }: Doc<"messages">) {
  const conversation = conversationId && (await ctx.db.get("conversations", conversationId));
  // A thread that was started from a message takes its name from the message.
  if (!conversation?.name || conversation.threadId !== externalId) return undefined;
  return `[${onOneLine(conversation.name)}]`;
}

/** Characters of an answered message that are enough to tell which one it is. */
const QUOTE_LENGTH = 200;

/**
 * The beginning of the message that this one answers, as a quote. Nothing if it is not stored or deleted, or was said when
 * the channel was mapped to another one: who hears it now may not have heard that.
 */
async function answeredBy(ctx: QueryCtx, { channelId, mappingId, replyTo }: Doc<"messages">) {
  if (!mappingId || replyTo === undefined) return undefined;
  const answered = await saidAs(ctx, mappingId, replyTo);
  if (answered?.channelId !== channelId || answered.deletedAt !== undefined) return undefined;
  const name = (await speakerOf(ctx, answered)) ?? "you";
  const text = withAttachments(await readableContent(ctx, answered), answered);
  const line = Array.from(onOneLine(text));
  const cut = line.length > QUOTE_LENGTH ? "…" : "";
  return `> ${name}: ${line.slice(0, QUOTE_LENGTH).join("")}${cut}`;
}

async function authorName(ctx: QueryCtx, message: Doc<"messages">): Promise<string> {
  const author = await authorOf(ctx, message);
  if (!author) throw new Error("User not found");
  return author.name;
}

function withAttachments(content: string, { attachments = [] }: Doc<"messages">): string {
  const named = attachments.map(({ name }) => `[attachment: ${name}]`);
  return [content, ...named].filter((line) => line !== "").join("\n");
}

/** Rows read for a context: some are deleted or notices, which it leaves out. */
const MOST_ROWS = 2 * CONTEXT_MESSAGES;

export interface Recent {
  readonly messages: readonly Doc<"messages">[];
  /** Whether the first of them is the message that the thread was started from. */
  readonly hasRoot: boolean;
}

/**
 * The recent messages of a conversation, oldest first, and what is older and still belongs there: the questions that
 * wait for their answer (`waiting`) while the conversation continues, and the message a thread was started from, which belongs to the
 * channel's conversation.
 */
export async function recentMessages(
  ctx: QueryCtx,
  conversation: Doc<"conversations">,
  waiting: readonly Doc<"messages">[],
): Promise<Recent> {
  const { places, since } = await placesHeardIn(ctx, conversation);
  const rows = (await Promise.all(places.map(({ _id }) => newestOf(ctx, _id))))
    .flat()
    .filter(
      ({ conversationId, sentAt = 0 }) => conversationId === conversation._id || sentAt >= since,
    );
  const inTime = places.length === 1 ? rows : rows.sort(bySentAt).reverse();
  const newest = inTime.filter(belongs).slice(0, CONTEXT_MESSAGES);
  const recent = (await whole(ctx, newest)).reverse();
  const root = await rootOf(ctx, conversation);
  const known = new Set([...recent.map(({ _id }) => _id), root?._id]);
  const older = waiting.filter((message) => belongs(message) && !known.has(message._id));
  // Positions of one place sort exactly; those of several platforms don't compare.
  const order = places.length === 1 ? byPosition : bySentAt;
  const inOrder = [...older, ...recent].sort(order);
  if (!root || !belongs(root)) return { messages: inOrder, hasRoot: false };
  return { messages: [root, ...inOrder.filter(({ _id }) => _id !== root._id)], hasRoot: true };
}

/** The last message of the conversation itself that the AI was shown: elsewhere positions have another form. */
export async function newestRead(
  ctx: QueryCtx,
  conversationId: Id<"conversations">,
  read: readonly Id<"messages">[],
): Promise<Doc<"messages"> | null> {
  for (const id of read.toReversed()) {
    const message = await ctx.db.get("messages", id);
    if (message?.conversationId === conversationId) return message;
  }
  return null;
}

async function newestOf(ctx: QueryCtx, conversationId: Id<"conversations">) {
  return await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_position", (q) => q.eq("conversationId", conversationId))
    .order("desc")
    .take(MOST_ROWS);
}

function byPosition({ position: a = "" }: Doc<"messages">, { position: b = "" }: Doc<"messages">) {
  return a < b ? -1 : Number(a > b);
}

function bySentAt({ sentAt: a = 0 }: Doc<"messages">, { sentAt: b = 0 }: Doc<"messages">) {
  return a - b;
}

/** Without answers that are still being written, here or in another place: they are none yet. */
async function whole(
  ctx: QueryCtx,
  messages: readonly Doc<"messages">[],
): Promise<Doc<"messages">[]> {
  const growing = await Promise.all(messages.map((message) => isBeingWritten(ctx, message)));
  return messages.filter((_, index) => growing[index] !== true);
}

/** Notices and deleted messages are not part of a context. */
function belongs(message: Doc<"messages">): boolean {
  return message.deletedAt === undefined && message.kind !== "notice";
}

async function rootOf(ctx: QueryCtx, { mappingId, threadId }: Doc<"conversations">) {
  const root = mappingId && threadId !== undefined && (await saidAs(ctx, mappingId, threadId));
  return root && !(await isBeingWritten(ctx, root)) ? root : null;
}

/** Kept for a thread's first message, however long the thread is. */
const ROOT_BYTES = CONTEXT_BYTES / 4;

/** The newest lines that fit, after the thread's first message, which is cut if it is too long. */
export function fitContext<Line extends ContextLine>(
  lines: readonly Line[],
  hasRoot = false,
): Line[] {
  const [root, ...rest] = lines;
  if (!hasRoot || !root || rest.length === 0) return newestLines(lines, CONTEXT_BYTES);
  const left = rest.reduce((room, { content }) => room - bytesOf(content), CONTEXT_BYTES);
  const content = cutToBytes(root.content, Math.max(ROOT_BYTES, left));
  return [{ ...root, content }, ...newestLines(rest, CONTEXT_BYTES - bytesOf(content))];
}

/** Drops the oldest lines until the rest fits; the newest always stays, cut where it alone is too long. */
function newestLines<Line extends ContextLine>(lines: readonly Line[], bytes: number): Line[] {
  const kept: Line[] = [];
  let room = bytes;
  for (const line of lines.toReversed()) {
    const size = bytesOf(line.content);
    if (size > room && kept.length > 0) break;
    kept.push({ ...line, content: cutToBytes(line.content, room) });
    room -= size;
  }
  return kept.reverse();
}
