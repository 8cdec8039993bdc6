import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { findMessage } from "./messages.ts";
import { nameOf } from "./people.ts";
import { readableContent } from "./reading.ts";
import { CONTEXT_CHARACTERS, CONTEXT_MESSAGES } from "./settings.ts";

/** One line of what the AI reads: people as `name: text`, its own words plain. */
export const vContextLine = v.object({
  role: v.union(v.literal("user"), v.literal("assistant")),
  content: v.string(),
});
export type ContextLine = Infer<typeof vContextLine>;

/**
 * The message as the AI reads it. Throws "User not found" when its author is gone, as the chat API always did.
 */
export async function toContextLine(ctx: QueryCtx, message: Doc<"messages">): Promise<ContextLine> {
  const content = withAttachments(await readableContent(ctx, message), message);
  if (!message.authorId) return { role: "assistant", content };
  return {
    role: "user",
    content: `${await authorName(ctx, message, message.authorId)}: ${content}`,
  };
}

async function authorName(
  ctx: QueryCtx,
  message: Doc<"messages">,
  authorId: Id<"users">,
): Promise<string> {
  const identity = message.identityId && (await ctx.db.get("identities", message.identityId));
  if (identity) return nameOf(identity);
  const user = await ctx.db.get("users", authorId);
  if (!user) throw new Error("User not found");
  return user.name;
}

function withAttachments(content: string, { attachments = [] }: Doc<"messages">): string {
  const named = attachments.map(({ name }) => `[attachment: ${name}]`);
  return [content, ...named].filter((line) => line !== "").join("\n");
}

/** Rows read for a context: some are deleted or notices, which it leaves out. */
const MOST_ROWS = 2 * CONTEXT_MESSAGES;

/**
 * The recent messages of a conversation, oldest first. A thread's begin with the message it hangs on, which lives in
 * the channel's conversation.
 */
export async function recentMessages(
  ctx: QueryCtx,
  conversation: Doc<"conversations">,
): Promise<Doc<"messages">[]> {
  const rows = await ctx.db
    .query("messages")
    .withIndex("by_conversationId_and_position", (q) => q.eq("conversationId", conversation._id))
    .order("desc")
    .take(MOST_ROWS);
  const recent = rows.filter(belongs).slice(0, CONTEXT_MESSAGES).reverse();
  const root = await rootOf(ctx, conversation);
  const missing = root && belongs(root) && !recent.some(({ _id }) => _id === root._id);
  return missing ? [root, ...recent] : recent;
}

/** Notices are said to people only; what is deleted is gone. */
function belongs(message: Doc<"messages">): boolean {
  return message.deletedAt === undefined && message.kind !== "notice";
}

async function rootOf(
  ctx: QueryCtx,
  { mappingId, threadId }: Doc<"conversations">,
): Promise<Doc<"messages"> | null> {
  if (!mappingId || threadId === undefined) return null;
  return await findMessage(ctx, mappingId, threadId);
}

/** Drops the oldest lines until the rest fits; the newest always stays, cut where it alone is too long. */
export function fitContext(lines: readonly ContextLine[]): ContextLine[] {
  const kept: ContextLine[] = [];
  let room = CONTEXT_CHARACTERS;
  for (const line of lines.toReversed()) {
    if (line.content.length > room && kept.length > 0) break;
    kept.push({ ...line, content: line.content.slice(0, room) });
    room -= line.content.length;
  }
  return kept.reverse();
}
