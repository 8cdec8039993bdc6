import { ConvexError } from "convex/values";

/** A failure, as data: callers branch on the fields, never on the text. Contains no message text and no secret. */
export class BridgeError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The queue did not take the event: nothing is stored, and the event must not be acknowledged. */
export class NotTaken extends BridgeError {
  constructor(readonly why: "full" | "stopping") {
    super("NOT_TAKEN", why === "full" ? "the ingest queue is full" : "the bridge is stopping");
  }
}

/** The platform cannot run until an admin fixes something; `step` says what. */
export class FatalError extends BridgeError {
  constructor(
    code: string,
    message: string,
    readonly step: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** See `PlatformError`. */
export interface PlatformErrorFields {
  /** The platform's own code, e.g. `50013` or `not_in_channel`; `timeout`, `network` where it gave none. */
  readonly code: string;
  /** What happened, in words for an admin. */
  readonly reason: string;
  /** Whether a retry can succeed without any change by an admin. */
  readonly retryable: boolean;
  /** The least wait before a retry, in ms (Retry-After), as the platform gave it. Only with `retryable`. */
  readonly retryAfterMs?: number;
  /** True if the platform certainly did not perform the request. */
  readonly certain: boolean;
  /** What an admin does to fix it. Only without `retryable`. */
  readonly step?: string;
  /** Whether it concerns the whole mapping (permission, archived channel), not this one delivery. */
  readonly mapping?: boolean;
  readonly cause?: unknown;
}

/** The longest wait that a platform is granted, in ms: a Retry-After may name any time, or one that is past. */
const LONGEST_WAIT_MS = 60 * 60_000;

/** A platform refused one request, or did not answer it. */
export class PlatformError extends BridgeError {
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly certain: boolean;
  readonly step: string | undefined;
  readonly mapping: boolean;

  constructor(fields: PlatformErrorFields) {
    const { reason, retryAfterMs: asked } = fields;
    const isBounded = asked !== undefined && asked >= LONGEST_WAIT_MS;
    super(fields.code, isBounded ? `${reason}; tried again after an hour` : reason, {
      cause: fields.cause,
    });
    this.retryable = fields.retryable;
    this.retryAfterMs =
      asked === undefined || Number.isNaN(asked)
        ? undefined
        : Math.min(Math.max(0, asked), LONGEST_WAIT_MS);
    this.certain = fields.certain;
    this.step = fields.step;
    this.mapping = fields.mapping ?? false;
  }
}

/** The code or class of any failure, for logs. Not its text: Convex's quotes refused arguments, such as messages. */
export function failureCode(error: unknown): string {
  if (error instanceof ConvexError) return refusalCode(error.data) ?? "ConvexError";
  if (error instanceof BridgeError) return error.code;
  if (error instanceof Error) {
    return "code" in error && typeof error.code === "string" ? error.code : error.name;
  }
  return typeof error;
}

/** The `code` in the data of a `ConvexError` that our own functions threw. */
function refusalCode(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null || !("code" in data)) return undefined;
  return typeof data.code === "string" ? data.code : undefined;
}

const CONNECT_ERRORS: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  // The client would not even try.
  "UND_ERR_INVALID_ARG",
  "ERR_INVALID_URL",
]);

/** Whether an error's code says that no connection was made, so the request was certainly not sent. */
export function isConnectError(code: unknown): boolean {
  return CONNECT_ERRORS.has(code);
}
