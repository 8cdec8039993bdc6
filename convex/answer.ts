import type { ActionCtx } from "./_generated/server.js";
import { complete } from "./model/replies/completion.ts";
import type { Answer, Question } from "./model/replies/question.ts";

/**
 * What the bot says to a question in a mapped channel. This file is yours to edit: answer from your own data, with tools,
 * through another provider or an agent (docs/answers.md). Return a text or an `Answer`, null to say nothing, or yield an
 * answer in pieces (`async function*`). It runs once per attempt, for at most 60 s. Limits, retries, the time limit and
 * posting exactly once are applied outside.
 *
 * By default it asks OpenAI's chat completions, or those of OPENAI_BASE_URL.
 */
export async function answer(_ctx: ActionCtx, question: Question): Promise<string | Answer | null> {
  return await complete(question);
}
