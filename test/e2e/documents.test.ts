import { afterAll, beforeAll, expect, test } from "vitest";
import { type Costs, CountedBackend } from "../../scripts/verify/bench/count_documents.ts";
import { startStack, type Stack } from "../../scripts/stand_ins/stack.ts";

/* What each call reads and writes, counted exactly on the local deployment, with few and with many documents stored. */

let stack: Stack;
let small: Costs;
let large: Costs;

beforeAll(async () => {
  stack = await startStack();
  const backend = await CountedBackend.open(stack);
  await backend.grow({ messages: 100, mappings: 1 });
  small = await backend.costs();
  await backend.grow({ messages: 1_500, mappings: 25 });
  large = await backend.costs();
}, 60_000);

afterAll(async () => {
  await stack.stop();
});

interface Cost {
  /** Stored documents read, each once. */
  readonly read: number;
  readonly ranges: number;
  readonly written: number;
}

/** A plain message: its mapping, identity and conversation; one range more asks who hears its channel. */
const COSTS: readonly (readonly [string, Cost])[] = [
  ["bridge:ingest, a plain message", { read: 3, ranges: 6, written: 1 }],
  ["bridge:ingest, a question", { read: 6, ranges: 10, written: 6 }],
  ["replies:store", { read: 6, ranges: 14, written: 3 }],
  ["bridge:outbox", { read: 1, ranges: 1, written: 0 }],
  ["bridge:claim", { read: 4, ranges: 5, written: 1 }],
  ["bridge:settle", { read: 3, ranges: 11, written: 2 }],
];

function costOf(costs: Costs, name: string): Cost | undefined {
  const call = costs.get(name);
  if (!call) return undefined;
  return { read: call.documents, ranges: call.ranges, written: call.documentsWritten };
}

test.each(COSTS)("%s costs the same, however much is stored", (name, cost) => {
  expect(costOf(small, name)).toEqual(cost);
  expect(costOf(large, name)).toEqual(cost);
});

test("reading the AI's context costs no more with more messages", () => {
  const few = costOf(small, "replies:load");
  const many = costOf(large, "replies:load");
  expect(few?.read).toBeGreaterThan(50);
  expect(many?.read).toBeLessThanOrEqual((few?.read ?? 0) + 2);
  expect(many?.ranges).toBe(few?.ranges);
});

test("the list of mappings reads each mapping once", () => {
  expect(costOf(small, "bridge:mappings")?.read).toBe(1);
  expect(costOf(large, "bridge:mappings")?.read).toBe(25);
});
