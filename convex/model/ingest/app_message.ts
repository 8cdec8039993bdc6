import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { isAdmin } from "../access/caller.ts";
import { askForReply } from "../replies/request_reply.ts";
import { ensureConversation } from "../rows/conversations.ts";
import { takeReply } from "../replies/limits.ts";
import { limitNotice } from "../replies/notices.ts";
import { ownPosition } from "../shared/positions.ts";
import { relayInOrder } from "../relay/postpone.ts";
import { refusal } from "../shared/refusal.ts";
import { publicChatIsOpen } from "../shared/settings.ts";
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

/** An admin's message in a private channel: answered, and posted in every mapped channel that hears it. */
export async function sayPrivateMessage(ctx: MutationCtx, { channel, authorId, content }: Said) {
  const conversation = await ensureConversation(ctx, { channelId: channel._id });
  const now = Date.now();
  const messageId = await ctx.db.insert("messages", {
    channelId: channel._id,
    authorId,
    content,
    conversationId: conversation._id,
    position: ownPosition(now),
    sentAt: now,
    asks: true,
    kind: "person",
  });
  const message = await ctx.db.get("messages", messageId);
  if (!message) return;
  await relayInOrder(ctx, message);
  await askForReply(ctx, conversation, message);
}
