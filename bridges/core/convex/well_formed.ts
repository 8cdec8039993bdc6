import type { ConvexClient } from "convex/browser";

/** What the bridge uses of a Convex client. */
export type ConvexCalls = Pick<ConvexClient, "mutation" | "query" | "onUpdate" | "connectionState">;

/**
 * The calls of a client, with well-formed text. Convex answers half of a surrogate pair with a fatal error, after which
 * the client never connects again (docs/races.md#half-a-character-ends-the-connection).
 */
export function wellFormedCalls(client: ConvexClient): ConvexCalls {
  return {
    mutation: (f, args, options) => client.mutation(f, wellFormed(args), options),
    query: (f, args) => client.query(f, wellFormed(args)),
    onUpdate: (f, args, ...listeners) => client.onUpdate(f, wellFormed(args), ...listeners),
    connectionState: () => client.connectionState(),
  };
}

/** The same value with U+FFFD for each half of a surrogate pair, at any depth. Keys stay: they are ours. */
export function wellFormed<T>(value: T): T;
export function wellFormed(value: unknown): unknown {
  // Nearly everything is well formed, and looking costs much less than copying.
  if (isWellFormed(value)) return value;
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map((each: unknown) => wellFormed(each));
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, each]) => [key, wellFormed(each)]),
  );
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null || value instanceof ArrayBuffer) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  // Without a list of its values: every event passes here.
  for (const key in value) if (!isWellFormed(Reflect.get(value, key))) return false;
  return true;
}
