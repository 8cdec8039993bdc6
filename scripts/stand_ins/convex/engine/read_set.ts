import { contains, type Document } from "./sorted_documents.ts";
import type { TableRange } from "./table_indexes.ts";

/** One document changed by a commit, before and after. */
export interface Write {
  readonly component: string;
  readonly table: string;
  readonly id: string;
  readonly before: Document | undefined;
  readonly after: Document | undefined;
}

/** What one transaction read: documents by id, and ranges of indexes. */
export class ReadSet {
  readonly #ids = new Set<string>();
  readonly #ranges = new Map<string, TableRange[]>();
  readonly #documents = new Set<string>();

  addId(component: string, id: string): void {
    this.#ids.add(`${component} ${id}`);
  }

  addRange(component: string, range: TableRange): void {
    const key = `${component} ${range.table}`;
    const ranges = this.#ranges.get(key);
    if (ranges) ranges.push(range);
    else this.#ranges.set(key, [range]);
  }

  addDocument(component: string, id: string): void {
    this.#documents.add(`${component} ${id}`);
  }

  /** Distinct stored documents read, without those that the transaction itself inserted. */
  documentsBefore(writes: readonly Write[]): number {
    const inserted = writes.filter(({ before }) => before === undefined);
    const own = new Set(inserted.map(({ component, id }) => `${component} ${id}`));
    return [...this.#documents].filter((document) => !own.has(document)).length;
  }

  /** Whether these writes overlap with what the transaction read. */
  isChangedBy(writes: readonly Write[]): boolean {
    return this.firstChanged(writes) !== undefined;
  }

  /** The first of these writes that overlaps with what the transaction read. */
  firstChanged(writes: readonly Write[]): Write | undefined {
    return writes.find(({ component, table, id, before, after }) => {
      if (this.#ids.has(`${component} ${id}`)) return true;
      return (this.#ranges.get(`${component} ${table}`) ?? []).some(
        (range) =>
          (before !== undefined && contains(range, before)) ||
          (after !== undefined && contains(range, after)),
      );
    });
  }
}
