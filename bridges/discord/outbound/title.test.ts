import { expect, test } from "vitest";
import { threadName } from "./title.ts";

test.each([
  ["Sure! Here is **how**:\nmore", "Sure! Here is how:"],
  ["why does my_var_name fail?", "why does my_var_name fail?"],
  ["snake_case **and** *x* and ~~y~~", "snake_case and x and y"],
  [
    "what is __init__ and 2*3*4 and f(*args, **kwargs)?",
    "what is __init__ and 2*3*4 and f(*args, **kwargs)?",
  ],
  ["`a*b` or `a_b`, \\*not\\* bold", "a*b or a_b, *not* bold"],
  ["```ts\nlet my_x = 1 * 2;\n```\nwhy?", "let my_x = 1 * 2;"],
  ["```\nlet x", "let x"],
  ["```ts\n```", "Reply"],
  ["# C# or F#?", "C# or F#?"],
  ["#general is a > b ~ c | d", "#general is a > b ~ c | d"],
  ["> quoted\n\nanswer", "quoted"],
  ["- item one\n- two", "item one"],
  ["2. second", "2. second"],
  ["[docs](https://x.example/a_b) help", "docs help"],
  [
    "https://x.example/a_b_c and <https://y.example>",
    "https://x.example/a_b_c and https://y.example",
  ],
  ["![a cat](https://x.example/cat.png)", "a cat"],
  ["List<String> &amp; [x] [^1]", "List<String> &amp; [x] [^1]"],
  ["\n\n## <@123> Plan", "Plan"],
  ["@Ann <a:wave:1> hi <#5>", "@Ann :wave: hi"],
  ["| a | b |\n|---|---|\n| c | d |", "| a | b |"],
  ["", "Reply"],
  ["\u200b", "Reply"],
  ["# ", "Reply"],
  ["---\nyes", "yes"],
  ["🎉", "🎉"],
  ["🎉\nparty", "party"],
  ["word ".repeat(40), `${"word ".repeat(11)}word…`],
  [`${"\n".repeat(3_999)}😀`, "Reply"],
])("a thread for %j is named %j", (content, name) => {
  expect(threadName(content)).toBe(name);
});

test.each([
  ["||secret|| plan", "[spoiler] plan"],
  ["the end is ||se\ncret||, truly", "the end is [spoiler], truly"],
  ["||**secret**||", "[spoiler]"],
  ["||`secret`||", "[spoiler]"],
  [`||secret ${"x ".repeat(500)}`, "[spoiler]"],
  ["what is `a || b` and a || b?", "what is a || b and a || b?"],
  ["\\||open|", "||open|"],
])("a thread for %j reveals no spoiler", (content, name) => {
  expect(threadName(content)).toBe(name);
});

test("a thread for a question without words, such as an image, has the answer's words", () => {
  for (const question of ["", "\n\u200b", "<@123>"])
    expect(threadName(question, "**It is** a cat.\nmore")).toBe("It is a cat.");
  expect(threadName("why?", "Because.")).toBe("why?");
});

test("what is hard to parse is named by its text", () => {
  expect(threadName(`${"> ".repeat(20)}||secret|| deep`)).toContain("[spoiler] deep");
});

test.each(["മലയാളം ", "👩‍👩‍👧‍👦", "e\u0301\u0302\u0303\u0304\u0305 ", "家族 "])(
  "a thread's name stays within what Discord counts as 100 characters: %j",
  (text) => {
    const name = threadName(`Question ${text.repeat(60)}`);
    expect(name).toMatch(/^Question .*…$/u);
    expect(name.length).toBeLessThanOrEqual(100);
  },
);
