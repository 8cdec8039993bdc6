import { expect, test } from "vitest";
import { keepNewest } from "./keep_newest.ts";

test("the oldest entry goes, by when it was stored last", () => {
  const map = new Map<string, number>();
  for (const key of ["a", "b", "a", "c"]) keepNewest(map, key, map.size, 2);
  expect([...map.keys()]).toEqual(["a", "c"]);
});

test("any key may be the oldest", () => {
  const map = new Map<string | undefined, number>();
  for (const key of [undefined, "", "c"]) keepNewest(map, key, 0, 2);
  expect([...map.keys()]).toEqual(["", "c"]);
});
