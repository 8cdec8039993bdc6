import { expect, test } from "vitest";
import { Random } from "./random.ts";
import { streamedBy } from "./streams.ts";

test("some answers break off, none of them twice", () => {
  const streamed = streamedBy(new Random(7));
  const answers = Array.from({ length: 100 }, (_, n) => `You said, Ada: “m${n}: hi”. (I was …)`);
  const breaks = (answer: string) => streamed(answer).halfway !== undefined;
  const first = answers.filter(breaks);
  expect(first.length).toBeGreaterThan(2);
  for (let attempt = 0; attempt < 20; attempt++) expect(first.filter(breaks)).toEqual([]);
});
