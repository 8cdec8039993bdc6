import { expect, test } from "vitest";
import { readMarkdown } from "../../../test/support/readers/markdown.ts";
import { flankingChanges } from "./flanking.ts";
import { Rewritten } from "./rewrite.ts";

const separated = (text: string) => new Rewritten(text, flankingChanges(text)).text;

test.each([
  ["**Note:**text", "Note:", "Note:text"],
  ["これは**「引用」**です", "「引用」", "これは「引用」です"],
  ["**注意：**本文は**「重要」**です。", "注意：「重要」", "注意：本文は「重要」です。"],
  ["これは**`foo`**と**[表](https://e.com)**です", "foo表", "これはfooと表です"],
  ["는**“말”**이", "“말”", "는“말”이"],
  ["**优点：**React用UI**“库”**写", "优点：“库”", "优点：React用UI“库”写"],
  ["1) **(a)**项\n- **😀好。**吧", "(a)😀好。", "(a)项😀好。吧"],
])("bold beside punctuation and letters is read as bold: %j", (text, bold, shown) => {
  const reading = readMarkdown(separated(text));
  expect(reading.bold).toBe(bold);
  expect(reading.text).toBe(shown);
});

test.each([
  "f(**kwargs) and g(**kwargs)",
  "x**(1) and y**(2)",
  "2*(3+4)*5",
  "**bold** text, **a.** b",
  "は**太字**です",
  "`は**「a」**は` \\**「a」**は",
  "```\nは**「a」**は\n```",
  "は**「a\nb」**は",
])("%j stays as it is", (text) => {
  expect(separated(text)).toBe(text);
});
