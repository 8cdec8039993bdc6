import { describe, expect, test } from "vitest";
import { splitMarkdown } from "../../../../test/support/split_markdown.ts";

const texts = (source: string, limit = 2000) =>
  splitMarkdown(source, 0, limit).map(({ text }) => text);

/** Items on one line, without the end of a sentence. */
const listed = (item: (index: number) => string, between = ", ") =>
  Array.from({ length: 60 }, (_, index) => item(index)).join(between);

describe("a break splits no", () => {
  test.each([
    ["link", (i: number) => `[the guide to part ${i}](https://example.com/guide/part-${i})`],
    ["link with brackets in it", (i: number) => `[a [b ${i}] c](https://example.com/w_(x)_${i})`],
    ["picture", (i: number) => `![the plan of part ${i}](https://example.com/part-${i}.png)`],
    ["inline code", (i: number) => `\`const part = ${i}; part += 1\``],
    ["inline code with back ticks", (i: number) => `\`\`const part = \`a ${i}\` + b c\`\``],
    ["bold words", (i: number) => `**the guide to part ${i}**`],
    ["words in italics", (i: number) => `_the guide to part ${i}_`],
    ["words struck through", (i: number) => `~~the guide to part ${i}~~`],
    ["bold link", (i: number) => `**[the guide to part ${i}](https://example.com/${i})**`],
    ["sentences in a link", (i: number) => `[Is this it? Yes, part ${i}!](https://e.org/${i})`],
    ["link with escaped brackets", (i: number) => `[\\[a\\] the part ${i}](https://e.org/${i})`],
  ])("%s", (_, item) => {
    for (const limit of [200, 333, 700]) {
      const whole = texts(`Sources: ${listed(item)}`, limit).join("\n");
      for (let index = 0; index < 60; index += 1) expect(whole).toContain(item(index));
    }
  });
});

test("a link that is longer than a piece is split anyway", () => {
  const link = `[${"word ".repeat(100)}](https://example.com/)`;
  const pieces = texts(`See ${link}`, 128);
  expect(pieces.length).toBeGreaterThan(4);
  expect(pieces.join(" ").replace(/\s+/g, "")).toBe(`See${link}`.replace(/\s+/g, ""));
});

test("signs that mark nothing prevent no break", () => {
  const text = `${"a".repeat(60)} 2 * 3 [x] \`y ${"b".repeat(40)} ${"c".repeat(60)}`;
  expect(texts(text, 128)).toEqual([text.slice(0, -61), "c".repeat(60)]);
});

// No clock: more than linear time would be minutes here, and exceed the test's timeout.
test("looking for spans takes time in proportion to the text", () => {
  for (const shape of ["[", "[a](", "`a ``b ", "*a ", "_a ", "**a", "![[", "\\", "[a](b", "~~a "]) {
    const source = shape.repeat(Math.ceil(100_000 / shape.length));
    for (const { length } of texts(source)) expect(length).toBeLessThanOrEqual(2000);
    texts(source, 11_500);
  }
});
