import { AsyncLocalStorage } from "node:async_hooks";
import type { JSONValue } from "convex/values";
import type { Document } from "./sorted_documents.ts";
import type { QuerySource } from "./table_indexes.ts";

/*
 * convex-test keeps its state to itself. The local deployment needs four things of it that it offers no way to:
 * fast index reads, what each transaction read and wrote, when it committed, and system calls seen on their way.
 * These are the private parts it touches. package.json pins convex-test to one exact 0.0.x version, and
 * `internalsOf` refuses to go on when a part is missing.
 */

export interface Query {
  readonly source: QuerySource;
  readonly operators: readonly Readonly<Record<string, unknown>>[];
}

/** convex-test's database of the root or of one component. */
export interface FakeDatabase {
  readonly _documents: Readonly<Record<string, Document>>;
  /** One layer a nested transaction; `null` = deleted. */
  readonly _writes: readonly Readonly<Record<string, Document | null>>[];
  readonly _schema: {
    readonly tables: ReadonlyMap<
      string,
      { readonly indexes: readonly { indexDescriptor: string; fields: string[] }[] }
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
  /** Index ranges and single documents asked for. */
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
  asyncSyscall(operation: string, args: string): Promise<string>;
}

/** convex-test no longer has a part the local deployment stands on: a new version of it was installed. */
class InternalsChangedError extends Error {
  constructor(readonly part: string) {
    super(
      `convex-test has no ${part} any more: scripts/stand_ins/convex/engine/internals.ts must follow it`,
    );
  }
}

/**
 * The state behind a `convexTest()`. It runs every call of its own inside an AsyncLocalStorage holding that
 * state; the first `run` of a call is caught.
 */
export async function internalsOf(convex: {
  run(handler: () => Promise<null>): Promise<null>;
}): Promise<Internals> {
  const run = Object.getOwnPropertyDescriptor(AsyncLocalStorage.prototype, "run");
  if (!run) throw new InternalsChangedError("AsyncLocalStorage.run");
  const original = run.value as (...args: unknown[]) => unknown; // It is called through, as it is.
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
  expect(state, "", ["asyncSyscall"], ["components", "transactionManager"]);
  const { components, transactionManager } = state as Record<string, unknown>; // Checked just before.
  expect(
    transactionManager,
    "transactionManager.",
    ["begin", "commit", "rollback", "getMetricsTracker"],
    [],
  );
  for (const component of Object.values(components as Record<string, unknown>)) {
    expect(component, "component.", [], ["db"]);
    const { db } = component as Record<string, unknown>; // Checked just before.
    expect(db, "db.", databaseMethods, ["_documents", "_writes", "_queryResults"]);
  }
  return state as Internals; // Every part named in the type was found.
}

function expect(
  value: unknown,
  where: string,
  functions: readonly string[],
  objects: readonly string[],
): void {
  const parts = (value ?? {}) as Record<string, unknown>; // Read by name and judged below.
  for (const name of functions) {
    if (typeof parts[name] !== "function") throw new InternalsChangedError(where + name);
  }
  for (const name of objects) {
    if (typeof parts[name] !== "object") throw new InternalsChangedError(where + name);
  }
}

/** The table an id of convex-test belongs to: digits, then the table's name. */
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
