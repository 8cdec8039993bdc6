import fc from "fast-check";
import { expect, test } from "vitest";
import { readDiscord } from "../../../test/support/readers/discord.ts";
import { readMarkdown } from "../../../test/support/readers/markdown.ts";
import { renderPieces } from "../../slack/outbound/format.ts";
import { render } from "./format.ts";

/*
 * What a message shows is read by parsers that know nothing of the product: one with the rules of Discord's clients, and
 * one of CommonMark.
 */

/** Text and marks in many scripts, as a model writes them: well formed, without a partner, and beside each other. */
const words = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...["word", "snake_case", "my__var__x", "_private", "name_", "f(*args)", "f(**kwargs)"],
        ...[
          "2 ** 3",
          "a * b",
          "x||y",
          "日本語",
          "変数_name_は",
          "مرحبا",
          "नमस्ते",
          "e\u0301",
          "👩‍👩‍👧",
          "🇯🇵",
          "1️⃣",
        ],
        ...["C:\\dir\\new", "C:\\ユーザー", "**", "*", "_", "__", "~~", "~", "\\", "||"],
        ...[
          "&amp;",
          "&copy;",
          "&#42;",
          "-#",
          "#1",
          "a_b_c_",
          "https://e.com/a_b_c?d=e_",
          "\\*",
          "\\_",
        ],
      ),
      fc.constantFrom(
        ...[
          "**bold**",
          "__bold__",
          "*it*",
          "_it_",
          "_it_is_",
          "***both***",
          "~~gone~~",
          "**a *b* c**",
        ],
        ...[
          "`code`",
          "`a_b`",
          "`_`",
          "`x*y`",
          "``a`b``",
          "**`**kwargs`**",
          "*`*args`*",
          "_`a_b` c_",
        ],
        ...["[label](https://e.com/a_(b))", "[a_b_ **c**](https://e.com/*d*)", "**日本語**です"],
      ),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(" "));

const blocks = fc.oneof(
  { weight: 4, arbitrary: words.map((text) => `x ${text} x`) },
  words.map((text) => `- x ${text} x\n- x`),
  words.map((text) => `3. x ${text} x\n4. x`),
  words.map((text) => `> x ${text} x`),
  words.map((text) => `## x ${text} x`),
  fc.constantFrom(
    ...["```ts\nx = a_b * `c` ** d\n```", "~~~\n```\nx\n~~~", "````md\n```js\n_x_\n```\n````"],
    ...["- x\n  ```\n  **x**\n  ```", "> ```\n> x_\n> ```", "-# x", "x\n---", "x ` x", "x `` x"],
  ),
);

const documents = fc
  .array(blocks, { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join("\n\n"));

/** A text without the addresses behind labels that Discord shows in no link. */
function labels(text: string, links: readonly string[]): string {
  return links.reduce((all, url) => all.replaceAll(`(${url})`, ""), text);
}

test("Discord shows the words, the code and the links of a text, and no others", () => {
  fc.assert(
    fc.property(documents, (content) => {
      const pieces = render(content, 0).map(({ text }) => text);
      const { links, ...meant } = readMarkdown(content);
      const shown = readDiscord(pieces.join("\n\n"));
      expect({ ...shown, text: labels(shown.text, links) }, pieces.join("\n")).toMatchObject(
        // A spoiler is one on Discord only.
        { text: labels(meant.text, links), blocks: meant.blocks, codes: meant.codes },
      );
      expect(shown.links).toEqual(expect.arrayContaining([...links]));
    }),
    { numRuns: 150 },
  );
});

test("Slack is sent the words, the code, the links and the styles of a text", () => {
  fc.assert(
    fc.property(documents, (content) => {
      const pieces = renderPieces(content, 0).map(({ text }) => text);
      expect(readMarkdown(pieces.join("\n\n"))).toEqual(readMarkdown(content));
    }),
    { numRuns: 200 },
  );
});

/** Long enough for several pieces, with words that may stand anywhere. */
const long = fc.array(
  fc.oneof(
    words.map((text) => `x ${text} x`),
    fc
      .array(words, { minLength: 2, maxLength: 6 })
      .map((items) => items.map((text, index) => `${String(index + 7)}. x ${text} x`).join("\n")),
    fc
      .array(words, { minLength: 2, maxLength: 6 })
      .map((lines) => lines.map((text) => `> x ${text} x`).join("\n")),
    fc.integer({ min: 1, max: 60 }).map((lines) => `~~~py\n${"x = a_b * `c`\n".repeat(lines)}~~~`),
  ),
  { minLength: 20, maxLength: 30 },
);

test.each([
  ["Discord", render, readDiscord],
  ["Slack", renderPieces, readMarkdown],
] as const)("nothing is lost between the pieces for %s", (_platform, split, read) => {
  fc.assert(
    fc.property(long, (parts) => {
      const content = Array.from({ length: 3 }, () => parts.join("\n\n")).join("\n\n");
      const meant = readMarkdown(content);
      const pieces = split(content, 0).map(({ text }) => read(text));
      // An item that goes on in another piece begins with "…" there.
      const joined = (texts: readonly string[]) => texts.join("").replaceAll(/[…\s]+/g, "");
      const words = labels(joined(pieces.map(({ text }) => text)), meant.links);
      expect(words).toBe(labels(joined([meant.text]), meant.links));
      expect(joined(pieces.flatMap((each) => each.blocks))).toBe(joined(meant.blocks));
      expect(joined(pieces.flatMap((each) => each.codes))).toBe(joined(meant.codes));
    }),
    { numRuns: 12 },
  );
});
