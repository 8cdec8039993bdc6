import { z } from "zod";
import { ConflictCounter } from "./conflicts.ts";
import type { TransactionEnd } from "./engine.ts";

/**
 * The cause of a function call.
 * query, mutation, action   a client
 * subscribe   a client's subscription, for the first time on its connection
 * rerun       a subscription executed again because a commit may have changed its result
 * cached      a subscription answered with the result of another subscriber's execution (billed, not executed)
 * scheduled   the scheduler
 * fromAction  an action
 * nested      a query or mutation, inside its transaction: components (not billed)
 */
const callKinds = [
  "query",
  "mutation",
  "action",
  "subscribe",
  "rerun",
  "cached",
  "scheduled",
  "fromAction",
  "nested",
] as const;
export type CallKind = (typeof callKinds)[number];

const vCallRow = z.object({
  /** `bridge:ingest`; a component's functions as `rateLimiter/lib:rateLimit`. */
  path: z.string(),
  kind: z.enum(callKinds),
  calls: z.number(),
  /** Reads and writes of top-level transactions, including nested calls, as Convex bills them. */
  documentsRead: z.number(),
  documentsWritten: z.number(),
  bytesRead: z.number(),
  bytesWritten: z.number(),
  /** Distinct stored documents read. `documentsRead` counts the read of a patch again, as Convex bills it. */
  documents: z.number(),
  /** Index ranges and single documents queried. */
  ranges: z.number(),
});
export type CallRow = z.infer<typeof vCallRow>;

export const vCallStats = z.object({
  rows: z.array(vCallRow),
  /** Calls that Convex would bill: all kinds except `nested`. */
  billed: z.number(),
  /** Open WebSocket connections. */
  sockets: z.number(),
  /** Mutations during which another one committed, and the conflicts among them. */
  overlapping: z.number(),
  /** Mutations that wrote something. */
  mutations: z.number(),
  conflicts: z.array(
    z.object({ path: z.string(), with: z.string(), table: z.string(), calls: z.number() }),
  ),
});
export type CallStats = z.infer<typeof vCallStats>;

/** Sums one function's rows, for some kinds or for all. */
export function callsOf(stats: CallStats, path: string, ...kinds: CallKind[]): number {
  return stats.rows
    .filter((row) => row.path === path && (kinds.length === 0 || kinds.includes(row.kind)))
    .reduce((sum, row) => sum + row.calls, 0);
}

/** Counts calls by function and kind. */
export class CallCounter {
  readonly #rows = new Map<string, CallRow>();
  readonly #conflicts = new ConflictCounter();

  count(path: string, kind: CallKind): void {
    this.#row(path, kind).calls++;
  }

  countTransaction(path: string, kind: CallKind, end: TransactionEnd): void {
    const { metrics, reads, writes, committed } = end;
    const row = this.#row(path, kind);
    row.documentsRead += metrics?.documentsRead.used ?? 0;
    row.documentsWritten += metrics?.documentsWritten.used ?? 0;
    row.bytesRead += metrics?.bytesRead.used ?? 0;
    row.bytesWritten += metrics?.bytesWritten.used ?? 0;
    row.ranges += metrics?.databaseQueries.used ?? 0;
    row.documents += reads.documentsBefore(writes);
    if (committed && writes.length > 0) this.#conflicts.committed(path, end);
  }

  reset(): void {
    this.#rows.clear();
    this.#conflicts.reset();
  }

  stats(sockets: number): CallStats {
    const rows = [...this.#rows.values()].filter(({ calls }) => calls > 0);
    const billed = rows.filter(({ kind }) => kind !== "nested");
    return {
      rows,
      billed: billed.reduce((sum, { calls }) => sum + calls, 0),
      sockets,
      overlapping: this.#conflicts.overlapping,
      mutations: this.#conflicts.mutations,
      conflicts: this.#conflicts.list(),
    };
  }

  #row(path: string, kind: CallKind): CallRow {
    const key = `${kind} ${path}`;
    let row = this.#rows.get(key);
    if (!row) {
      row = {
        path,
        kind,
        calls: 0,
        documentsRead: 0,
        documentsWritten: 0,
        bytesRead: 0,
        bytesWritten: 0,
        documents: 0,
        ranges: 0,
      };
      this.#rows.set(key, row);
    }
    return row;
  }
}
