import fc from "fast-check";
import { compareValues } from "convex/values";
import { expect, test } from "vitest";
import { contains, type Document, type KeyRange, SortedDocuments } from "./sorted_documents.ts";
import { rangeOf, TableIndexes } from "./table_indexes.ts";

const fields = ["a", "b.c", "_id"];
const value = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom("x", "y", null, undefined));
const documents = fc.array(fc.record({ a: value, c: value }), { maxLength: 30 }).map((rows) =>
  rows.map(({ a, c }, i): Document => ({
    _id: String(i).padStart(3, "0"),
    a,
    b: { c },
  })),
);
const bound = fc.record({ prefix: fc.array(value, { maxLength: 2 }), inclusive: fc.boolean() });
const range = fc.record({ fields: fc.constant(fields), lower: bound, upper: bound });

function inOrder(all: readonly Document[]): Document[] {
  const nested = (document: Document) => (document.b as { c: never }).c;
  return [...all].sort(
    (x, y) =>
      compareValues(x.a, y.a) || compareValues(nested(x), nested(y)) || compareValues(x._id, y._id),
  );
}

test("a range returns its documents in both orders, after additions and removals", () => {
  const property = fc.property(documents, documents, range, (kept, gone, within: KeyRange) => {
    const removed = gone.map((document, i) => ({
      ...document,
      _id: `gone-${i}`,
    }));
    const sorted = new SortedDocuments(fields, removed);
    for (const document of kept) sorted.add(document);
    for (const document of removed) sorted.remove(document);
    const expected = inOrder(kept).filter((document) => contains(within, document));
    // An upper bound below the lower bound is not a range.
    fc.pre(isRange(within, kept));
    expect([...sorted.in(within, "asc")]).toEqual(expected);
    expect([...sorted.in(within, "desc")]).toEqual(expected.reverse());
  });
  fc.assert(property, { numRuns: 300 });
});

function isRange(within: KeyRange, all: readonly Document[]): boolean {
  const limits = { ...within, upper: { prefix: [], inclusive: true } };
  const first = inOrder(all).findIndex((document) => contains(limits, document));
  const rest = first < 0 ? [] : inOrder(all).slice(first);
  const places = rest.map((document) => contains(within, document));
  return !places.slice(1).some((inside, i) => inside && !places[i]);
}

test("an index range applies its equalities to both bounds", () => {
  const source = {
    type: "IndexRange",
    indexName: "notes.by_room_and_rank",
    order: "desc",
    range: [
      { type: "Eq", fieldPath: "room", value: "r" },
      { type: "Gte", fieldPath: "rank", value: 1 },
      { type: "Lt", fieldPath: "rank", value: 3 },
    ],
  } as const;
  const within = rangeOf(source, () => ["room", "rank"]);
  const indexes = new TableIndexes();
  const rows = ["q", "r", "s"].flatMap((room) => [0, 1, 2, 3].map((rank) => ({ room, rank })));
  rows.forEach((row, i) => {
    const id = `${i}notes`;
    indexes.apply("notes", id, { ...row, _id: id, _creationTime: i });
  });
  indexes.apply("notes", "6notes", undefined);
  const found = () => [...indexes.read(within)].map(({ room, rank }) => [room, rank]);
  expect(found()).toEqual([["r", 1]]);
  indexes.apply("notes", "0notes", { room: "r", rank: 2, _id: "0notes", _creationTime: 0 });
  expect(found()).toEqual([
    ["r", 2],
    ["r", 1],
  ]);
});
