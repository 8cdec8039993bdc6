import { describe, expect, test } from "vitest";
import { isBlank, withNote, withoutReasoning } from "./visible_text.ts";

describe("reasoning before an answer", () => {
  test.each([
    ["<think>a\n\nb</think>The answer"],
    ["\n <THINK>a</THINK>\n\nThe answer"],
    ["\ufeff\u200b<think>\n</think>The answer"],
    ["<thinking>a</thinking>The answer"],
    ["<reasoning>a</reasoning>The answer"],
    ["<thought type='x'>a</thought>The answer"],
    ["<|think|>a<|/think|>The answer"],
    ["[THINK]a[/THINK]The answer"],
    ["◁think▷a◁/think▷The answer"],
    ["<think>a</think><think>b</think>The answer"],
    ["<think>a<think>b</think>c</think>The answer"],
    ["<think>they ask about <think>, I think</think>The answer"],
    ["<think>```\nx\n```</think>The answer"],
    ["a\n\nb</think>The answer"],
    ["a\n</think>\n\nThe answer"],
    ["a.</think>\nThe answer"],
    ["</think>The answer"],
    [
      "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>The answer<|return|>",
    ],
    ["<|start|>assistant<|channel|>final<|message|>The answer"],
    ["analysisThey ask. So.assistantfinalThe answer"],
    ["<think>a</think>\n<answer>\nThe answer\n</answer>"],
    ["a</think><Output>The answer</Output>\n"],
  ])("is left out of %j", (text) => {
    expect(withoutReasoning(text)).toBe("The answer");
  });

  test.each([["<|im_end|>"], ["<|eot_id|><|eot_id|>\n"], ["</s>"], ["<end_of_turn>\n"]])(
    "and %j, which ends a text, is left out",
    (end) => {
      expect(withoutReasoning(`<think>a</think>The answer${end}`)).toBe("The answer");
      expect(withoutReasoning(`The answer${end}`)).toBe("The answer");
    },
  );

  test.each([
    ["<think>a"],
    ["<think>a <think>b"],
    ["<think></think>\u200b\n"],
    ["<|channel|>analysis<|message|>a"],
    ["<|channel|>commentary<|message|>a<|end|>"],
    ["<|channel|>final"],
  ])("is all of %j", (text) => {
    expect(isBlank(withoutReasoning(text))).toBe(true);
  });

  test.each([
    ["Write <think> before and </think> after it."],
    ["It ends with </think>."],
    ["It ends with </think> in most models."],
    ["It ends with “</think>”"],
    ["`</think>`"],
    ["Like this:\n\n```xml\n<think>a</think>\n```\n"],
    ["```\na\n</think>\n```\nmore"],
    ["`<think>` begins it"],
    ["<thinker>a</thinker>"],
    ["<think/> a <reason />"],
    ["<think />a"],
    ["[Thinking](https://example.com) is hard"],
    ["analysis of the data"],
    ["\n  spaces stay  \n"],
    ["A < b and <b>c</b>"],
    ["<answer>a</answer>"],
    ["`<|im_end|>` ends it"],
    ["It ends with `<|im_end|>`"],
    ["<s>struck out</s>"],
  ])("is none of %j", (text) => {
    expect(withoutReasoning(text)).toBe(text);
  });

  test("is found in time that grows with the text", () => {
    for (const unit of [
      "<think>",
      "</think>",
      "<think></think>",
      "<think ",
      "a</think>",
      "<|channel|>",
      "</s>",
      "</s> ",
    ]) {
      const start = performance.now();
      withoutReasoning(unit.repeat(100_000));
      expect([unit, performance.now() - start < 2_000]).toEqual([unit, true]);
    }
  });
});

test.each([
  "",
  " \n\n ",
  "\u200b\u2060",
  "\ufeff",
  "\u3164\u2800",
  "<!-- a -->",
  "<!-- a",
  "&nbsp;",
])("a text of %j shows nothing", (text) => {
  expect(isBlank(text)).toBe(true);
});

test.each(["👍", "?", "-", "`<!-- a`", "<br> 1", "<String>", "<https://example.com>"])(
  "a text of %j shows something",
  (text) => {
    expect(isBlank(text)).toBe(false);
  },
);

test.each([
  ["one. ", "one.\n\n_cut_"],
  ["```ts\nlet x", "```ts\nlet x\n```\n\n_cut_"],
  ["~~~~\n```\na", "~~~~\n```\na\n~~~~\n\n_cut_"],
  ["````\n```\na", "````\n```\na\n````\n\n_cut_"],
  ["```\na\n```\nb", "```\na\n```\nb\n\n_cut_"],
  ["```a``` b", "```a``` b\n\n_cut_"],
  ["> ```\n> a", "> ```\n> a\n\n_cut_"],
  ["1. a:\n   ```sh\n   ls", "1. a:\n   ```sh\n   ls\n   ```\n\n_cut_"],
  ["- a\n  ```\n  b", "- a\n  ```\n  b\n  ```\n\n_cut_"],
  ["1. ```\n   a", "1. ```\n   a\n   ```\n\n_cut_"],
  ["1. ```\n   a\n   ```\n   b", "1. ```\n   a\n   ```\n   b\n\n_cut_"],
  ["- a\n  - b\n    ```\n    c\n    ```", "- a\n  - b\n    ```\n    c\n    ```\n\n_cut_"],
])("a note below %j is no part of its code", (text, noted) => {
  expect(withNote(text, "cut")).toBe(noted);
});
