import type { Doc } from "../../../_generated/dataModel.js";
import type { QueryCtx } from "../../../_generated/server.js";
import { authorOf } from "../../rows/identities.ts";
import { readableContent } from "../../rows/messages/message_text.ts";
import { idIn, saidAs } from "../../rows/messages/messages.ts";
import { escapedName, onOneLine } from "../../shared/text.ts";
import type { Said } from "../../shared/validators.ts";

/** Characters of an answered message that its quote shows. */
const QUOTE_LENGTH = 100;

/** Whether a delivery carries a message to another place than it was said in. */
export function isRelay(
  { conversationId }: Pick<Doc<"deliveries">, "conversationId">,
  message: Doc<"messages">,
): boolean {
  return message.conversationId !== conversationId;
}

/**
 * What a place is shown of a message that was said elsewhere: people and apps by their names, the AI as itself. `along`: the
 * files that it has itself.
 */
export async function relayedText(
  ctx: QueryCtx,
  message: Doc<"messages">,
  place: Doc<"conversations">,
  along: readonly string[],
): Promise<Said> {
  const author = await personaOf(ctx, message);
  return {
    content: await contentOf(ctx, message, along),
    ...(author && { author }),
    ...(await answerTo(ctx, message, place)),
  };
}

/** With the title of a forum's post before it, and a line for each other file after it. */
async function contentOf(
  ctx: QueryCtx,
  message: Doc<"messages">,
  along: readonly string[],
): Promise<string> {
  const { attachments = [] } = message;
  const others = attachments.filter(({ id = "" }) => !along.includes(id));
  const title = await titleOf(ctx, message);
  const parts = [
    ...(title === undefined ? [] : [`**${escapedName(title)}**`]),
    await readableContent(ctx, message, escapedName),
    others.map(fileLine).join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** A forum's post has a title. A thread that was started from a message takes its name from the message. */
async function titleOf(ctx: QueryCtx, { conversationId, externalId }: Doc<"messages">) {
  const conversation = conversationId && (await ctx.db.get("conversations", conversationId));
  const isPost = conversation?.titled === true && conversation.threadId === externalId;
  return isPost ? conversation.name : undefined;
}

type Attachment = NonNullable<Doc<"messages">["attachments"]>[number];

function fileLine({ name, size, url }: Attachment): string {
  const bytes = size === undefined ? "" : ` (${sizeText(size)})`;
  return `📎 [${escapedName(name)}](<${url.replace(/[<>\s]/g, encodeURIComponent)}>)${bytes}`;
}

function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes.toString()} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000).toString()} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

async function personaOf(ctx: QueryCtx, message: Doc<"messages">): Promise<Said["author"]> {
  const author = await authorOf(ctx, message);
  const avatarUrl = author?.identity?.avatarUrl;
  return author && { name: author.name, ...(avatarUrl !== undefined && { avatarUrl }) };
}

/** What a message answers, if that can be seen in the place: its id there, and a quote where a platform needs one. */
async function answerTo(
  ctx: QueryCtx,
  { channelId, mappingId, replyTo }: Doc<"messages">,
  place: Doc<"conversations">,
): Promise<Pick<Said, "quote" | "replyTo">> {
  if (!mappingId || replyTo === undefined || !place.mappingId) return {};
  const answered = await saidAs(ctx, mappingId, replyTo);
  // Said when the channel was mapped to another one: it was never meant for those who hear it now.
  if (answered?.channelId !== channelId) return {};
  // A thread shows its root.
  if (answered.deletedAt !== undefined || answered._id === place.rootId) return {};
  const id = await idIn(ctx, answered, place.mappingId);
  const name = (await authorOf(ctx, answered))?.name ?? AI_NAME;
  const line = Array.from(onOneLine(await readableContent(ctx, answered)));
  const text = line.slice(0, QUOTE_LENGTH).join("") + (line.length > QUOTE_LENGTH ? "…" : "");
  return { quote: { name, text }, ...(id !== undefined && { replyTo: id }) };
}

/** Who is quoted where the AI is answered. Its posts have the name of the platform's app. */
const AI_NAME = "AI";
