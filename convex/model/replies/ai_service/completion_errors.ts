import OpenAI from "openai";
import type { HttpAnswer } from "../completion.ts";
import { openAiSettings } from "../../shared/settings.ts";
import { fieldAt, textAt } from "../../shared/fields.ts";

/** Why a call to the AI service failed. `reason` contains no key and no text that people wrote. */
export interface CompletionFailure {
  readonly reason: string;
  /** Whether a retry may succeed without anybody changing anything. */
  readonly retryable: boolean;
  /** The wait that the service asked for, in ms. */
  readonly retryAfterMs?: number;
  /** The attempts after which the result counts as certain: each of them is paid for. */
  readonly mostAttempts?: number;
}

/** The AI service gave no answer. */
export class AiFailure extends Error {
  constructor(
    readonly failure: CompletionFailure,
    message = failure.reason,
  ) {
    super(message);
  }
}

/** The one table of what the AI service's failures mean. https://platform.openai.com/docs/guides/error-codes */
export function completionFailure(error: unknown): CompletionFailure {
  if (error instanceof AiFailure) return error.failure;
  if (error instanceof OpenAI.APIError) {
    const hint = openAiSettings().baseURL === undefined ? "" : " (is OPENAI_BASE_URL right?)";
    return { reason: `the AI service cannot be reached${hint}`, retryable: true };
  }
  if (error instanceof OpenAI.OpenAIError) {
    // Thrown before any request: no key is set.
    return { reason: "the AI service is not set up: OPENAI_API_KEY is missing", retryable: false };
  }
  return { reason: "the reply could not be read or stored in Convex", retryable: true };
}

/** Statuses for codes that say more than the status they come with, which may even be 200. */
const STATUS_OF: ReadonlyMap<unknown, number> = new Map(
  Object.entries({
    ...{ invalid_api_key: 401, authentication_error: 401, insufficient_quota: 402 },
    ...{ model_not_found: 404, invalid_model: 404, context_length_exceeded: 413 },
    ...{ rate_limit_exceeded: 429, content_filter: 451, content_policy_violation: 451 },
  }),
);

/** What it means that the service answered with an error. `parsed`: its body, with OpenAI's `error` or the fields of one. */
export function errorFailure(answer: HttpAnswer, parsed: unknown): CompletionFailure {
  const error = fieldAt(parsed, "error") ?? parsed;
  const codes = ["code", "type", "status"].map((name) => fieldAt(error, name));
  const known = codes.map((code) => STATUS_OF.get(code)).find((each) => each !== undefined);
  const isRefused = answer.status >= 400;
  const stated = isRefused ? answer.status : codes.map(Number).find((code) => code >= 400);
  const failure = statusFailure(known ?? stated, error, answer.body);
  return failure.retryable ? { ...failure, ...retryAfter(answer.headers) } : failure;
}

function statusFailure(
  status: number | undefined,
  error: unknown,
  body: string,
): CompletionFailure {
  const final = (reason: string) => ({ reason, retryable: false });
  const passing = (reason: string) => ({ reason, retryable: true });
  switch (status) {
    case 401:
    case 403:
      return final("the AI service refused the key (OPENAI_API_KEY)");
    case 402:
      return final("the AI account has no credit left");
    case 404:
      return final(
        isAboutModel(error, body) ? UNKNOWN_MODEL : "there is no AI service at OPENAI_BASE_URL",
      );
    case 413:
      return final("the conversation is too long for the AI service");
    case 429:
      return passing("the AI service is limiting requests");
    case 451:
      return final("the AI service's content filter refused the question");
    case 400:
    case 422:
      return final(refusedRequest(status, textAt(error, "param"), body));
    case undefined:
      return passing("the AI service reported an error");
    default: {
      const reason = `the AI service returned ${status}`;
      return status === 408 || status === 409 || status >= 500 ? passing(reason) : final(reason);
    }
  }
}

const UNKNOWN_MODEL = "the AI service does not know the model";

/** Whether it is the model that was not found, and not the address. */
function isAboutModel(error: unknown, body: string): boolean {
  return typeof error === "object" && (/model/i.test(body) || !/invalid url|not found/i.test(body));
}

/** The parts of a request that a service may name only in words. */
const PARAMETERS = ["max_completion_tokens", "max_tokens", "messages", "model"];

function refusedRequest(status: number, param: string, body: string): string {
  if (/context.(?:length|window)|too.long/i.test(body))
    return "the conversation is too long for the AI service";
  const words = body.toLowerCase();
  const name =
    /^[\w.[\]]{1,60}$/.exec(param)?.[0] ?? PARAMETERS.find((each) => words.includes(each));
  if (name === "model") return UNKNOWN_MODEL;
  return `the AI service returned ${status}${name === undefined ? "" : `, and names ${name}`}`;
}

/** Nothing where the service names no time that lies ahead. A time may be given in seconds or as a date. */
function retryAfter(headers: Headers): { retryAfterMs?: number } {
  const wait = headers.get("retry-after") ?? "";
  const waits = [
    Number(headers.get("retry-after-ms")),
    Number(wait) * 1_000,
    Date.parse(wait) - Date.now(),
  ];
  const retryAfterMs = waits.find((ms) => Number.isFinite(ms) && ms > 0);
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}
