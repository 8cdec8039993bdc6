import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitMarkdown } from "../../../../test/support/split_markdown.ts";

const texts = (source: string, limit = 2000) =>
  splitMarkdown(source, 0, limit).map((piece) => piece.text);

/** Markdown as a model writes it: prose, lists, long words, emoji, code blocks, sometimes one that is never closed. */
const markdown = fc
  .array(
    fc.oneof(
      fc.lorem({ maxCount: 40 }),
      fc.lorem({ mode: "sentences", maxCount: 8 }),
      fc.constantFrom("\n", "\n\n", "  - item\n", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "é", " ", "\t", "文。", "\r\n"),
      fc.string({ unit: "grapheme", maxLength: 60 }),
      fc.integer({ min: 1, max: 600 }).map((length) => "x".repeat(length)),
      fc
        .tuple(
          fc.constantFrom("```", "```ts", "~~~", "  ```js"),
          fc.array(fc.lorem(), { maxLength: 20 }),
        )
        .map(([open, lines]) => `\n${open}\n${lines.join("\n")}\n${open.replace(/[a-z]/g, "")}\n`),
      fc.constant("\n```py\n"),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));
const limits = fc.integer({ min: 128, max: 700 });
const squeeze = (text: string) => text.replace(/\s+/g, "");

