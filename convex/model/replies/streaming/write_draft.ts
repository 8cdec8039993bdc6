import type { Id } from "../../../_generated/dataModel.js";
import type { MutationCtx } from "../../../_generated/server.js";
import { editAgain } from "../../outbox/streamed_edits.ts";
import { draftOf } from "../../rows/drafts.ts";
import type { Platform } from "../../shared/validators.ts";
import { currentReply, questionsOf } from "../questions_of.ts";
import { beginAnswer } from "../say.ts";
import { newestRead } from "../context.ts";

/**
 * Between two flushes of an answer, in ms: no more often than a platform takes edits.
 * https://docs.slack.dev/reference/methods/chat.update: 50 a minute and workspace
 */
export const FLUSH_EVERY_MS: Readonly<Record<Platform, number>> = { discord: 1_500, slack: 3_000 };

interface Flush {
  readonly replyId: Id<"replies">;
  readonly attempt: number;
  readonly read: readonly Id<"messages">[];
  readonly text: string;
}

/**
 * Shows what an attempt has written so far. The first flush of a reply makes its message and hands that to the outbox;
 * later ones, also of later attempts, change only the draft. Returns whether the answer is still wanted.
 */
export async function writeDraft(
  ctx: MutationCtx,
  { replyId, attempt, read, text }: Flush,
): Promise<boolean> {
  const reply = await currentReply(ctx, replyId, attempt);
  const questions = reply && (await questionsOf(ctx, reply, read));
  if (!questions) return false;
  const { conversation, last } = questions;
  if (reply.messageId) {
    const draft = await draftOf(ctx, reply.messageId);
    if (!draft || draft.text === text) return true;
    await ctx.db.patch("drafts", draft._id, { text, revision: draft.revision + 1 });
    await editAgain(ctx, conversation, reply.messageId);
    return true;
  }
  const { _id: conversationId, mappingId } = conversation;
  if (!mappingId) return true;
  const seen = await newestRead(ctx, conversationId, read);
  const messageId = await beginAnswer(ctx, conversation, last, seen, text, true);
  await ctx.db.insert("drafts", { messageId, conversationId, mappingId, text, revision: 1 });
  await ctx.db.patch("replies", replyId, { messageId });
  return true;
}
