import type { JSONValue } from "convex/values";
import type { Outcome } from "../functions/outcome.ts";
import type { StateModification } from "./sync_protocol.ts";

/** The change to send to a client for a query's new outcome. */
export function modificationOf(queryId: number, outcome: Outcome): StateModification {
  const common = { queryId, logLines: [] as [], journal: null };
  return outcome.success
    ? { type: "QueryUpdated", value: outcome.value, ...common }
    : { type: "QueryFailed", errorMessage: outcome.message, ...dataOf(outcome), ...common };
}

/** The data of a ConvexError, if any. */
export function dataOf({ data }: { readonly data?: JSONValue }): { errorData?: JSONValue } {
  return data === undefined ? {} : { errorData: data };
}

/** The content of an outcome, for comparison: without the request's id and the time. */
export function contentOf(outcome: Outcome): string {
  return outcome.success
    ? JSON.stringify(["value", outcome.value])
    : JSON.stringify(["error", outcome.data, outcome.message.replace(/^\[Request ID: \w+\]/, "")]);
}
