import { DiscordAPIError, HTTPError, RateLimitError } from "@discordjs/rest";
import type { RESTJSONErrorCodes } from "discord-api-types/v10";
import { FatalError, isConnectError, PlatformError } from "../core/shared/errors.ts";
import {
  type Attempted,
  type Failure,
  type FatalFailure,
  failureOf,
  STATUSES,
  WITHOUT_CODE,
} from "./failures.ts";

/** A request that failed. */
interface FailedRequest extends Attempted {
  /** It was handed to the network. */
  readonly sent: boolean;
  /** Its deadline had passed. */
  readonly aborted: boolean;
}

/** What a failed request means. The library's error is not kept as the cause: it holds the request's body. */
export function explain(error: unknown, request: FailedRequest): PlatformError {
  const { sent, aborted } = request;
  if (error instanceof RateLimitError) {
    const { timeToReset, retryAfter, sublimitTimeout } = error;
    const retryAfterMs = Math.max(timeToReset, retryAfter, sublimitTimeout, 0);
    return platformError("429", { ...STATUSES[429], retryAfterMs });
  }
  if (error instanceof DiscordAPIError) {
    const { code, ...failure } = failureOf(error, request);
    return platformError(code, failure);
  }
  if (error instanceof HTTPError) {
    const reason = `Discord answered with HTTP ${error.status}`;
    return platformError(String(error.status), { ...WITHOUT_CODE.network, reason }, sent);
  }
  // The library has a deadline of its own, and another error for one that passed in its queue.
  if (aborted || (error instanceof Error && error.name === "AbortError"))
    return ownFailure("timeout", sent);
  return ownFailure("network", sent && !isConnectError(networkCode(error)));
}

/** A failure that has no code of Discord's. `sent`: the request may have reached Discord. */
export function ownFailure(code: keyof typeof WITHOUT_CODE, sent = true): PlatformError {
  return platformError(code, WITHOUT_CODE[code], sent);
}

/** A failure as the core handles it. */
function platformError(code: string, failure: Failure, sent = true): PlatformError {
  const { reason, concerns, step, retryable = false, retryAfterMs, uncertain = false } = failure;
  return new PlatformError({
    code,
    reason,
    retryable,
    certain: !(sent && uncertain),
    mapping: concerns === "channel",
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(step === undefined || retryable ? {} : { step }),
  });
}

/** Whether Discord refused a request with this error code. */
export function isCode(error: unknown, code: RESTJSONErrorCodes): error is PlatformError {
  return error instanceof PlatformError && error.code === String(code);
}

/** A failure that ends the process. */
export function fatalError({ code, reason, step }: FatalFailure): FatalError {
  return new FatalError(code, reason, step);
}

function networkCode(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error) return error.code;
  return networkCode(error.cause);
}
