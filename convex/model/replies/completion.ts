import OpenAI from "openai";
import { type Answer, readAnswer } from "./ai_service/answer.ts";
import { AiFailure, completionFailure } from "./ai_service/completion_errors.ts";
import type { ContextLine } from "./context.ts";
import { aiServiceOf, isWebAddress, openAiSettings, OUTPUT_TOKENS } from "../shared/settings.ts";
import type { QuestionMessage } from "./question.ts";
import type { OutputLimit } from "../rows/output_limits.ts";

export interface Prompt {
  readonly messages: readonly (ContextLine & Pick<QuestionMessage, "images">)[];
  readonly instructions?: string | undefined;
  readonly model?: string | undefined;
  /** What the service calls the limit of an answer, if it is known. */
  readonly outputLimit?: OutputLimit | undefined;
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
}

export interface Completion extends Answer {
  /** What the service calls the limit, if not what the prompt does. */
  readonly learned?: { readonly service: string; readonly name: OutputLimit };
}

/** What OpenAI calls the limit today, and what it was called, by which other services know it. */
export const OUTPUT_LIMITS = ["max_completion_tokens", "max_tokens"] as const;

/**
 * Asks the AI service once, without the SDK's own retries: the caller sets a time limit and decides whether to retry. (Once
 * more if it refuses the limit's name, or the images, which costs nothing.) Throws `AiFailure`.
 */
export async function complete(prompt: Prompt): Promise<Completion> {
  const { response, ...learned } = await open(prompt);
  return { ...readAnswer(await whole(response)), ...learned };
}

/** What the service answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty if it broke off. */
  readonly body: string;
}

export async function whole(response: Response): Promise<HttpAnswer> {
  const { status, headers } = response;
  return { status, headers, body: await response.text().catch(() => "") };
}

interface Opened extends Pick<Completion, "learned"> {
  /** Its body is not read yet. */
  readonly response: Response;
}

/**
 * Makes the request, with `more` parameters, by that name of the limit which the service knows, and without its images if it
 * refuses those. Throws `AiFailure`.
 */
export async function open(prompt: Prompt, more: object = {}): Promise<Opened> {
  const { messages, signal, outputLimit: known = OUTPUT_LIMITS[0] } = prompt;
  const other = known === "max_tokens" ? OUTPUT_LIMITS[0] : "max_tokens";
  let limit = known;
  let withImages = messages.some(({ images = [] }) => images.length > 0);
  const opened = (response: Response) => ({
    response,
    ...(limit !== known && { learned: { service: aiServiceOf(prompt.model), name: limit } }),
  });
  // Each of the two may be refused once.
  for (;;) {
    const request = { ...requestOf(prompt, withImages), ...more, [limit]: OUTPUT_TOKENS };
    const response = await ask(request, signal).catch(fail);
    if (response.ok) return opened(response);
    const answer = await whole(response);
    if (limit === known && isRefusal(answer) && answer.body.includes(known)) limit = other;
    else if (withImages && refusesImages(answer)) withImages = false;
    else return opened(new Response(answer.body, answer));
  }
}

/** Images follow the text of their message, in which each has its name. */
function requestOf({ model, instructions, messages }: Prompt, withImages: boolean): ChatRequest {
  const said = messages.map(({ role, content, images = [] }) => {
    if (role === "assistant") return { role, content };
    if (!withImages || images.length === 0) return { role, content };
    const parts = images.map(({ url }) => ({
      type: "image_url" as const,
      image_url: { url, detail: "auto" as const },
    }));
    return { role, content: [{ type: "text" as const, text: content }, ...parts] };
  });
  const system = { role: "system" as const, content: instructions ?? "" };
  return {
    model: model ?? openAiSettings().model,
    messages: instructions === undefined ? said : [system, ...said],
  };
}

/** Whether a service has refused a request for its images: many models read none. */
function refusesImages({ status, body }: HttpAnswer): boolean {
  return [400, 404, 415, 422].includes(status) && /image|vision|content.?part/i.test(body);
}

/** Whether the service does not take the request as it is. */
export function isRefusal({ status }: Pick<Response, "status">): boolean {
  return status === 400 || status === 422;
}

/** What the SDK throws means something else where it comes from an app's own use of the SDK. */
function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : undefined;
  throw error instanceof AiFailure ? error : new AiFailure(completionFailure(error), message);
}

type ChatRequest = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

/**
 * One request. The answer is taken before the SDK reads it: the SDK drops what an error says in another form than OpenAI's,
 * and reads only JSON. The client is made here because at module level a missing key would break every function of a file.
 */
async function ask(request: ChatRequest, signal: AbortSignal | undefined): Promise<Response> {
  const { apiKey, baseURL } = openAiSettings();
  if (baseURL !== undefined && !isWebAddress(baseURL)) throw new AiFailure(NO_REQUEST);
  const answers: Response[] = [];
  const openai = new OpenAI({
    apiKey,
    baseURL,
    maxRetries: 0,
    fetch: async (url, init) => {
      // The SDK's own signal ends with its call, before the body is read.
      answers.push(await fetch(url, { ...init, ...(signal && { signal }) }));
      return new Response("{}", { headers: { "content-type": "application/json" } });
    },
  });
  await openai.chat.completions.create(request, { signal }).catch((error: unknown) => {
    throw error instanceof OpenAI.OpenAIError ? error : new AiFailure(NO_REQUEST);
  });
  const [answer] = answers;
  if (answer === undefined) throw new AiFailure(NO_REQUEST);
  return answer;
}

const NO_REQUEST = {
  reason: "no request can be made with OPENAI_BASE_URL and OPENAI_API_KEY as they are",
  retryable: false,
};
