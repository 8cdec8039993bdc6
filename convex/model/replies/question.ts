import { type Infer, v } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { ActionCtx } from "../../_generated/server.js";
import { vOutputLimit, type OutputLimit } from "../rows/output_limits.ts";
import { cut, onOneLine } from "../shared/text.ts";
import type { vUsage } from "../shared/validators.ts";
import { AiFailure } from "./ai_service/completion_errors.ts";
import { vContextLine, type ContextLine } from "./context.ts";

/* What `convex/answer.ts` is given, and what it may return. */

/** What one message says, and who said it. */
export interface QuestionMessage extends ContextLine {
  /** The person's name, as it stands in `content`. Absent: the bot said it. */
  readonly name?: string;
  /** In ms since 1970. */
  readonly sentAt: number;
  /** PNG, JPEG, WEBP or GIF: at most the newest 4 of the whole question, each up to 5 MB. None of deleted messages. */
  readonly images?: readonly QuestionImage[];
}

/** `url`: a web address where the deployment's is public, else a data URL. Whoever has the address can read the image. */
export interface QuestionImage {
  readonly url: string;
  readonly type: string;
}

/** A question in a mapped channel, with what was said before it. */
export interface Question {
  /** What was asked last, as people read it: without the name, title and quote that `messages` have. */
  readonly text: string;
  /**
   * What was said, oldest first: the newest 30 messages and older questions that wait, as far as 24,000 bytes hold them.
   * People's `content` is `name: text`, perhaps below a title or a quote.
   */
  readonly messages: readonly QuestionMessage[];
  /**
   * The system message: who the bot is and how `messages` are to be read, then the channel's own instructions, or where it
   * has none, AI_INSTRUCTIONS.
   */
  readonly instructions: string;
  /** The channel's own model. Absent: the deployment's. */
  readonly model?: string;
  readonly channel: { readonly id: Id<"channels">; readonly name: string };
  /** `threadId` is the platform's id of the thread, absent in the channel itself. */
  readonly conversation: { readonly id: Id<"conversations">; readonly threadId?: string };
  /** Who asked last. */
  readonly asker: { readonly name: string; readonly userId?: Id<"users"> };
  /** Aborted when the time is up, or nobody waits for the answer any more: what is returned later is dropped. */
  readonly signal: AbortSignal;
  /** People watch the answer being written, if it is yielded in pieces (`channels set --stream on`). */
  readonly streams?: boolean;
  /** For the default: what the AI service calls the limit of an answer, if it is known. */
  readonly outputLimit?: OutputLimit;
}

/** An image before it has an address. */
export const vHeldImage = v.object({ storageId: v.id("_storage"), type: v.string() });

/** See `QuestionMessage`, without its images. */
export const vQuestionMessage = vContextLine.extend({
  name: v.optional(v.string()),
  sentAt: v.number(),
});

/** A question without what exists only while it is answered. */
export const vQuestion = v.object({
  text: v.string(),
  messages: v.array(vQuestionMessage.extend({ images: v.optional(v.array(vHeldImage)) })),
  instructions: v.string(),
  model: v.optional(v.string()),
  channel: v.object({ id: v.id("channels"), name: v.string() }),
  conversation: v.object({ id: v.id("conversations"), threadId: v.optional(v.string()) }),
  asker: v.object({ name: v.string(), userId: v.optional(v.id("users")) }),
  streams: v.optional(v.boolean()),
  outputLimit: v.optional(vOutputLimit),
});

/** What the bot says, and the tokens that it took. Null: it has nothing to say, and nothing is posted. */
export interface Answer {
  readonly content: string | null;
  readonly usage?: Infer<typeof vUsage>;
}

/** A piece of an answer: the text that follows, tokens that it took, or an answer in place of the text so far. */
export type AnswerPiece = string | { readonly usage: Infer<typeof vUsage> } | Answer;

/** What `answer` of `convex/answer.ts` is. The usage of several pieces is added up. */
export type AnswerFunction = (
  ctx: ActionCtx,
  question: Question,
) => Promise<string | Answer | null> | AsyncIterable<AnswerPiece>;

/**
 * Thrown by `answer` to say why there is no answer. Admins read the reason: it must not contain keys, nor what people
 * wrote. Any other error is retried, and only its class is shown.
 */
export class AnswerError extends AiFailure {
  /** `retryAfterMs`: the least wait before the next attempt. Over 2 min, the reply fails at once. */
  constructor(reason: string, more: { retryable?: boolean; retryAfterMs?: number } = {}) {
    const { retryable = false, retryAfterMs = 0 } = more;
    super({
      reason: cut(onOneLine(reason), 200).toWellFormed(),
      retryable,
      ...(retryAfterMs > 0 && { retryAfterMs }),
    });
  }
}
