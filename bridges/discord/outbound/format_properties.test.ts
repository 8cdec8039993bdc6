import fc from "fast-check";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { toString } from "mdast-util-to-string";
import { gfm } from "micromark-extension-gfm";
import { describe, expect, test } from "vitest";
import { Layers } from "../../core/markdown/rewrite.ts";
import { render, REWRITES } from "./format.ts";
import { toCanonical } from "../inbound/content/markdown.ts";

/** Typical and odd output of a model, in many scripts. */
const markdown = fc
  .array(
    fc.oneof(
      fc.lorem({ mode: "sentences", maxCount: 6 }),
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.constantFrom(
        ...[
          "\n",
          "\n\n",
          "#### Four\n",
          "Title\n===\n",
          "> a\n> > b\n",
          "---\n",
          "1) one\n",
          "+ two\n",
        ],
        ...[
          "| a | b |\n|---|--:|\n| 1 | 日本 |\n| x | **y** |\n\n",
          `| a |\n|---|\n| ${"w".repeat(90)} |\n\n`,
        ],
        ...[
          "- [x] done\n",
          "![alt](http://e.com/x)",
          "a<br>b <b>c</b>",
          "&amp;lt; ",
          "a || b",
          "__so__",
        ],
        ...[
          "~~~py\nx = '```'\n~~~\n",
          "- a\n  ```js\n  x\n   y\n  ```\n",
          "    indented\n",
          "👩‍👩‍👧‍👦é文。",
        ],
        ...["[a][1]", "\n\n[1]: http://e.com\n\n", "b[^1]", "\n\n[^1]: note\n\n", "[c](#d)"],
        ...["@everyone ", "<!channel>", "<@U1>", "<@&1>", "\u200b", "`", "*", "_", "[", "](", "\\"],
      ),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));

/** The text without what a piece may repeat in order to continue a block: marks, and numbers of items. */
const squeeze = (text: string) => text.replace(/(?:js|py|\d+\.|[\s`~>…+-])+/g, "");

describe("a reply on Discord", () => {
  test("is split into pieces that fit, end at the end, and can resume at the end of any piece", () => {
    fc.assert(
      fc.property(markdown, fc.integer({ min: 1, max: 12 }), (part, times) => {
        const content = part.repeat(times).slice(0, 7_000);
        const pieces = render(content, 0);
        let before = 0;
        for (const [index, { text, upTo }] of pieces.entries()) {
          expect(text.length).toBeLessThanOrEqual(2_000);
          expect(text.isWellFormed()).toBe(true);
          expect(upTo).toBeGreaterThan(before);
          before = upTo;
          expect(render(content, upTo)).toEqual(pieces.slice(index + 1));
        }
        if (content.trim() !== "" && pieces.length > 0) expect(before).toBe(content.length);
      }),
      { numRuns: 40 },
    );
  });

  test("loses nothing between its pieces", () => {
    fc.assert(
      fc.property(markdown, fc.integer({ min: 1, max: 12 }), (part, times) => {
        const content = part.repeat(times).slice(0, 7_000);
        const whole = new Layers(content, REWRITES).text;
        const joined = squeeze(
          render(content, 0)
            .map(({ text }) => text)
            .join(""),
        );
        expect(joined).toBe(squeeze(whole));
      }),
      { numRuns: 40 },
    );
  });

  test("keeps the words in rewritten sections", () => {
    const shown = (text: string) =>
      toString(
        fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }),
      ).replaceAll(/[^\p{L}\p{N}]+/gu, "");
    const blocks = fc
      .array(
        fc.constantFrom(
          ...["#### Four **b**", "Title\n===", "> a\n> > b", "1) one\n2) two", "+ two\n  - in"],
          ...[
            "| a | b |\n|---|--:|\n| 1 | 日本 |",
            "- [x] done",
            "__so__ it *is*",
            "~~~py\nx\n~~~",
          ],
          ...[
            "    indented",
            "a **b** _c_ ~~d~~ `e`",
            "[l](http://e.com)",
            "---",
            "- a\n  ```js\n  x\n  ```",
          ],
        ),
        { maxLength: 20 },
      )
      .map((parts) => parts.join("\n\n"));
    fc.assert(
      fc.property(blocks, (content) => {
        const text = new Layers(content, REWRITES).text;
        expect(shown(text.replaceAll(/[☑☐─]/g, ""))).toBe(shown(content));
      }),
    );
  });

  test("is rendered in linear time, even for odd text, and never fails", () => {
    const shapes = ["[", "*a ", "> ", "- ", "`", "<", "![", "|a", "_", "~~", "&amp;", "<!--"];
    const more = ["a|b\n-|-\n", "\n\n# ", "[a](", "\\", " || ", "> > a\n", "```\n", "@everyone "];
    for (const shape of [...shapes, ...more, "a\u0301", "\u200b", "- a\n\n", "1. a\n\n   "]) {
      const text = (length: number) => shape.repeat(Math.ceil(length / shape.length));
      for (const { text: piece } of render(text(100_000), 0))
        expect(piece.length).toBeLessThanOrEqual(2_000);
      render(text(8_000), 0);
      toCanonical(text(100_000), { isMentioned: () => true });
    }
  });
});

test("any text from Discord is converted, with code byte for byte", () => {
  const tokens = fc.constantFrom("<:x:1>", "<t:1>", "-# ", "\n>>> ", "\\", "<@!1>", "\n", "<", "a");
  fc.assert(
    fc.property(fc.array(tokens), fc.array(tokens), (before, inside) => {
      const code = `\`\`\`\n${inside.join("").replaceAll("`", "")}\n\`\`\``;
      const typed = `${before.join("").replaceAll(/[`\\]|>>> /g, "")}\n${code}`;
      expect(toCanonical(typed, { isMentioned: () => false }).endsWith(code)).toBe(true);
    }),
  );
});
