import { expect, test } from "vitest";
import { renderedPieces } from "./rendering.ts";

test("a text that is longer than what is read of it is not cut within a character", () => {
  const rendering = { limit: 128, readable: 3, rewrites: [] };
  const [piece, note] = renderedPieces("ab😀c", 0, rendering);
  expect(piece).toMatchObject({ text: "ab", upTo: 2 });
  expect(note).toMatchObject({ text: expect.stringContaining("3 characters") as unknown, upTo: 5 });
});
