import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { isAdmin } from "../access/caller.ts";
import { askForReply } from "../replies/request_reply.ts";
import { ensureConversation } from "../rows/conversations.ts";
import { mappingsOf } from "../rows/mappings.ts";
import { takeMessage, takeReply } from "../replies/limits.ts";
import { limitNotice } from "../replies/notices.ts";
import { isBlank } from "../replies/ai_service/visible_text.ts";
import { ownPosition } from "../shared/positions.ts";
import { relayInOrder } from "../relay/postpone.ts";
import { refusal } from "../shared/refusal.ts";
import { botSettings, publicChatIsOpen } from "../shared/settings.ts";
import { bytesOf } from "../shared/text.ts";

interface Said {
  readonly channel: Doc<"channels">;
  readonly authorId: Id<"users">;
  readonly content: string;
}

/** Longest message and name that a caller without an admin token may store, in bytes of UTF-8: twice a long Discord message. */
const MOST_BYTES = { message: 8_000, name: 400 } as const;

/** Throws FORBIDDEN for callers without an admin token, unless PUBLIC_CHAT is open. */
export async function requireOpenChat(ctx: MutationCtx): Promise<void> {
  if (!publicChatIsOpen() && !(await isAdmin(ctx)))
    throw refusal("FORBIDDEN", "public chat is closed on this deployment");
}

/** Throws TOO_LONG if a caller without an admin token sends more than others may store. */
export async function requireShort(
  ctx: MutationCtx,
  kind: keyof typeof MOST_BYTES,
  sent: string,
): Promise<void> {
  const most = MOST_BYTES[kind];
  if (bytesOf(sent) > most && !(await isAdmin(ctx)))
    throw refusal("TOO_LONG", `a ${kind} may have at most ${most.toString()} bytes`);
}

/** In a channel that was never mapped, the public chat API asks for one reply per message. */
export async function saySeedMessage(ctx: MutationCtx, { channel, authorId, content }: Said) {
  await ctx.db.insert("messages", { channelId: channel._id, authorId, content });
  const asker = (await isAdmin(ctx))
    ? ({ kind: "author", userId: authorId } as const)
    : ({ kind: "stranger" } as const);
  const limited = await takeReply(ctx, asker, channel._id);
  if (!limited) {
    await ctx.scheduler.runAfter(0, internal.index.generateResponse, { channelId: channel._id });
  } else if (limited.firstInWindow) {
    await ctx.db.insert("messages", {
      channelId: channel._id,
      content: limitNotice(limited),
      kind: "notice",
    });
  }
}

/**
 * A message in a private channel, of an admin or of an app's person: posted in every mapped channel that hears it, and
 * answered where the channel's questions are. Throws RATE_LIMITED.
 */
export async function sayPrivateMessage(ctx: MutationCtx, { channel, authorId, content }: Said) {
  const byAdmin = await isAdmin(ctx);
  if (!byAdmin) await takeMessage(ctx, authorId, channel._id);
  // A platform refuses what it would show nothing of, and nothing is asked by it.
  const isShown = !isBlank(content);
  const asks = isShown && (byAdmin || (await asksIn(ctx, channel, content)));
  const conversation = await ensureConversation(ctx, { channelId: channel._id });
  const now = Date.now();
  const messageId = await ctx.db.insert("messages", {
    channelId: channel._id,
    authorId,
    content,
    conversationId: conversation._id,
    position: ownPosition(now),
    sentAt: now,
    ...(asks && { asks }),
    kind: "person",
  });
  const message = await ctx.db.get("messages", messageId);
  if (!message) return;
  if (isShown) await relayInOrder(ctx, message);
  if (asks) await askForReply(ctx, conversation, message);
}

/**
 * Whether the AI answers what an app's person says: as in the channel's mappings, of which one is enough. An app has no
 * mentions, so there `@` and the AI's name are one. Where every mapping keeps its messages from the AI, this does too: the
 * AI would read them.
 */
async function asksIn(ctx: MutationCtx, channel: Doc<"channels">, content: string) {
  const mappings = await mappingsOf(ctx, channel._id);
  const triggers = mappings
    .filter(({ state }) => state !== "unmapped")
    .map(({ trigger }) => trigger);
  if (triggers.length === 0 || triggers.includes("always")) return true;
  const name = `@${botSettings().shortName}`.toLowerCase();
  return triggers.includes("mention") && content.toLowerCase().includes(name);
}
