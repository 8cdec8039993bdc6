import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { enqueueDelivery } from "../outbox/lanes.ts";
import { ownPosition, positionAfter } from "../shared/positions.ts";

/** The message to sort after. Without one, only the deployment's clock gives the position. */
export type Behind = Pick<Doc<"messages">, "position" | "sentAt"> | null;

/** Stores what the product itself says in a conversation, and hands it to the outbox as an answer to `replyTo`. */
export async function speak(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  said: { kind: "reply" | "notice"; content: string; behind: Behind; replyTo: string | undefined },
): Promise<Id<"messages">> {
  const { kind, content, behind, replyTo } = said;
  const now = Date.now();
  const messageId = await ctx.db.insert("messages", {
    channelId: conversation.channelId,
    conversationId: conversation._id,
    ...(conversation.mappingId && { mappingId: conversation.mappingId }),
    content,
    kind,
    position:
      behind?.position === undefined ? ownPosition(now) : positionAfter(behind.position, now),
    sentAt: Math.max(now, (behind?.sentAt ?? 0) + 1),
    ...(replyTo !== undefined && { replyTo }),
  });
  await enqueueDelivery(ctx, conversation, { messageId, replyTo });
  return messageId;
}
