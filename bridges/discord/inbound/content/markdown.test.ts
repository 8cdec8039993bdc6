import { describe, expect, test } from "vitest";
import { readDiscord } from "../../../../test/support/readers/discord.ts";
import { readMarkdown } from "../../../../test/support/readers/markdown.ts";
import { toCanonical } from "./markdown.ts";

const read = (text: string) => toCanonical(text, { isMentioned: () => true });

describe("a block of code on Discord", () => {
  test.each([
    ["```js\ncode```\nafter", "```js\ncode\n```\nafter"],
    ["look: ```js\ncode\n``` ok", "look: \n```js\ncode\n```\nok"],
    ["```\na\n```b", "```\na\n```\nb"],
    ["```const a = 1;\nb```", "```\nconst a = 1;\nb\n```"],
    [">>> a ```js\ncode``` b\nc", "> a \n> ```js\n> code\n> ```\n> b\n> c"],
    ["> a ```js\n> code\n> ``` b", "> a \n> ```js\n> code\n> ```\n> b"],
    ["- ```js\ncode\n```\nb", "- \n```js\ncode\n```\nb"],
  ])("gets its fences on separate lines: %j", (text, content) => {
    expect(read(text)).toBe(content);
  });

  test.each([
    "a\n```js\n\n  code\n\n```\nb",
    "> ```js\n> code\n> ```",
    "- ```js\n  code\n  ```\n- b",
    "a ```code``` b",
    "a `code` b ``c``\n`d",
    "a ```b\nc",
  ])("stays unchanged where they are on separate lines, or all on one: %j", (text) => {
    expect(read(text)).toBe(text);
  });
});

test.each([
  ["> he said\nI disagree", "> he said\n\nI disagree"],
  ["> a\n> b\n\nc", "> a\n> b\n\nc"],
  ["> a\n\n> b", "> a\n\n> b"],
  ["> a\n>>> b\nc", "> a\n> b\n> c"],
  ["a\n> b", "a\n> b"],
  ["```\n> a\nb\n```", "```\n> a\nb\n```"],
])("text below a quote does not become part of it: %j", (text, content) => {
  expect(read(text)).toBe(content);
});

test.each([
  ["List<String> </b> <!-- x -->", "List\\<String> \\</b> \\<!-- x -->"],
  ["<?= $x ?> <![CDATA[a]]> b", "\\<?= $x ?> \\<![CDATA[a]]> b"],
  ["<p is missing\n- <pre\n<x", "\\<p is missing\n- \\<pre\n\\<x"],
  ["&nbsp; &#64; a & b; &", "\\&nbsp; \\&#64; a & b; &"],
  ["[a]: https://e.com\n[^1]: note", "\\[a]: https://e.com\n\\[^1]: note"],
  ["a\n---\nb\n==", "a\n\\---\nb\n\\=="],
  ["¯\\_(ツ)_/¯ \\あ \\*", "¯\\\\\\_(ツ)\\_/¯ あ \\*"],
])("what only Markdown would read is escaped: %j", (typed, content) => {
  expect(read(typed)).toBe(content);
  expect(readMarkdown(content).text).toBe(readDiscord(typed).text);
});

test.each([
  ["https://e.com/?a&amp; b", "https://e.com/?a\\&amp; b"],
  ["<https://e.com><b>", "<https://e.com>\\<b>"],
  ["[a](https://e.com/?a&amp;b) &amp;c", "[a](https://e.com/?a\\&amp;b) \\&amp;c"],
])(
  "what is outside of addresses is escaped, and where Markdown decodes them: %j",
  (typed, content) => {
    expect(read(typed)).toBe(content);
  },
);

test.each([
  "<https://e.com> <a@e.com> a < b > c <3 <x y",
  "# A\n---\n\n---\n- a",
  "https://e.com/?a&amp;b=1&lt;c <https://e.com/&amp;b> https://e.com</a>",
  "`<b> &nbsp; \\あ`\n```\n[a]: x\n<b>\n&lt;\n---\n```",
])("what Markdown shows too stays as it is: %j", (typed) => {
  expect(read(typed)).toBe(typed);
});
