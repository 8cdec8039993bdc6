import fc from "fast-check";
import { expect, test } from "vitest";
import { fitContext } from "../replies/context.ts";
import { cut } from "./text.ts";

/** Text in which nearly every second unit is half of a character. */
const dense = (length: number) =>
  fc.string({
    unit: fc.constantFrom("😀", "👩‍👩‍👧‍👦", "🇩🇪", "a", "é", " "),
    minLength: 1,
    maxLength: length,
  });

test("a cut text is a beginning of the text, as long as it may be, and never ends in half a character", () => {
  fc.assert(
    fc.property(dense(40), fc.integer({ min: 0, max: 80 }), (text, length) => {
      const kept = cut(text, length);
      expect(kept.isWellFormed()).toBe(true);
      expect(text.startsWith(kept)).toBe(true);
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(text.length, length - 1));
      expect(kept.length).toBeLessThanOrEqual(length);
    }),
  );
});

test("no line of what the AI reads ends in half a character, wherever the context is cut", () => {
  fc.assert(
    fc.property(
      fc.array(dense(30), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      (texts, hasRoot) => {
        const lines = texts.map((text) => ({
          role: "user" as const,
          content: text.repeat(Math.ceil(70_000 / text.length)),
        }));
        for (const { content } of fitContext(lines, hasRoot))
          expect(content.isWellFormed()).toBe(true);
      },
    ),
    { numRuns: 20 },
  );
});
