import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { waitingAskers } from "./pending_questions.ts";
import { cancelReply, openReplyOf } from "./request_reply.ts";

/**
 * Called when a possible question is deleted. A reply that has not begun, with no question left, is cancelled, and so is
 * one of which people have seen the beginning. Any other that has begun is checked again when it is stored.
 */
export async function withdrawReply(
  ctx: MutationCtx,
  conversationId: Id<"conversations"> | undefined,
): Promise<void> {
  const reply = conversationId && (await openReplyOf(ctx, conversationId));
  if (!reply?.jobId) return;
  const job = await ctx.db.system.get("_scheduled_functions", reply.jobId);
  if (job?.state.kind !== "pending" && !reply.messageId) return;
  if ((await waitingAskers(ctx, reply)).length > 0) return;
  await cancelReply(ctx, reply, "what was asked was deleted");
}
