import { compareValues, type Value } from "convex/values";

/** A stored document: plain fields, with `_id` and `_creationTime`. */
export type Document = Readonly<Record<string, Value | undefined>>;
type Key = readonly (Value | undefined)[];

/** One end of an index range: values of the index's first fields. An empty `prefix` is unbounded. */
export interface Bound {
  readonly prefix: Key;
  readonly inclusive: boolean;
}

/** A range of an index as Convex tracks it: keys compared from the left. */
export interface KeyRange {
  readonly fields: readonly string[];
  readonly lower: Bound;
  readonly upper: Bound;
}

/** The values of `fields` (dotted paths) in a document. */
export function keyOf(document: Document, fields: readonly string[]): Key {
  return fields.map((field) => {
    let value: unknown = document;
    for (const step of field.split(".")) {
      value = isRecord(value) ? value[step] : undefined;
    }
    return value as Value | undefined; // Documents contain only values.
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Compares the first fields of a key with those of a bound; 0 = the key starts with them. */
function compareWithPrefix(key: Key, prefix: Key): number {
  for (let i = 0; i < prefix.length; i++) {
    const order = compareValues(key[i], prefix[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function isAboveLower(key: Key, { prefix, inclusive }: Bound): boolean {
  const order = compareWithPrefix(key, prefix);
  return inclusive ? order >= 0 : order > 0;
}

function isBelowUpper(key: Key, { prefix, inclusive }: Bound): boolean {
  const order = compareWithPrefix(key, prefix);
  return inclusive ? order <= 0 : order < 0;
}

/** Whether a document is in a range. */
export function contains(range: KeyRange, document: Document): boolean {
  const key = keyOf(document, range.fields);
  return isAboveLower(key, range.lower) && isBelowUpper(key, range.upper);
}

/** The documents of a table in the order of an index. */
export class SortedDocuments {
  readonly #fields: readonly string[];
  readonly #entries: { readonly key: Key; readonly document: Document }[];

  constructor(fields: readonly string[], documents: Iterable<Document>) {
    this.#fields = fields;
    this.#entries = Array.from(documents, (document) => ({
      key: keyOf(document, fields),
      document,
    }));
    this.#entries.sort((a, b) => compareWithPrefix(a.key, b.key));
  }

  add(document: Document): void {
    const key = keyOf(document, this.#fields);
    this.#entries.splice(this.#placeOf(key), 0, { key, document });
  }

  remove(document: Document): void {
    const place = this.#placeOf(keyOf(document, this.#fields));
    if (this.#entries[place]?.document._id === document._id) this.#entries.splice(place, 1);
  }

  /** The documents of a range, lazily, in either order. */
  *in(range: KeyRange, order: "asc" | "desc"): Generator<Document> {
    const start = this.#first((key) => isAboveLower(key, range.lower));
    const end = this.#first((key) => !isBelowUpper(key, range.upper));
    if (order === "asc") {
      for (let i = start; i < end; i++) yield this.#at(i);
    } else {
      for (let i = end - 1; i >= start; i--) yield this.#at(i);
    }
  }

  #at(place: number): Document {
    const entry = this.#entries[place];
    if (!entry) throw new RangeError("The index changed while it was read");
    return entry.document;
  }

  #placeOf(key: Key): number {
    return this.#first((other) => compareWithPrefix(other, key) >= 0);
  }

  /** The position of the first key for which `holds` is true. It must be true for all later keys. */
  #first(holds: (key: Key) => boolean): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry && holds(entry.key)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
