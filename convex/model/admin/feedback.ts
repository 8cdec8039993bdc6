import {
  paginationResultValidator,
  type PaginationOptions,
  type PaginationResult,
} from "convex/server";
import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { readableContent } from "../rows/messages/message_text.ts";

/** Rated answers that the status counts, the last to be rated. */
const MOST_COUNTED = 1_000;

/** Ratings of the 1,000 answers that were last to be rated. `isMore`: there may be more. */
export const vRecentFeedback = v.object({
  up: v.number(),
  down: v.number(),
  answers: v.number(),
  isMore: v.optional(v.literal(true)),
});

/** See `vRecentFeedback`. Undefined if there is none. */
export async function recentFeedback(
  ctx: QueryCtx,
): Promise<Infer<typeof vRecentFeedback> | undefined> {
  const rated = await ctx.db
    .query("replies")
    .withIndex("by_ratedAt", (q) => q.gt("ratedAt", undefined))
    .order("desc")
    .take(MOST_COUNTED);
  if (rated.length === 0) return undefined;
  const sumOf = (thumb: "up" | "down") =>
    rated.reduce((sum, { feedback }) => sum + (feedback?.[thumb] ?? 0), 0);
  const isMore = rated.length === MOST_COUNTED && { isMore: true as const };
  return { up: sumOf("up"), down: sumOf("down"), answers: rated.length, ...isMore };
}

/** An answer and its rating. `at`: when it was given, in ms since 1970. `question` is absent once it is deleted. */
export const vFeedbackRow = v.object({
  at: v.number(),
  channel: v.string(),
  question: v.optional(v.string()),
  answer: v.string(),
  up: v.number(),
  down: v.number(),
});
type FeedbackRow = Infer<typeof vFeedbackRow>;

export const vFeedbackPage = paginationResultValidator(vFeedbackRow);

/** See `admin.feedback`. Says nothing of a deleted message. */
export async function readFeedback(
  ctx: QueryCtx,
  paginationOpts: PaginationOptions,
): Promise<PaginationResult<FeedbackRow>> {
  const page = await ctx.db
    .query("replies")
    .withIndex("by_ratedAt", (q) => q.gt("ratedAt", undefined))
    .paginate(paginationOpts);
  const rows: FeedbackRow[] = [];
  for (const reply of page.page) {
    const row = await toFeedbackRow(ctx, reply);
    if (row) rows.push(row);
  }
  return { ...page, page: rows };
}

async function toFeedbackRow(
  ctx: QueryCtx,
  { messageId, askedBy, feedback }: Doc<"replies">,
): Promise<FeedbackRow | undefined> {
  const answer = await standing(ctx, messageId);
  if (!answer || !feedback) return undefined;
  const question = await standing(ctx, askedBy);
  const channel = await ctx.db.get("channels", answer.channelId);
  return {
    at: answer.sentAt ?? answer._creationTime,
    channel: channel?.name ?? "",
    ...(question && { question: await readableContent(ctx, question) }),
    answer: await readableContent(ctx, answer),
    ...feedback,
  };
}

/** A message that is not deleted. */
async function standing(ctx: QueryCtx, id: Id<"messages"> | undefined) {
  const message = id && (await ctx.db.get("messages", id));
  return message?.deletedAt === undefined ? message : undefined;
}
