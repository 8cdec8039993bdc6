import type { ActionCtx } from "./_generated/server.js";
import { complete } from "./model/replies/completion.ts";
import type { Answer, AnswerPiece, Question } from "./model/replies/question.ts";
import { streamCompletion } from "./model/replies/streaming/stream_completion.ts";

/**
 * What the bot says to a question in a mapped channel. This file is yours to edit: answer from your own data, with tools,
 * through another provider or an agent (docs/answers.md). Return a text or an `Answer`, null to say nothing, or yield an
 * answer in pieces (`async function*`), which people watch being written where the channel has `--stream`. It runs once
 * per attempt, for at most 60 s. Limits, retries, the time limit and posting exactly once are applied outside.
 *
 * By default it asks OpenAI's chat completions, or those of OPENAI_BASE_URL.
 */
export function answer(
  _ctx: ActionCtx,
  question: Question,
): Promise<string | Answer | null> | AsyncIterable<AnswerPiece> {
  return question.streams ? streamCompletion(question) : complete(question);
}
