import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openFence } from "../ai_service/visible_text.ts";
import { partialText } from "./partial_text.ts";

describe("the beginning of an answer", () => {
  test.each<[string, string, string | null]>([
    ["is shown as it stands", "One. Two, and", "One. Two, and"],
    ["is nothing while the model thinks", "<think>I wonder", null],
    ["is nothing while the mark of that is written", "<thin", null],
    ["is what stands behind the reasoning", "<think>hm</think>\n\nYes", "Yes"],
    ["is nothing while nothing shows", " \n", null],
    ["has no half characters", "Hi \ud83d", "Hi"],
    ["closes a block of code", "So:\n\n```ts\nlet a", "So:\n\n```ts\nlet a\n```"],
    ["closes a block of code in a list", "- a\n  ~~~\n  b", "- a\n  ~~~\n  b\n  ~~~"],
    ["has no half of a fence", "So:\n\n``", "So:"],
    ["has no half of the fence that closes", "```ts\nlet a\n``", "```ts\nlet a\n```"],
    ["has no block of code before its first line", "So:\n\n```ts", "So:"],
    ["is nothing before the first line of its code", "```ts", null],
    ["keeps the fence that closes", "```ts\nlet a\n```", "```ts\nlet a\n```"],
    ["keeps what follows code", "```\na\n\nb\n```\nSo *it", "```\na\n\nb\n```\nSo *it*"],
    ["leaves code in a quote, which ends with that", "> ```\n> a *b", "> ```\n> a *b"],
    ["leaves a paragraph before alone", "2 *a\r\n\r\nb", "2 *a\r\n\r\nb"],
    ["waits for the mark that ends reasoning", "<think>a <think> </think> b", null],
    ["is nothing while it thinks without marks", "analysisThe user", null],
    ["is what stands behind such reasoning", "analysisHmassistantfinalYes", "Yes"],
    ["has no mark of an answer", "<think>a</think><answer>Yes</ans", "Yes"],
    ["closes code", "use `npm run", "use `npm run`"],
    ["closes code with more marks", "use ``a ` b", "use ``a ` b``"],
    ["closes what is bold", "a **bold wor", "a **bold wor**"],
    ["closes what is bold and half closed", "a **bold*", "a **bold**"],
    ["closes marks within each other", "**a _b", "**a _b_**"],
    ["closes what is struck out", "a ~~b", "a ~~b~~"],
    ["leaves out marks with nothing behind them", "a **", "a"],
    ["leaves a name with underscores alone", "call snake_case an", "call snake_case an"],
    ["leaves a product alone", "2 * 3 is", "2 * 3 is"],
    ["leaves a list alone", "* one\n* two", "* one\n* two"],
    ["leaves what is escaped alone", "a \\*b", "a \\*b"],
    ["leaves a closed paragraph alone", "a **b** c\n\nd", "a **b** c\n\nd"],
    ["waits for the end of a link", "see [the docs](https://exa", "see"],
    ["waits for the end of a link's name", "see [the do", "see"],
    ["waits for the end of a picture", "![a bri", null],
    ["closes what is bold around a link that waits", "**see [a](", "**see**"],
    ["keeps a link", "see [a](https://a.b) an", "see [a](https://a.b) an"],
    ["waits for the end of an address", "see <https://exa", "see"],
    ["keeps brackets in code", "`a[i", "`a[i`"],
    ["has no sign of the end", "Bye<|im_e", "Bye"],
  ])("%s", (_what, text, shown) => {
    expect(partialText(text)).toBe(shown);
  });

  test("is well formed and not blank", () => {
    const bits = fc.constantFrom(..."ab *_`~[]()<>!\\\n.-1😀".split(""), "**", "```", "\n\n", "](");
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 40 }), (parts) => {
        const shown = partialText(parts.join(""));
        if (shown === null) return;
        expect(shown.isWellFormed()).toBe(true);
        expect(shown.trim()).not.toBe("");
      }),
      { numRuns: 2_000 },
    );
  });

  test("is, behind each block, what is written, and has no open code and no reasoning in between", () => {
    const block = fc.constantFrom(
      "Some `code` and **bold _text_**.",
      "```js\na * b\n\n`c\n```",
      "~~~~\n```\n~~~~",
      "- one\n  ```py\n  # a\n\n  *b\n  ```\n- **two**",
      "# Title",
      "| a | b |\n| --- | --- |\n| `1` | 2 |",
      "> quoted *text*",
      "See [the *docs*](https://a.b/c_d) 😀.",
    );
    const thought = fc.constantFrom("", "<think>SECRET ```\n</think>\n", "[THINK]SECRET[/THINK]");
    const gap = fc.constantFrom("\n\n", "\n", "\r\n\r\n");
    const blocks = fc.array(fc.tuple(block, gap), { maxLength: 5 });
    fc.assert(
      fc.property(thought, blocks, (thinks, parts) => {
        let before = "";
        for (const [text, gap] of parts) {
          for (let length = 1; length <= text.length; length++) {
            const shown = partialText(thinks + before + text.slice(0, length)) ?? "";
            expect(openFence(shown)).toBeUndefined();
            expect(shown).not.toContain("SECRET");
          }
          expect(partialText(thinks + before + text)).toBe(before + text);
          before += text + gap;
        }
      }),
      { numRuns: 100 },
    );
  });

  test("of a long text takes no long time", () => {
    const start = performance.now();
    for (const text of ["a".repeat(100_000), "[".repeat(100_000), "*a ".repeat(30_000)])
      partialText(text);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
