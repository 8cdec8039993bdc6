import type { FakeDatabase, Internals, Metrics, Query } from "./internals.ts";
import { tableOfId } from "./internals.ts";
import { ReadSet, type Write } from "./read_set.ts";
import { keyOf } from "./sorted_documents.ts";
import { rangeOf, TableIndexes, type TableRange } from "./table_indexes.ts";
import { searchText } from "./text_search.ts";

/** How a top-level transaction ended. Times are of commits, in nanoseconds since 1970. */
export interface TransactionEnd {
  readonly committed: boolean;
  /** The newest commit. */
  readonly ts: bigint;
  /** The newest commit when the transaction was requested: the snapshot it would have read on Convex. */
  readonly since: bigint;
  readonly reads: ReadSet;
  readonly writes: readonly Write[];
  readonly metrics: Metrics | undefined;
}

export interface EngineOptions {
  /** Runs before a top-level transaction is requested, in its async context; others go on meanwhile. */
  readonly before: () => Promise<void>;
  /** Runs when a top-level transaction has begun. */
  readonly onBegin: () => void;
  /** Runs before any other transaction begins, in the async context of the one that ended. */
  readonly onEnd: (end: TransactionEnd) => void;
  /** How long each transaction waits before it starts, in ms. */
  readonly transactionDelayMs: () => number;
}

/**
 * Adds indexes to convex-test's databases and tracks its transactions. convex-test still evaluates every query, but only
 * over the documents in the query's index range.
 */
export class Engine {
  readonly #internals: Internals;
  readonly #options: EngineOptions;
  readonly #indexes = new Map<string, TableIndexes>();
  /** What the open transaction has read. There is one at a time: convex-test takes a lock. */
  #reads = new ReadSet();
  #since = 0n;

  constructor(internals: Internals, options: EngineOptions) {
    this.#internals = internals;
    this.#options = options;
    for (const [component, { db }] of Object.entries(internals.components)) {
      this.#speedUp(component, db);
    }
    this.#watch();
  }

  /** Time of the newest commit, in nanoseconds since 1970; 0 before the first. */
  get lastCommit(): bigint {
    return this.#internals.transactionManager._lastCommitTs;
  }

  #watch(): void {
    const transactions = this.#internals.transactionManager;
    const original = {
      begin: transactions.begin.bind(transactions),
      commit: transactions.commit.bind(transactions),
      rollback: transactions.rollback.bind(transactions),
    };
    transactions.begin = async (isNested, limits) => {
      if (isNested) return original.begin(isNested, limits);
      const { before, onBegin, transactionDelayMs } = this.#options;
      await before();
      const since = this.lastCommit;
      const wait = transactionDelayMs();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      await original.begin(isNested, limits);
      this.#reads = new ReadSet();
      this.#since = since;
      onBegin();
    };
    transactions.commit = (isNested) => {
      if (isNested) return original.commit(isNested);
      const metrics = transactions.getMetricsTracker()?.getTransactionMetrics();
      const changed = this.#pendingIds();
      const reads = this.#reads;
      const since = this.#since;
      const ts = original.commit(isNested);
      const writes = changed.map((change) => this.#applied(change));
      this.#options.onEnd({ committed: true, ts: this.lastCommit, since, reads, writes, metrics });
      return ts;
    };
    transactions.rollback = (isNested) => {
      if (isNested) return original.rollback(isNested);
      const metrics = transactions.getMetricsTracker()?.getTransactionMetrics();
      const reads = this.#reads;
      const since = this.#since;
      original.rollback(isNested);
      this.#options.onEnd({
        committed: false,
        ts: this.lastCommit,
        since,
        reads,
        writes: [],
        metrics,
      });
    };
  }

  #pendingIds(): { component: string; id: string; before: Write["before"] }[] {
    return Object.entries(this.#internals.components).flatMap(([component, { db }]) =>
      Object.keys(db._writes[0] ?? {}).map((id) => ({ component, id, before: db._documents[id] })),
    );
  }

  #applied({ component, id, before }: Pick<Write, "component" | "id" | "before">): Write {
    const table = tableOfId(id);
    const after = this.#internals.components[component]?.db._documents[id];
    this.#indexes.get(component)?.apply(table, id, after);
    return { component, table, id, before, after };
  }

  #speedUp(component: string, db: FakeDatabase): void {
    const indexes = new TableIndexes();
    this.#indexes.set(component, indexes);
    for (const [id, document] of Object.entries(db._documents)) {
      indexes.apply(tableOfId(id), id, document);
    }
    const original = {
      get: db.get.bind(db),
      queryNext: db.queryNext.bind(db),
      paginate: db.paginate.bind(db),
      resolve: db._resolveQuerySource.bind(db),
      evaluate: db._evaluateQuery.bind(db),
    };
    let candidates: ReadonlySet<string> | undefined;

    db._iterateDocs = (table, visit) => {
      for (const id of candidates ?? withPending(db, table, indexes.ids(table))) {
        const document = original.get(table, id);
        if (document) visit(document);
      }
    };
    db._resolveQuerySource = (query) => {
      const found = searchedIds(db, indexes, query, original.get);
      candidates = found ?? candidateIds(db, indexes, query);
      try {
        return original.resolve(withoutSearch(query));
      } finally {
        candidates = undefined;
      }
    };
    db._evaluateQuery = (query) => {
      const results = original.evaluate(query);
      this.#reads.addRange(component, rangeRead(db, query, results.length, results.at(-1)));
      for (const { _id: id } of results) {
        if (typeof id === "string") this.#reads.addDocument(component, id);
      }
      return results;
    };
    db.paginate = (page) => {
      // convex-test's cursors are values of the index, of which a search has none.
      if (page.query.source.type === "Search")
        throw new Error("The local deployment has no pages of a search");
      this.#reads.addRange(component, rangeRead(db, page.query, 0, undefined));
      return original.paginate(page);
    };
    db.get = (table, id) => {
      this.#reads.addId(component, id);
      const document = original.get(table, id);
      if (document) this.#reads.addDocument(component, id);
      return document;
    };
    db.queryNext = (queryId) => {
      const next = original.queryNext(queryId);
      // convex-test never drops the results of queries.
      if (next.done) Reflect.deleteProperty(db._queryResults, queryId);
      return next;
    };
  }
}

