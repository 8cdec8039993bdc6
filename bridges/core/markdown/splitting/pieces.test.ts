import { expect, test } from "vitest";
import { MAX_PIECES, piecesFrom } from "./pieces.ts";

/** Pieces of ten characters each. */
const tens = (content: string) => (from: number) =>
  from >= content.length
    ? undefined
    : { text: content.slice(from, from + 10), upTo: Math.min(content.length, from + 10) };
const cut = (content: string, from = 0) => piecesFrom(content, from, tens(content));

test("a text with the maximum number of pieces is posted whole", () => {
  const content = "x".repeat(MAX_PIECES * 10);
  expect(cut(content)).toHaveLength(MAX_PIECES);
  expect(
    cut(content)
      .map(({ text }) => text)
      .join(""),
  ).toBe(content);
});

test("a longer text ends with a note that says how much is left out", () => {
  const pieces = cut("x".repeat(MAX_PIECES * 10 + 12_345));
  expect(pieces).toHaveLength(MAX_PIECES + 1);
  expect(pieces.at(-1)).toEqual({
    text: "_This is too long to be posted whole: 12,345 characters are left out._",
    upTo: MAX_PIECES * 10 + 12_345,
  });
});

test("it ends at the same place wherever splitting starts again", () => {
  const content = "x".repeat(MAX_PIECES * 10 + 7);
  const pieces = cut(content);
  for (const [index, { upTo }] of pieces.entries())
    expect(cut(content, upTo)).toEqual(pieces.slice(index + 1));
});
