import { jsonToConvex, type JSONValue, type Value } from "convex/values";
import { type Bound, type Document, type KeyRange, SortedDocuments } from "./sorted_documents.ts";
import type { SearchStep } from "./text_search.ts";

/** The source of a query's documents, as the Convex library encodes it in its system calls. */
export type QuerySource =
  | { readonly type: "FullTableScan"; readonly tableName: string; readonly order: Order | null }
  | {
      readonly type: "IndexRange";
      readonly indexName: string;
      readonly range: readonly RangeStep[];
      readonly order: Order | null;
    }
  | {
      readonly type: "Search";
      readonly indexName: string;
      readonly filters: readonly SearchStep[];
    };
type Order = "asc" | "desc";
interface RangeStep {
  readonly type: "Eq" | "Gt" | "Gte" | "Lt" | "Lte";
  readonly fieldPath: string;
  readonly value: JSONValue;
}

export interface TableRange extends KeyRange {
  readonly table: string;
  readonly order: Order;
}

const unlimited: Bound = { prefix: [], inclusive: true };

/** The range of a table that a query reads. A search counts as the whole table. */
export function rangeOf(
  source: QuerySource,
  indexFields: (table: string, index: string) => readonly string[] | undefined,
): TableRange {
  if (source.type !== "IndexRange") {
    const table = source.type === "Search" ? tableOf(source.indexName) : source.tableName;
    const order = source.type === "Search" ? "asc" : (source.order ?? "asc");
    return { table, order, fields: ["_creationTime", "_id"], lower: unlimited, upper: unlimited };
  }
  const table = tableOf(source.indexName);
  const fields = fieldsOf(table, source.indexName.slice(table.length + 1), indexFields);
  const equal = source.range.filter((step) => step.type === "Eq").map(valueOf);
  let lower: Bound = { prefix: equal, inclusive: true };
  let upper: Bound = lower;
  for (const step of source.range) {
    const bound = { prefix: [...equal, valueOf(step)], inclusive: step.type.endsWith("e") };
    if (step.type === "Gt" || step.type === "Gte") lower = bound;
    else if (step.type === "Lt" || step.type === "Lte") upper = bound;
  }
  return { table, fields, lower, upper, order: source.order ?? "asc" };
}

function tableOf(indexName: string): string {
  return indexName.slice(0, indexName.indexOf("."));
}

function fieldsOf(
  table: string,
  index: string,
  indexFields: (table: string, index: string) => readonly string[] | undefined,
): readonly string[] {
  if (index === "by_id") return ["_id"];
  if (index === "by_creation_time") return ["_creationTime", "_id"];
  const declared = indexFields(table, index);
  return [...(declared ?? []), "_creationTime", "_id"];
}

function valueOf({ value }: RangeStep): Value | undefined {
  const isUndefined = typeof value === "object" && value !== null && "$undefined" in value;
  return isUndefined ? undefined : jsonToConvex(value);
}

/** The committed documents of a database by table, in the order of each index that was used. */
export class TableIndexes {
  readonly #tables = new Map<
    string,
    { readonly documents: Map<string, Document>; readonly orders: Map<string, SortedDocuments> }
  >();

  /** Replaces the document `id`; `undefined` = deleted. */
  apply(table: string, id: string, document: Document | undefined): void {
    const { documents, orders } = this.#table(table);
    const old = documents.get(id);
    if (document) documents.set(id, document);
    else documents.delete(id);
    for (const order of orders.values()) {
      if (old) order.remove(old);
      if (document) order.add(document);
    }
  }

  ids(table: string): Iterable<string> {
    return this.#table(table).documents.keys();
  }

  /** The documents of a range in its order. An index is built on first use. */
  read(range: TableRange): Generator<Document> {
    const { documents, orders } = this.#table(range.table);
    const name = range.fields.join();
    let sorted = orders.get(name);
    if (!sorted) {
      sorted = new SortedDocuments(range.fields, documents.values());
      orders.set(name, sorted);
    }
    return sorted.in(range, range.order);
  }

  #table(name: string) {
    let table = this.#tables.get(name);
    if (!table) {
      table = { documents: new Map(), orders: new Map() };
      this.#tables.set(name, table);
    }
    return table;
  }
}
