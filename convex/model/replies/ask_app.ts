import OpenAI from "openai";
import type { Infer } from "convex/values";
import type { ActionCtx } from "../../_generated/server.js";
import { fieldAt, textAt } from "../shared/fields.ts";
import type { vUsage } from "../shared/validators.ts";
import { type Completion, OUTPUT_LIMITS } from "./completion.ts";
import { AiFailure, type CompletionFailure, errorFailure } from "./ai_service/completion_errors.ts";
import type { Answer, AnswerFunction, vQuestion } from "./question.ts";
import { withAddresses } from "./ai_service/images.ts";
import { type Live, LiveDraft } from "./streaming/live_draft.ts";
import { withinTime } from "./ai_service/time_limit.ts";
import { visibleText } from "./ai_service/visible_text.ts";

/**
 * Calls `answer` of `convex/answer.ts` once, within the time limit, and reads what it gives, of which nothing is certain:
 * the file is the app's. `live`: where an answer in pieces is shown while it is written. Throws `AiFailure`.
 */
export async function askApp(
  ctx: ActionCtx,
  answer: AnswerFunction,
  question: Infer<typeof vQuestion>,
  live?: Live,
): Promise<Answer & Pick<Completion, "learned">> {
  let draft: LiveDraft | undefined;
  const given = await withinTime(async (signal, giveUp) => {
    try {
      draft = live && new LiveDraft(live, () => giveUp(UNWANTED));
      const messages = await withAddresses(ctx, question.messages);
      const result: unknown = await answer(ctx, { ...question, messages, signal });
      return isStream(result) ? await collected(result, signal, draft) : result;
    } catch (error) {
      throw new AiFailure(appFailure(error));
    }
  }).finally(() => draft?.end());
  const said = typeof given === "string" || given === null ? given : contentOf(given);
  const content = said === null ? null : visibleText(said);
  if (said !== null && content === null) throw new AiFailure(NO_TEXT);
  const usage = usageIn(given);
  return { content, ...(usage && { usage }), ...learnedIn(given) };
}

const UNWANTED = { reason: "what was asked or answered was deleted", retryable: false };

/** Silence is paid for too, where a model was asked. */
const NO_TEXT = {
  reason: "convex/answer.ts gave a text in which nothing shows",
  retryable: true,
  mostAttempts: 2,
};

function unreadable(what: string): AiFailure {
  const reason = `convex/answer.ts gave ${what}: it has to be a text, an answer with its content, or null`;
  return new AiFailure({ reason, retryable: false });
}

function contentOf(given: unknown): string | null {
  if (typeof given !== "object" || given === null)
    throw unreadable(`a value of type ${typeof given}`);
  const content: unknown = Reflect.get(given, "content");
  if (content !== null && typeof content !== "string")
    throw unreadable(`content of type ${typeof content}`);
  return content;
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** Far more than is stored, reasoning included. An empty piece counts as one character, so that no stream is endless. */
const MOST_CHARACTERS = 1_000_000;

/**
 * The pieces as one answer; nothing to say if none of them is a text. One with `content` replaces the text so far.
 */
async function collected(
  pieces: AsyncIterable<unknown>,
  signal: AbortSignal,
  draft: LiveDraft | undefined,
): Promise<Answer & Pick<Completion, "learned">> {
  let content: string | null = null;
  let usage: Infer<typeof vUsage> | undefined;
  let learned: Pick<Completion, "learned"> = {};
  let characters = 0;
  for await (const piece of pieces) {
    if (typeof piece === "string") {
      content = (content ?? "") + piece;
      draft?.say(content);
    } else {
      const isAnswer = typeof piece === "object" && piece !== null && "content" in piece;
      const spent = usageIn(piece);
      if (isAnswer) {
        content = contentOf(piece);
        draft?.say(content ?? "");
      } else if (!spent) misread(piece);
      if (spent) usage = sum(usage, spent);
      learned = { ...learned, ...learnedIn(piece) };
    }
    characters += typeof piece === "string" ? piece.length || 1 : 1;
    if (signal.aborted || characters > MOST_CHARACTERS) break;
  }
  return { content, ...(usage && { usage }), ...learned };
}

function misread(piece: unknown): never {
  throw unreadable(`a piece of type ${typeof piece}, which is neither text, usage nor an answer`);
}

function usageIn(given: unknown): Infer<typeof vUsage> | undefined {
  const promptTokens = fieldAt(given, "usage", "promptTokens");
  const completionTokens = fieldAt(given, "usage", "completionTokens");
  return typeof promptTokens === "number" && typeof completionTokens === "number"
    ? { promptTokens, completionTokens }
    : undefined;
}

function sum(a: Infer<typeof vUsage> | undefined, b: Infer<typeof vUsage>): Infer<typeof vUsage> {
  return {
    promptTokens: (a?.promptTokens ?? 0) + b.promptTokens,
    completionTokens: (a?.completionTokens ?? 0) + b.completionTokens,
  };
}

function learnedIn(given: unknown): Pick<Completion, "learned"> {
  const service = textAt(given, "learned", "service");
  const name = OUTPUT_LIMITS.find((each) => each === textAt(given, "learned", "name"));
  return service === "" || name === undefined ? {} : { learned: { service, name } };
}

/** An error's message may hold what people wrote, or a key. Its class does not. */
function appFailure(error: unknown): CompletionFailure {
  if (error instanceof AiFailure) return error.failure;
  const reason = `convex/answer.ts failed (${classOf(error)})`;
  if (!(error instanceof OpenAI.APIError)) return { reason, retryable: true };
  const status: unknown = error.status;
  if (typeof status !== "number") return { reason, retryable: true };
  const headers = error.headers instanceof Headers ? error.headers : new Headers();
  return {
    ...errorFailure({ status, headers, body: "" }, error.error),
    reason: `convex/answer.ts failed (${classOf(error)} ${status})`,
  };
}

function classOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  // Most classes, OpenAI's among them, keep the name that `Error` gave them.
  const name = error.name === "Error" ? error.constructor.name : error.name;
  return /^\w{1,60}$/.test(name) ? name : "Error";
}
