import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import { literal } from "./escape.ts";

test.each([
  "[TODO]: done",
  "[^1]: note",
  "<b>hi</b> you",
  "List<String> x",
  "<!-- hi -->",
  "***",
  "- - -",
  "a\n---\nb",
  "a\n===\nb",
  "¯\\_(ツ)_/¯",
  "\\* and \\[x\\]",
  "&nbsp; &copy; &#64;",
])("Markdown shows typed text unchanged: %j", (typed) => {
  const tree = fromMarkdown(literal(typed), {
    extensions: [gfm()],
    mdastExtensions: [gfmFromMarkdown()],
  });
  expect(tree.children).toMatchObject([
    { type: "paragraph", children: [{ type: "text", value: typed }] },
  ]);
});

test.each(["a < b > c", "1 - 2", "- a", "-- a", "<@U1>", "x <3", "a = b", "C:\\dir", "a & b;"])(
  "text that Markdown does not format is not escaped: %j",
  (typed) => {
    expect(literal(typed)).toBe(typed);
  },
);