describe("splitMarkdown", () => {
  test("keeps a text that fits as it is", () => {
    expect(splitMarkdown("Hello.\n\n- a\n  - b", 0, 2000)).toEqual([
      { text: "Hello.\n\n- a\n  - b", upTo: 17 },
    ]);
  });

  test("returns no piece for an empty or blank text, or from the end of a text", () => {
    expect(splitMarkdown("", 0, 2000)).toEqual([]);
    expect(splitMarkdown(" \n\n ", 0, 2000)).toEqual([]);
    expect(splitMarkdown("abc", 3, 2000)).toEqual([]);
  });

  test("breaks between paragraphs, then lines, then sentences, then words, then anywhere", () => {
    const a = "a".repeat(80);
    const b = "b".repeat(80);
    expect(texts(`${a}\nline\n\n${b}`, 128)).toEqual([`${a}\nline`, b]);
    expect(texts(`${a}. Then\n${b}`, 128)).toEqual([`${a}. Then`, b]);
    expect(texts(`${a}. Then ${b}`, 128)).toEqual([`${a}.`, `Then ${b}`]);
    expect(texts(`${a} then ${b}`, 128)).toEqual([`${a} then`, b]);
    expect(texts("c".repeat(130), 128)).toEqual(["c".repeat(128), "cc"]);
  });

  test("does not treat the number of a list item as the end of a sentence", () => {
    const words = `${"a".repeat(70)}! Then`;
    expect(texts(`${words} ${"b".repeat(20)} 1. ${"c".repeat(80)}`, 128)[0]).toBe(
      `${"a".repeat(70)}!`,
    );
  });

  test("reopens the item around a nested one, and keeps its indentation", () => {
    const a = `- ${"a".repeat(100)}`;
    const b = `  - ${"b".repeat(100)}`;
    expect(texts(`${a}\n${b}`, 128)).toEqual([a, `- …\n${b}`]);
  });

  test("moves a code block that fits whole into the next piece", () => {
    const code = `\`\`\`ts\n${"let x;\n".repeat(14)}\`\`\``;
    expect(texts(`Some words first, enough of them.\n${code}\nDone.`, 128)).toEqual([
      "Some words first, enough of them.",
      `${code}\nDone.`,
    ]);
  });

  test("closes a code block that is too long, and reopens it with the same language", () => {
    const lines = Array.from({ length: 40 }, (_, index) => `console.log(${index});`);
    const pieces = texts(`\`\`\`ts\n${lines.join("\n")}\n\`\`\``, 200);
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) expect(piece).toMatch(/^```ts\nconsole[^]*;\n```$/);
    const code = pieces.map((piece) => piece.split("\n").slice(1, -1).join("\n")).join("\n");
    expect(code).toBe(lines.join("\n"));
  });

  test("does not reopen a block for its closing line alone", () => {
    const code = `\`\`\`\n${"x".repeat(120)}`;
    expect(texts(`${code}\n  \`\`\`\nDone`, 128)).toEqual([`${code}\n\`\`\``, "Done"]);
  });

  test("keeps blank lines of code at a break", () => {
    const body = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? "" : `line ${index}`));
    const pieces = texts(`\`\`\`\n${body.join("\n")}\n\`\`\``, 128);
    expect(pieces.flatMap((piece) => piece.split("\n").slice(1, -1))).toEqual(body);
  });

  test("closes a block that the source never closes", () => {
    expect(texts("```py\nprint(1)")).toEqual(["```py\nprint(1)\n```"]);
  });

  test("never breaks inside a grapheme cluster", () => {
    const family = "👩‍👩‍👧‍👦";
    for (const piece of texts(family.repeat(60), 130))
      expect(squeeze(piece.replaceAll(family, ""))).toBe("");
  });

  test("returns pieces within the limit, with increasing offsets that end at the end of the text", () => {
    fc.assert(
      fc.property(markdown, limits, (source, limit) => {
        const pieces = splitMarkdown(source, 0, limit);
        let before = 0;
        for (const piece of pieces) {
          expect(piece.text.length).toBeLessThanOrEqual(limit);
          expect(piece.text.trim()).not.toBe("");
          expect(piece.upTo).toBeGreaterThan(before);
          before = piece.upTo;
        }
        expect(before).toBe(source.trim() === "" ? 0 : source.length);
      }),
      { numRuns: 400 },
    );
  });

  test("loses nothing but white space at the breaks: each piece contains its part of the source", () => {
    fc.assert(
      fc.property(markdown, limits, (source, limit) => {
        let from = 0;
        for (const piece of splitMarkdown(source, 0, limit)) {
          expect(squeeze(piece.text)).toContain(
            // The closing line may be added by the splitter, or be the source's own after a break before it.
            squeeze(source.slice(from, piece.upTo)).replace(/[`~]{3,}$/, ""),
          );
          from = piece.upTo;
        }
      }),
      { numRuns: 400 },
    );
  });

  test("returns the same rest when it starts again at the end of any piece", () => {
    fc.assert(
      fc.property(markdown, limits, (source, limit) => {
        const pieces = splitMarkdown(source, 0, limit);
        pieces.forEach((piece, index) => {
          expect(splitMarkdown(source, piece.upTo, limit)).toEqual(pieces.slice(index + 1));
        });
      }),
      { numRuns: 200 },
    );
  });

  test("never leaves half a surrogate pair", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 200, maxLength: 900 }),
        limits,
        (source, limit) => {
          for (const piece of splitMarkdown(source, 0, limit))
            expect(piece.text).not.toMatch(/\p{Surrogate}/u);
        },
      ),
      { numRuns: 100 },
    );
  });

  // No clock: more than linear time would be minutes here, and exceed the test's timeout.
  test("takes time in proportion to the text, even for one line of 100,000 characters", () => {
    const shapes = [
      ...[
        "x",
        "x ",
        "!",
        "`",
        "\n",
        "🇩🇪",
        "```\n",
        "a\u0301",
        "```\nx\n```\n",
        " ",
        "\t",
        "\u200b",
        "ก",
      ],
      ...[
        "\n```js\n  x  ",
        "> ",
        "- ",
        "1. ",
        "> - ",
        "\n> ",
        "\n- x",
        "-\n",
        ">\n",
        "- - - ",
        "\n   > x",
      ],
    ];
    for (const shape of shapes) {
      const source = shape.repeat(Math.ceil(100_000 / shape.length));
      for (const { text } of splitMarkdown(source, 0, 2000))
        expect(text.length, JSON.stringify(shape)).toBeLessThanOrEqual(2000);
    }
  });
});

test("no piece begins or ends in half a character, whatever the text and the limit", () => {
  const runs = fc
    .tuple(fc.constantFrom("😀", "𝒳", "🇩🇪", "\u{20000}", "a"), fc.integer({ min: 1, max: 150 }))
    .map(([character, count]) => character.repeat(count));
  const marks = fc.constantFrom("`", "> ", "1. ", "\n", "\n```\n", "**", " ");
  const dense = fc.array(fc.oneof(runs, marks), { maxLength: 30 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(dense, limits, (source, limit) => {
      for (const text of texts(source, limit)) expect(text.isWellFormed()).toBe(true);
    }),
  );
});
