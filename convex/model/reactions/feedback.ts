import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { peopleIn, reactionsTo, replyOf } from "../rows/messages/reactions.ts";

const UP = "👍";
const DOWN = "👎";
/** Both, in every skin tone, lie from the first up to before this one. */
const AFTER_DOWN = "👏";

/** Whether an emoji rates an answer. */
export function isRating(emoji: string): boolean {
  return emoji.startsWith(UP) || emoji.startsWith(DOWN);
}

/** Counts who rates an answer, in all places where it is posted. Nobody rates it any more: its reply is as any other. */
export async function updateFeedback(ctx: MutationCtx, messageId: Id<"messages">): Promise<void> {
  const reply = await replyOf(ctx, messageId);
  if (!reply) return;
  const rows = await reactionsTo(ctx, messageId, [UP, AFTER_DOWN]);
  const [up, down] = [UP, DOWN].map((thumb) =>
    peopleIn(rows.filter(({ emoji }) => emoji.startsWith(thumb))),
  );
  await rate(ctx, reply, { up: up ?? 0, down: down ?? 0 });
}

async function rate(
  ctx: MutationCtx,
  { _id, feedback = { up: 0, down: 0 } }: Doc<"replies">,
  { up, down }: NonNullable<Doc<"replies">["feedback"]>,
): Promise<void> {
  if (feedback.up === up && feedback.down === down) return;
  const isRated = up + down > 0;
  await ctx.db.patch("replies", _id, {
    feedback: isRated ? { up, down } : undefined,
    ratedAt: isRated ? Date.now() : undefined,
  });
}
