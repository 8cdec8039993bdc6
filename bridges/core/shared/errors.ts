import { ConvexError } from "convex/values";

/** What went wrong, as data: callers branch on the fields, never on the text. Holds no message text, no secret. */
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

/** The event was not taken into the queue: nothing is stored, and whoever holds it still has it. */
export class NotTaken extends BridgeError {
  constructor(readonly why: "full" | "stopping") {
    super("NOT_TAKEN", why === "full" ? "the ingest queue is full" : "the bridge is stopping");
  }
}

/** The process cannot do its work until a person mends something; `step` says what. Ends the process. */
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

export interface PlatformErrorFields {
  /** The platform's own code, e.g. `50013` or `not_in_channel`; `timeout`, `network` where it gave none. */
  readonly code: string;
  /** What happened, in words an admin understands. */
  readonly reason: string;
  /** Whether trying again can help with nobody doing anything. */
  readonly retryable: boolean;
  /** Not before this many ms (Retry-After). Only with `retryable`. */
  readonly retryAfterMs?: number;
  /** True when the platform surely did not carry it out. */
  readonly certain: boolean;
  /** What a person does to mend it. Only without `retryable`. */
  readonly step?: string;
  /** Whether it concerns the whole mapping (permission, archived channel), not this one delivery. */
  readonly mapping?: boolean;
  readonly cause?: unknown;
}

/** A platform refused or did not answer one request. */
export class PlatformError extends BridgeError {
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly certain: boolean;
  readonly step: string | undefined;
  readonly mapping: boolean;

  constructor(fields: PlatformErrorFields) {
    super(fields.code, fields.reason, { cause: fields.cause });
    this.retryable = fields.retryable;
    this.retryAfterMs = fields.retryAfterMs;
    this.certain = fields.certain;
    this.step = fields.step;
    this.mapping = fields.mapping ?? false;
  }
}

/**
 * A word for any failure, fit for a log: its code or class. Never its text, which may quote what people wrote
 * (Convex names the offending value of a refused argument).
 */
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
