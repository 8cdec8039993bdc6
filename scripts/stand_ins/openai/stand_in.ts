import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { listen, readBody, Wire, type WireEntry } from "../wire.ts";
import { answerTo, type ChatLine, ENDLESS } from "./answers.ts";
import { sendStreamed, type Streaming, vStreamed } from "./streaming.ts";
import { type ToolCall, toolCallFor, unansweredCall, vSentMessage, vTool } from "./tools.ts";

/** A fault of one request. */
export type OpenAiFault =
  | "hang"
  /** A completion without content. */
  | "empty"
  /** HTTP 200 with a body that is not JSON. */
  | "malformed"
  /** HTTP 429 that no retry resolves. */
  | "insufficientQuota"
  /** HTTP 429 with Retry-After, in seconds. */
  | { readonly retryAfter: number }
  /** The right answer, after a delay. */
  | { readonly delayMs: number }
  /** How the answer is streamed, if that is asked for. */
  | { readonly streaming: Streaming }
  /** The whole answer at once, although a stream was asked for. */
  | "ignoresStream"
  /** HTTP 400 for every request with `stream_options`, from now on. */
  | "refusesStreamOptions"
  /** Any answer. Default: status 200, JSON. */
  | { readonly body: string; readonly status?: number; readonly type?: string }
  /** An HTTP status with OpenAI's error body. */
  | number;

export interface OpenAiRequest {
  /** ms since 1970. */
  readonly at: number;
  /** Whether it carried the right key. */
  readonly authorised: boolean;
  readonly model: string;
  readonly messages: readonly ChatLine[];
}

export interface OpenAiStandIn {
  /** For `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Every chat request in order, including refused ones. */
  readonly requests: readonly OpenAiRequest[];
  readonly wire: readonly WireEntry[];
  /** Every request for something the stand-in doesn't implement. Tests assert that it is empty. */
  readonly refused: readonly string[];
  /** Queues a fault for the next request (whose last message contains `about`, if given). */
  next(fault: OpenAiFault, about?: string): void;
  stop(): Promise<void>;
}

const chatRequest = z.looseObject({
  model: z.string(),
  messages: z.array(vSentMessage).min(1),
  tools: z.array(vTool).min(1).optional(),
  stream: z.boolean().optional(),
  stream_options: z.strictObject({ include_usage: z.boolean() }).optional(),
});
type ChatRequest = z.infer<typeof chatRequest>;

const CHAT = "POST /v1/chat/completions";

/**
 * Imitates OpenAI for the stock client, on a free loopback port: `POST /v1/chat/completions`, streamed too, with the
 * API key, OpenAI's error bodies and `usage`. The answer shows the conversation it was sent (see answers.ts). Offered a
 * tool that the last message names, it calls that (see tools.ts).
 *
 * Refuses every other path and malformed requests with 501, and records them in `refused`; tests assert that the list is
 * empty.
 *
 * Leaves out tools that are not functions, models and real token counts.
 */
