import OpenAI from "openai";
import { CompletionTimeout, EmptyCompletion } from "./completion.ts";

/** Why a call to the AI service failed. `reason` contains no key and no text that people wrote. */
export interface CompletionFailure {
  readonly reason: string;
  /** Whether a retry may succeed without anybody changing anything. */
  readonly retryable: boolean;
  /** The wait that the service asked for, in ms. */
  readonly retryAfterMs?: number;
}

/** The one table of what the AI service's failures mean. https://platform.openai.com/docs/guides/error-codes */
export function completionFailure(error: unknown): CompletionFailure {
  if (error instanceof CompletionTimeout) {
    return { reason: "the AI service took too long", retryable: true };
  }
  if (error instanceof OpenAI.APIConnectionError) {
    return { reason: "the AI service cannot be reached", retryable: true };
  }
  if (error instanceof OpenAI.APIError) return statusFailure(error);
  if (error instanceof OpenAI.OpenAIError) {
    // Thrown before any request: no key is set.
    return { reason: "the AI service is not set up: OPENAI_API_KEY is missing", retryable: false };
  }
  // A body that is not JSON surfaces as a bare SyntaxError.
  if (error instanceof EmptyCompletion || error instanceof SyntaxError) {
    return { reason: "the AI service gave no usable answer", retryable: true };
  }
  return { reason: "the reply could not be read or stored in Convex", retryable: true };
}

/** The SDK types these fields from the response; a proxy in between may have sent anything. */
interface Answer {
  readonly status?: unknown;
  readonly code?: unknown;
  readonly headers?: unknown;
}

function statusFailure({ status, code, headers }: Answer): CompletionFailure {
  if (status === 401 || status === 403) {
    return { reason: "the AI service refused the key (OPENAI_API_KEY)", retryable: false };
  }
  // Also a 429, but waiting does not help: the account needs credit.
  if (code === "insufficient_quota") {
    return { reason: "the AI account has no credit left", retryable: false };
  }
  if (status === 404) {
    return { reason: "the AI service does not know the model", retryable: false };
  }
  if (status === 429) {
    const retryAfterMs = retryAfter(headers);
    return {
      reason: "the AI service is limiting requests",
      retryable: true,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }
  const retryable =
    status === 408 || status === 409 || (typeof status === "number" && status >= 500);
  return {
    reason: `the AI service returned ${typeof status === "number" ? status.toString() : "an unexpected error"}`,
    retryable,
  };
}

/** Undefined where the service names no time that lies ahead. */
function retryAfter(headers: unknown): number | undefined {
  if (!(headers instanceof Headers)) return undefined;
  const ms = Number(headers.get("retry-after-ms"));
  if (Number.isFinite(ms) && ms > 0) return ms;
  const seconds = Number(headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
}
