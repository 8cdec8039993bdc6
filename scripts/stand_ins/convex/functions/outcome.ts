import { randomBytes } from "node:crypto";
import { convexToJson, ConvexError, type JSONValue, type Value } from "convex/values";

/** A call that failed, as its client is told. */
export interface Failure {
  readonly success: false;
  readonly message: string;
  readonly data?: JSONValue;
}

/** The outcome of a function call, as sent to clients. `ts`: the time of its snapshot, in nanoseconds since 1970. */
export type Outcome =
  { readonly success: true; readonly value: JSONValue; readonly ts: bigint } | Failure;

export function succeeded(value: unknown, ts: bigint): Outcome {
  return { success: true, value: convexToJson((value ?? null) as Value), ts }; // Returned by a Convex function.
}

/**
 * What a client learns about an error: in production only the data of a `ConvexError`. `redact: false` adds the text, as
 * in a development deployment.
 */
export function failed(error: unknown, redact: boolean): Failure {
  const general = `[Request ID: ${randomBytes(8).toString("hex")}] Server Error`;
  const message = redact ? general : `${general}\n${describe(error)}`;
  if (!(error instanceof ConvexError)) return { success: false, message };
  const { data } = error as ConvexError<Value>; // The type ConvexError itself demands.
  return { success: false, message, data: convexToJson(data) };
}

function describe(error: unknown): string {
  if (error instanceof PlainError) return error.message;
  if (error instanceof Error) return `Uncaught ${error.name}: ${error.message}`;
  return `Uncaught ${String(error)}`;
}

/** An error of the deployment itself, not thrown by a function. */
export class PlainError extends Error {}
