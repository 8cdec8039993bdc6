import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { enqueueDelivery } from "../outbox/lanes.ts";
import { ownPosition, positionAfter } from "../shared/positions.ts";

/** The message to sort after. Without one, only the deployment's clock gives the position. */
export type Behind = Pick<Doc<"messages">, "position" | "sentAt"> | null;

interface Said {
  readonly kind: "reply" | "notice";
  readonly content: string;
  readonly behind: Behind;
  readonly replyTo: string | undefined;
  /** People watch it being written. */
  readonly streamed?: true;
}

/** Where something that is said now is sorted. */
export function placeOf(behind: Behind): { readonly position: string; readonly sentAt: number } {
  const now = Date.now();
  const position =
    behind?.position === undefined ? ownPosition(now) : positionAfter(behind.position, now);
  return { position, sentAt: Math.max(now, (behind?.sentAt ?? 0) + 1) };
}

/** Stores what the product itself says in a conversation, and hands it to the outbox as an answer to `replyTo`. */
export async function speak(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  said: Said,
): Promise<Id<"messages">> {
  const { kind, content, behind, replyTo, streamed } = said;
  const messageId = await ctx.db.insert("messages", {
    channelId: conversation.channelId,
    conversationId: conversation._id,
    ...(conversation.mappingId && { mappingId: conversation.mappingId }),
    content,
    kind,
    ...placeOf(behind),
    ...(replyTo !== undefined && { replyTo }),
    ...(streamed && { streamed }),
  });
  await enqueueDelivery(ctx, conversation, { messageId, replyTo });
  return messageId;
}

/** Says an answer, or its beginning if it is `streamed`, behind what the AI had read (`seen`). */
export async function beginAnswer(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  asker: Doc<"messages">,
  seen: Behind,
  content: string,
  streamed = false,
): Promise<Id<"messages">> {
  const messageId = await speak(ctx, conversation, {
    kind: "reply",
    content,
    behind: seen,
    replyTo: asker.externalId,
    ...(streamed && { streamed }),
  });
  if (conversation.threadId !== undefined && !conversation.joined)
    await ctx.db.patch("conversations", conversation._id, { joined: true });
  return messageId;
}
