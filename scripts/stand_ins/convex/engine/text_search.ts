import { compareValues, jsonToConvex, type JSONValue } from "convex/values";
import { type Document, keyOf } from "./sorted_documents.ts";

/*
 * Full-text search as Convex's (https://docs.convex.dev/search/text-search). convex-test's own matches the beginning of
 * every word and returns documents in the order of their creation.
 */

/** A search index as a schema exports it. */
export interface TextIndex {
  readonly indexDescriptor: string;
  readonly searchField: string;
  readonly filterFields: readonly string[];
}

/** A step of a search, as the Convex library encodes it in its system calls. */
export type SearchStep =
  | { readonly type: "Search"; readonly fieldPath: string; readonly value: string }
  | { readonly type: "Eq"; readonly fieldPath: string; readonly value: JSONValue };

/** Documents that a search finds; Convex fails if more are read. */
const MOST_FOUND = 1_024;
/** Words of a text that are searched for; Convex leaves out the others. */
const MOST_TERMS = 16;
const MOST_FILTERS = 8;
/** Words of so many bytes or more are neither indexed nor searched for. */
const TERM_BYTES = 32;
/** The usual parameters of BM25, and what a word counts that only begins like the last one. */
const [K, B, PREFIX] = [1.2, 0.75, 0.5] as const;

const encoder = new TextEncoder();

/** The words of a text: runs of letters and digits. What is written without spaces, as Japanese, is one word. */
function termsOf(text: string): string[] {
  const words = text.match(/[\p{Alphabetic}\p{N}]+/gu) ?? [];
  return words
    .filter((word) => encoder.encode(word).length < TERM_BYTES)
    .map((word) => word.toLowerCase());
}

const termsOfDocuments = new WeakMap<Document, Map<string, readonly string[]>>();

function termsIn(document: Document, field: string): readonly string[] {
  const known = termsOfDocuments.get(document) ?? new Map<string, readonly string[]>();
  termsOfDocuments.set(document, known);
  const [value] = keyOf(document, [field]);
  const terms = known.get(field) ?? (typeof value === "string" ? termsOf(value) : []);
  known.set(field, terms);
  return terms;
}

/**
 * The documents that have one of the words, or one that begins like the last word: the most relevant first, the newest
 * first of those that are equally so. Throws what Convex refuses. `reads`: how many of them the query reads; Infinity if
 * it reads to the end.
 */
export function searchText(
  index: TextIndex,
  steps: readonly SearchStep[],
  documents: readonly Document[],
  reads: number,
): Document[] {
  const terms = checkedTerms(index, steps);
  const indexed = documents
    .map((document) => ({ document, words: termsIn(document, index.searchField) }))
    .filter(({ words }) => words.length > 0);
  const weightOf = weights(
    terms,
    indexed.map(({ words }) => words),
  );
  const found = indexed
    .filter(({ document }) =>
      steps.every((step) => step.type === "Search" || isEqual(document, step)),
    )
    .map(({ document, words }) => ({ document, score: weightOf(words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || createdAt(b.document) - createdAt(a.document));
  if (found.length >= MOST_FOUND && reads > MOST_FOUND)
    throw new Error(
      `Search query scanned too many documents (fetched ${MOST_FOUND}). Consider using a smaller limit, paginating the query, or using a filter field to limit the number of documents pulled from the search index.`,
    );
  return found.slice(0, MOST_FOUND).map(({ document }) => document);
}

function checkedTerms(index: TextIndex, steps: readonly SearchStep[]): string[] {
  const { searchField, filterFields } = index;
  const [search, ...more] = steps.filter((step) => step.type === "Search");
  const filters = steps.filter((step) => step.type === "Eq");
  if (search?.fieldPath !== searchField || more.length > 0)
    throw new Error(`Search query must search in ${searchField}, once`);
  const odd = filters.find(({ fieldPath }) => !filterFields.includes(fieldPath));
  if (odd) throw new Error(`Search query has a filter on ${odd.fieldPath}, no filter field`);
  if (filters.length > MOST_FILTERS)
    throw new Error(`Search query has too many filter conditions. Max: ${MOST_FILTERS}`);
  return termsOf(search.value).slice(0, MOST_TERMS);
}

function isEqual(document: Document, { fieldPath, value }: SearchStep): boolean {
  const isUndefined = typeof value === "object" && value !== null && "$undefined" in value;
  const wanted = isUndefined ? undefined : jsonToConvex(value);
  return compareValues(keyOf(document, [fieldPath])[0], wanted) === 0;
}

/** What the words of a document count for the terms, by BM25 over all documents of the index; 0 = none is there. */
function weights(terms: readonly string[], all: readonly (readonly string[])[]) {
  const last = terms.at(-1);
  const factors = new Map(terms.map((term) => [term, 1]));
  const having = new Map<string, number>();
  for (const words of all) {
    for (const word of new Set(words)) {
      if (last !== undefined && word.startsWith(last) && !factors.has(word))
        factors.set(word, PREFIX);
      if (factors.has(word)) having.set(word, (having.get(word) ?? 0) + 1);
    }
  }
  const average = all.reduce((sum, words) => sum + words.length, 0) / all.length;
  return (words: readonly string[]): number => {
    const relative = 1 - B + (B * words.length) / average;
    let score = 0;
    for (const word of new Set(words)) {
      const factor = factors.get(word);
      if (factor === undefined) continue;
      const times = words.filter((other) => other === word).length;
      const count = having.get(word) ?? 0;
      const rarity = Math.log(1 + (all.length - count + 0.5) / (count + 0.5));
      score += (factor * rarity * times * (K + 1)) / (times + K * relative);
    }
    return score;
  };
}

function createdAt({ _creationTime }: Document): number {
  return typeof _creationTime === "number" ? _creationTime : 0;
}
