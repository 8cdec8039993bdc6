import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from "@slack/web-api";
import { z } from "zod";
import { FatalError, isConnectError, PlatformError } from "../core/shared/errors.ts";
import { lenient } from "../core/shared/lenient.ts";
import { failureOf, isFatal, TOKEN_STEP, type TokenKind } from "./failures.ts";

/** An answer that is not `ok`. The client's type promises a code, and Slack may send none. */
const refusalForm = z.object({
  error: z.string().regex(/^[a-z][a-z0-9_]{0,80}$/),
  needed: lenient(z.string().regex(/^[a-z0-9_.:, ]{1,200}$/i)),
});

/** Any error of a Slack client as a `PlatformError`. Keeps nothing of the request or of the answer's text. */
export function explain(error: unknown): PlatformError {
  if (error instanceof WebAPIRateLimitedError)
    return platformError("ratelimited", { retryAfterMs: error.retryAfter * 1000 });
  if (error instanceof WebAPIPlatformError) {
    const refusal = refusalForm.safeParse(error.data);
    // If the body is not JSON, the client reports the whole body as the error.
    if (!refusal.success) return platformError("malformed_answer");
    const { error: code, needed } = refusal.data;
    return platformError(code, needed === undefined ? {} : { needed });
  }
  if (error instanceof WebAPIHTTPError) return platformError(`http_${error.statusCode}`);
  return platformError(transportCode(error instanceof WebAPIRequestError ? error.original : error));
}

/** The `PlatformError` for an error code. `needed`: the scopes that Slack reports as missing. */
export function platformError(
  code: string,
  { retryAfterMs, needed }: { readonly retryAfterMs?: number; readonly needed?: string } = {},
): PlatformError {
  const failure = failureOf(code, needed);
  const retryable = failure.kind === "transient" || failure.kind === "token";
  return new PlatformError({
    code,
    reason: failure.reason,
    retryable,
    certain: failure.kind !== "transient" || failure.certain,
    mapping: failure.kind === "channel",
    ...(retryable && retryAfterMs !== undefined && { retryAfterMs }),
    ...("step" in failure && { step: failure.step }),
  });
}

/** The failure as a fatal error, if it means that the token no longer works; otherwise undefined. */
export function fatalError(failure: PlatformError, token: TokenKind): FatalError | undefined {
  if (!isFatal(failure.code, token)) return undefined;
  return new FatalError(failure.code, failure.message, TOKEN_STEP[token]);
}

/** The app was uninstalled, or its bot token revoked, while the bridge was running. */
export function revokedError(): FatalError {
  const reason = "the app was uninstalled from the workspace";
  return new FatalError("token_revoked", reason, TOKEN_STEP.bot);
}

function transportCode(error: unknown): "timeout" | "unreachable" | "network" {
  let cause = error;
  for (let depth = 0; depth < 5 && cause instanceof Error; depth += 1) {
    if (cause.name === "TimeoutError" || cause.name === "AbortError") return "timeout";
    if ("code" in cause && isConnectError(cause.code)) return "unreachable";
    cause = cause.cause;
  }
  return "network";
}