function limitOf(query: Query): number | undefined {
  const limits = query.operators.map((operator) => operator.limit);
  return limits.find((limit) => typeof limit === "number");
}

function tableRange(db: FakeDatabase, query: Query): TableRange {
  return rangeOf(
    query.source,
    (table, index) =>
      db._schema?.tables.get(table)?.indexes.find((one) => one.indexDescriptor === index)?.fields,
  );
}

/** The ids of all documents that a query may return: those of its index range, up to `limit`. */
function candidateIds(db: FakeDatabase, indexes: TableIndexes, query: Query): ReadonlySet<string> {
  const range = tableRange(db, query);
  const limit = limitOf(query);
  const isFiltered = query.operators.some((operator) => "filter" in operator);
  const pending = pendingIds(db, range.table);
  const ids = new Set<string>();
  for (const { _id: id } of indexes.read(range)) {
    if (limit !== undefined && !isFiltered && ids.size >= limit) break;
    if (typeof id === "string" && !pending.has(id)) ids.add(id);
  }
  for (const id of pending) ids.add(id);
  return ids;
}

/** The ids of what a search finds, in its order; undefined for other queries. */
function searchedIds(
  db: FakeDatabase,
  indexes: TableIndexes,
  query: Query,
  get: FakeDatabase["get"],
): ReadonlySet<string> | undefined {
  const { source } = query;
  if (source.type !== "Search") return undefined;
  const { table } = tableRange(db, query);
  const index = db._schema?.tables
    .get(table)
    ?.searchIndexes.find((one) => `${table}.${one.indexDescriptor}` === source.indexName);
  if (!index) throw new Error(`There is no search index ${source.indexName}`);
  const ids = [...withPending(db, table, indexes.ids(table))];
  const documents = ids.map((id) => get(table, id)).filter((document) => document !== null);
  const isFiltered = query.operators.some((operator) => "filter" in operator);
  const reads = isFiltered ? Infinity : (limitOf(query) ?? Infinity);
  const found = searchText(index, source.filters, documents, reads);
  return new Set(found.map(({ _id: id }) => id).filter((id) => typeof id === "string"));
}

/** The query for convex-test, which reads what was found in the given order. */
function withoutSearch({ source, operators }: Query): Query {
  return source.type === "Search"
    ? { source: { ...source, filters: [] }, operators }
    : { source, operators };
}

function* withPending(db: FakeDatabase, table: string, ids: Iterable<string>): Generator<string> {
  const pending = pendingIds(db, table);
  for (const id of ids) {
    if (!pending.has(id)) yield id;
  }
  yield* pending;
}

/** The ids of a table's documents written by the open transaction. */
function pendingIds(db: FakeDatabase, table: string): Set<string> {
  const ids = new Set<string>();
  for (const layer of db._writes) {
    for (const id of Object.keys(layer)) {
      if (id.endsWith(table) && tableOfId(id) === table) ids.add(id);
    }
  }
  return ids;
}

/** Shrinks the range of a query that reached its limit: it has read no further than its last result. */
function rangeRead(
  db: FakeDatabase,
  query: Query,
  count: number,
  last: Readonly<Record<string, unknown>> | undefined,
): TableRange {
  const range = tableRange(db, query);
  if (!last || count !== limitOf(query)) return range;
  const end = { prefix: keyOf(last as never, range.fields), inclusive: true };
  return range.order === "asc" ? { ...range, upper: end } : { ...range, lower: end };
}
