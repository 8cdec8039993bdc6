import { expect, test } from "vitest";
import type { Id } from "../../_generated/dataModel.js";
import { changed, counted, NOBODY, type Tally } from "./tally.ts";

// Only Convex makes ids; any string works here.
const id = (name: string) => name as Id<"identities">;
const added = (name: string, at: number) => ({
  identityId: id(name),
  change: "added" as const,
  at,
});
const removed = (name: string, at: number) => ({ ...added(name, at), change: "removed" as const });

function after(tally: Tally, ...changes: Parameters<typeof changed>[1][]): Tally {
  return changes.reduce((sum, change) => changed(sum, change) ?? sum, tally);
}
const present = ({ people }: Tally) =>
  people.flatMap(({ identityId, gone }) => (gone ? [] : [identityId])).sort();

test("people are counted, and those who leave are not", () => {
  const both = after(NOBODY, added("ann", 1), added("bob", 2));
  expect(both.count).toBe(2);
  const left = after(both, removed("ann", 3));
  expect([left.count, present(left)]).toEqual([1, ["bob"]]);
});

test("a repeated event says nothing new", () => {
  const once = after(NOBODY, added("ann", 1));
  expect(changed(once, added("ann", 1))).toBeUndefined();
  const gone = after(once, removed("ann", 2));
  expect(changed(gone, removed("ann", 2))).toBeUndefined();
  expect(changed(gone, added("ann", 1))).toBeUndefined();
});

test("a person's newest event wins, whatever the order of arrival", () => {
  const events = [added("ann", 1), removed("ann", 2), added("ann", 3), removed("ann", 4)];
  for (const [first, second, third, fourth] of permutations(events)) {
    if (!first || !second || !third || !fourth) throw new Error("four");
    const end = after(NOBODY, first, second, third, fourth);
    expect([end.count, present(end)]).toEqual([0, []]);
    const before = after(NOBODY, ...[first, second, third, fourth].filter(({ at }) => at < 4));
    expect([before.count, present(before)]).toEqual([1, ["ann"]]);
  }
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) =>
    permutations(items.filter((_, n) => n !== at)).map((rest) => [item, ...rest]),
  );
}

test("a count without names is set, and later changes count from there", () => {
  const five = counted(after(NOBODY, added("ann", 1)), { count: 5, users: [], at: 10 });
  if (!five) throw new Error("nothing new");
  expect([five.count, present(five)]).toEqual([5, ["ann"]]);
  expect(after(five, added("bob", 11)).count).toBe(6);
  expect(after(five, removed("somebody", 11)).count).toBe(4);
  expect(after(five, removed("ann", 11)).count).toBe(4);
});

test("an event from before the count only says who it was", () => {
  const five = counted(NOBODY, { count: 5, users: [], at: 10 }) ?? NOBODY;
  const named = after(five, added("bob", 9));
  expect([named.count, present(named)]).toEqual([5, ["bob"]]);
  expect(changed(five, removed("bob", 9))).toBeUndefined();
});

test("nobody comes back by an event from before everything was cleared", () => {
  const cleared = counted(after(NOBODY, added("ann", 1)), { count: 0, users: [], at: 10 });
  if (!cleared) throw new Error("nothing new");
  expect([cleared.count, present(cleared)]).toEqual([0, []]);
  expect(changed(cleared, added("ann", 1))).toBeUndefined();
  expect(changed(cleared, added("bob", 9))).toBeUndefined();
  expect(after(cleared, added("ann", 11)).count).toBe(1);
});

test("a complete list drops who is not on it, a partial one only adds", () => {
  const start = after(NOBODY, added("ann", 1), added("bob", 2));
  const complete = counted(start, { count: 2, users: [id("bob"), id("cy")], at: 10 });
  expect([complete?.count, present(complete ?? NOBODY)]).toEqual([2, ["bob", "cy"]]);
  const partial = counted(start, { count: 9, users: [id("cy")], at: 10 });
  expect([partial?.count, present(partial ?? NOBODY)]).toEqual([9, ["ann", "bob", "cy"]]);
});

test("somebody who was gone and is listed is there", () => {
  const gone = after(NOBODY, added("ann", 1), removed("ann", 2));
  const back = counted(gone, { count: 1, users: [id("ann")], at: 10 });
  expect([back?.count, present(back ?? NOBODY)]).toEqual([1, ["ann"]]);
});

test("what happened after the count was read stays", () => {
  const start = after(NOBODY, added("ann", 1), added("bob", 20));
  const list = counted(start, { count: 3, users: [id("ann"), id("cy"), id("di")], at: 10 });
  expect([list?.count, present(list ?? NOBODY)]).toEqual([4, ["ann", "bob", "cy", "di"]]);
  const left = after(NOBODY, added("ann", 1), removed("ann", 20));
  const late = counted(left, { count: 2, users: [id("ann"), id("bob")], at: 10 });
  expect([late?.count, present(late ?? NOBODY)]).toEqual([1, ["bob"]]);
});

test("a count below the people who are known forgets who they are", () => {
  const start = after(NOBODY, added("ann", 1), added("bob", 2));
  const one = counted(start, { count: 1, users: [], at: 10 }) ?? NOBODY;
  expect([one.count, present(one)]).toEqual([1, []]);
  expect(after(one, added("ann", 11)).count).toBe(2);
});

test("the same count says nothing new, and an older one neither", () => {
  const start = after(NOBODY, added("ann", 1), added("bob", 2));
  expect(counted(start, { count: 2, users: [id("ann"), id("bob")], at: 10 })).toBeUndefined();
  expect(counted(start, { count: 2, users: [], at: 10 })).toBeUndefined();
  expect(counted(NOBODY, { count: 0, users: [], at: 10 })).toBeUndefined();
  const read = counted(start, { count: 5, users: [], at: 10 }) ?? NOBODY;
  expect(counted(read, { count: 4, users: [], at: 9 })).toBeUndefined();
});

test("at most 100 people are named, the others are counted", () => {
  const many = Array.from({ length: 130 }, (_, n) => added(`p${n}`, n));
  const crowd = after(NOBODY, ...many);
  expect([crowd.count, crowd.people.length]).toEqual([130, 100]);
  expect(after(crowd, removed("p0", 500)).count).toBe(129);
});
