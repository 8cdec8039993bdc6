import { AsyncLocalStorage } from "node:async_hooks";
import type { JSONValue } from "convex/values";
import type { Document } from "./sorted_documents.ts";
import type { QuerySource } from "./table_indexes.ts";
import type { TextIndex } from "./text_search.ts";

/*
 * The local deployment needs five things that convex-test has no API for: fast index reads, the reads and writes of each
 * transaction, the time of its commit, and interception of system calls and of the ends of scheduled functions. These are
 * the private parts that it uses.
 * package.json pins convex-test to one exact 0.0.x version, and `internalsOf` throws when a part is missing.
 */

export interface Query {
  readonly source: QuerySource;
  readonly operators: readonly Readonly<Record<string, unknown>>[];
}

/** convex-test's database, of the root or of one component. */
export interface FakeDatabase {
  readonly _documents: Readonly<Record<string, Document>>;
  /** One layer per nested transaction; `null` = deleted. */
  readonly _writes: readonly Readonly<Record<string, Document | null>>[];
  readonly _schema: {
    readonly tables: ReadonlyMap<
      string,
      {
        readonly indexes: readonly { indexDescriptor: string; fields: string[] }[];
        readonly searchIndexes: readonly TextIndex[];
      }
    >;
  } | null;
  readonly _queryResults: Record<number, unknown>;
  get(table: string | undefined, id: string): Document | null;
  queryNext(queryId: number): { readonly value: unknown; readonly done: boolean };
  paginate(page: { readonly query: Query }): unknown;
  _iterateDocs(table: string, visit: (document: Document) => void): void;
  _resolveQuerySource(query: Query): unknown;
  _evaluateQuery(query: Query): Document[];
}

export interface Metrics {
  readonly documentsRead: { readonly used: number };
  readonly documentsWritten: { readonly used: number };
  readonly bytesRead: { readonly used: number };
  readonly bytesWritten: { readonly used: number };
  /** Index ranges and single documents queried. */
  readonly databaseQueries: { readonly used: number };
}

interface TransactionManager {
  readonly _lastCommitTs: bigint;
  begin(isNested: boolean, limits: unknown): Promise<void>;
  commit(isNested: boolean): bigint | null;
  rollback(isNested: boolean): void;
  getMetricsTracker(): { getTransactionMetrics(): Metrics } | null;
}

export interface Internals {
  readonly components: Readonly<Record<string, { readonly db: FakeDatabase }>>;
  readonly transactionManager: TransactionManager;
  /** `finish` is called in the async context of the timer that ran the function. */
  readonly scheduler: { finish(run: unknown): void };
  asyncSyscall(operation: string, args: string): Promise<string>;
}

/** convex-test lacks an internal that the local deployment uses: another version of it is installed. */
class InternalsChangedError extends Error {
  constructor(readonly part: string) {
    super(
      `convex-test has no ${part} any more: scripts/stand_ins/convex/engine/internals.ts must follow it`,
    );
  }
}

/**
 * The state of a `convexTest()`. It runs every call inside an AsyncLocalStorage that holds the state; this intercepts
 * `run` once to get at it.
 */
export async function internalsOf(convex: {
  run(handler: () => Promise<null>): Promise<null>;
}): Promise<Internals> {
  const run = Object.getOwnPropertyDescriptor(AsyncLocalStorage.prototype, "run");
  if (!run) throw new InternalsChangedError("AsyncLocalStorage.run");
  const original = run.value as (...args: unknown[]) => unknown; // Only passed through.
  let state: unknown;
  Object.defineProperty(AsyncLocalStorage.prototype, "run", {
    ...run,
    value: function (this: unknown, ...args: unknown[]): unknown {
      state ??= args[0];
      return original.apply(this, args);
    },
  });
  let call: Promise<unknown>;
  try {
    call = convex.run(() => Promise.resolve(null));
  } finally {
    Object.defineProperty(AsyncLocalStorage.prototype, "run", run);
  }
  await call;
  return checked(state);
}

const databaseMethods = [
  "get",
  "queryNext",
  "paginate",
  "_iterateDocs",
  "_resolveQuerySource",
  "_evaluateQuery",
];

function checked(state: unknown): Internals {
  expect(state, "", ["asyncSyscall"], ["components", "transactionManager", "scheduler"]);
  const { components, transactionManager, scheduler } = state as Record<string, unknown>; // Checked above.
  expect(
    transactionManager,
    "transactionManager.",
    ["begin", "commit", "rollback", "getMetricsTracker"],
    [],
  );
  expect(scheduler, "scheduler.", ["finish"], []);
  for (const component of Object.values(components as Record<string, unknown>)) {
    expect(component, "component.", [], ["db"]);
    const { db } = component as Record<string, unknown>; // Checked above.
    expect(db, "db.", databaseMethods, ["_documents", "_writes", "_queryResults"]);
  }
  return state as Internals; // Every part of the type was checked.
}

function expect(
  value: unknown,
  where: string,
  functions: readonly string[],
  objects: readonly string[],
): void {
  const parts = (value ?? {}) as Record<string, unknown>; // Each part is checked below.
  for (const name of functions) {
    if (typeof parts[name] !== "function") throw new InternalsChangedError(where + name);
  }
  for (const name of objects) {
    if (typeof parts[name] !== "object") throw new InternalsChangedError(where + name);
  }
}

/** The table of a convex-test id, which is digits followed by the table's name. */
export function tableOfId(id: string): string {
  return id.replace(/^[0-9]+/, "");
}

/** The value of a system call's argument object. */
export function parseSyscallArgs(json: string): Readonly<Record<string, JSONValue>> {
  const args: unknown = JSON.parse(json);
  if (typeof args !== "object" || args === null)
    throw new TypeError("A system call without arguments");
  return args as Record<string, JSONValue>; // JSON by construction.
}
