import { expect, test } from "vitest";
import { stacked, titled } from "./joining.ts";

test.each([
  ["**Branch**", "main", "**Branch** main"],
  ["**Branch**", "`main`", "**Branch** `main`"],
  ["**Word**", "**bold**", "**Word** **bold**"],
  ["**Error**", "```js\nx\n```", "**Error**\n```js\nx\n```"],
  ["**To do**", "- a\n- b", "**To do**\n- a\n- b"],
  ["**Steps**", "1. a", "**Steps**\n1. a"],
  ["**Said**", "> a", "**Said**\n> a"],
  ["**Said**", "# a", "**Said**\n# a"],
  ["", "- a", "- a"],
  ["**Branch**", "", "**Branch**"],
])("%j has the text %j", (title, text, expected) => expect(titled(title, text)).toBe(expected));

test.each([
  [["a", "", "b"], "a\nb"],
  [["> a", "b"], "> a\n\nb"],
  [["> a", "> b"], "> a\n\n> b"],
  [["- a\nb", "c"], "- a\nb\n\nc"],
  [["1. a", "c"], "1. a\n\nc"],
  [["| a |\n|---|\n| b |", "c"], "| a |\n|---|\n| b |\n\nc"],
  [["a", "---", "b"], "a\n\n---\nb"],
  [["- a\n\nb", "c"], "- a\n\nb\nc"],
  [["**a** b", "c"], "**a** b\nc"],
])("%j below each other", (texts, expected) => expect(stacked(texts)).toBe(expected));