export async function startOpenAiStandIn(
  options: {
    readonly apiKey?: string;
    /** How long an answer without a fault takes, in ms. Default 0. */
    readonly thinkMs?: number;
    /** How an answer is streamed that no fault changes. Default: all at once. */
    readonly streaming?: (answer: string) => Streaming;
  } = {},
): Promise<OpenAiStandIn> {
  const apiKey = options.apiKey ?? `sk-playground-${randomUUID()}`;
  const wire = new Wire();
  const requests: OpenAiRequest[] = [];
  const faults: { readonly fault: OpenAiFault; readonly about: string }[] = [];
  let refusesStreamOptions = false;
  const faultOf = ({ messages }: ChatRequest): OpenAiFault | undefined => {
    const last = messages.at(-1)?.content ?? "";
    const place = faults.findIndex(({ about }) => last.includes(about));
    return place < 0 ? undefined : faults.splice(place, 1)[0]?.fault;
  };

  const execute = async (name: string, key: string, body: string): Promise<Answer | "hang"> => {
    const chat = name === CHAT ? chatRequest.safeParse(parseJson(body)) : undefined;
    if (!chat?.success) {
      const what = chat ? `${name}: ${z.prettifyError(chat.error)}` : name;
      wire.refuse(what);
      return failure(501, `the AI stand-in has no ${what}`, "not_implemented");
    }
    const authorised = key === `Bearer ${apiKey}`;
    requests.push({ at: Date.now(), authorised, ...chatOnly(chat.data) });
    if (!authorised) {
      return failure(401, "Incorrect API key.", "invalid_request_error", "invalid_api_key");
    }
    const { thinkMs = 0, streaming: streamed = () => ({ everyMs: 0 }) } = options;
    const fault = faultOf(chat.data) ?? (thinkMs > 0 ? { delayMs: thinkMs } : undefined);
    if (fault === "refusesStreamOptions") refusesStreamOptions = true;
    const { stream = false, stream_options } = chat.data;
    if (stream_options && (refusesStreamOptions || !stream))
      return failure(400, "Unknown parameter: 'stream_options'.", "invalid_request_error");
    if (typeof fault === "object" && "delayMs" in fault) await delay(fault.delayMs);
    if (fault === "ignoresStream" || !stream || !isAnswered(fault))
      return isAnswered(fault) ? answered(chat.data) : faulty(fault, chat.data);
    const includeUsage = stream_options?.include_usage === true;
    const streaming =
      typeof fault === "object" && "streaming" in fault ? fault.streaming : streamed;
    return { ...answered(chat.data), streaming, includeUsage };
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const name = `${request.method ?? ""} ${request.url ?? ""}`;
    wire.request(name);
    const body = await readBody(request);
    const answer = await execute(name, request.headers.authorization ?? "", body);
    if (answer === "hang" || response.destroyed) return;
    const { streaming, includeUsage = false } = answer;
    const streamed = streaming && vStreamed.safeParse(parseJson(answer.body)).data;
    if (streamed) {
      const { content } = streamed.choices[0].message;
      const manner = typeof streaming === "function" ? streaming(content ?? "") : streaming;
      wire.answer(name, answer.status, () => {
        void sendStreamed(response, streamed, manner, includeUsage);
      });
      return;
    }
    wire.answer(name, answer.status, () => {
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(answer.body);
    });
  };
  const listening = await listen(wire, handle);

  return {
    baseUrl: `http://127.0.0.1:${listening.port.toString()}/v1`,
    apiKey,
    requests,
    wire: wire.entries,
    refused: wire.refused,
    next: (fault, about = "") => {
      faults.push({ fault, about });
    },
    stop: () => listening.close(),
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly streaming?: Streaming | ((answer: string) => Streaming);
  readonly includeUsage?: boolean;
}

/** What changes only how the right answer is given. */
type Manner = Extract<
  OpenAiFault,
  { delayMs: number } | { streaming: Streaming } | `${string}tream${string}`
>;

function isAnswered(fault: OpenAiFault | undefined): fault is Manner | undefined {
  if (typeof fault === "object") return "delayMs" in fault || "streaming" in fault;
  return fault === undefined || fault === "ignoresStream" || fault === "refusesStreamOptions";
}

function faulty(fault: Exclude<OpenAiFault, Manner>, request: ChatRequest): Answer | "hang" {
  if (typeof fault === "number") return failure(fault, "Injected failure.", "server_error");
  if (typeof fault === "object" && "body" in fault) {
    const { body, status = 200, type = "application/json" } = fault;
    return { status, body, headers: { "content-type": type } };
  }
  if (typeof fault === "object") {
    const limited = failure(429, "Rate limit reached.", "requests", "rate_limit_exceeded");
    return { ...limited, headers: { "retry-after": fault.retryAfter.toString() } };
  }
  switch (fault) {
    case "hang":
      return "hang";
    case "empty":
      return completion(request, "");
    case "malformed":
      return { status: 200, body: '{"id": "chatcmpl-' };
    case "insufficientQuota":
      return failure(429, "No credit left.", "insufficient_quota", "insufficient_quota");
  }
}

function answered(request: ChatRequest): Answer {
  const unanswered = unansweredCall(request.messages);
  if (unanswered !== undefined) return failure(400, unanswered, "invalid_request_error");
  const call = toolCallFor(request.messages, request.tools);
  return completion(request, call ? "" : answerTo(request.messages), call);
}

/** A completion (platform.openai.com/docs/api-reference/chat/object). Tokens are estimated at 4 characters each. */
function completion(request: ChatRequest, content: string, call?: ToolCall): Answer {
  const sent = request.messages.reduce((sum, message) => sum + message.content.length, 0);
  const usage = {
    prompt_tokens: Math.ceil(sent / 4),
    completion_tokens: Math.ceil(content.length / 4),
  };
  const said = call ? { content: null, tool_calls: [call] } : { content };
  const message = { role: "assistant", ...said, refusal: null };
  const ending = {
    finish_reason: call ? "tool_calls" : content === ENDLESS ? "length" : "stop",
  };
  return {
    status: 200,
    body: JSON.stringify({
      id: `chatcmpl-${randomUUID()}`,
      object: "chat.completion",
      created: Math.floor(Date.now() / 1000),
      model: request.model,
      choices: [{ index: 0, message, logprobs: null, ...ending }],
      usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
    }),
  };
}

function failure(
  status: number,
  message: string,
  type: string,
  code: string | null = null,
): Answer {
  return { status, body: JSON.stringify({ error: { message, type, param: null, code } }) };
}

function chatOnly({ model, messages }: ChatRequest): Pick<OpenAiRequest, "model" | "messages"> {
  return { model, messages };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
