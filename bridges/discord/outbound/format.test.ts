import { describe, expect, test } from "vitest";
import { render } from "./format.ts";
import { nonceOf } from "./send.ts";

const shown = (content: string) => render(content, 0).map((piece) => piece.text);

describe("Markdown for Discord", () => {
  test.each([
    ["# One\n### Three", "# One\n### Three"],
    ["#### Four\ntext", "**Four**\ntext"],
    ["##### **Five**", "**Five**"],
    ["![a cat](https://x/cat.png)", "[a cat](https://x/cat.png)"],
    ["```md\n#### Four\n![a](https://x)\n```", "```md\n#### Four\n![a](https://x)\n```"],
    ["`#### no` ![a](https://x)", "`#### no` [a](https://x)"],
    ["**bold** _it_ <@123>", "**bold** _it_ <@123>"],
  ])("%j is shown as %j", (content, expected) => {
    expect(shown(content)).toEqual([expected]);
  });

  test("is split into pieces of at most 2,000 characters, each resuming where the last one ended", () => {
    const content = Array.from({ length: 300 }, (_, n) => `#### Part ${n}\nSome words.\n`).join(
      "\n",
    );
    const pieces = render(content, 0);
    expect(pieces.length).toBeGreaterThan(2);
    for (const { text } of pieces) expect(text.length).toBeLessThanOrEqual(2_000);
    expect(pieces.at(-1)?.upTo).toBe(content.length);
    expect(render(content, pieces[0]?.upTo ?? 0)).toEqual(pieces.slice(1));
  });

  test("of a very long text becomes 20 pieces and a note about the rest", () => {
    const content = Array.from({ length: 9_000 }, (_, n) => `- line ${n} &amp; more\n`).join("\n");
    const pieces = render(content, 0);
    expect(pieces).toHaveLength(21);
    for (const { text } of pieces) expect(text.length).toBeLessThanOrEqual(2_000);
    expect(pieces[9]?.text).toContain("& more");
    expect(pieces.at(-1)?.text).toMatch(
      /^_This is too long .*: [\d,]+ characters are left out\._$/,
    );
    expect(pieces.at(-1)?.upTo).toBe(content.length);
    expect(render(content, pieces[9]?.upTo ?? 0)).toEqual(pieces.slice(10));
  });

  test("reopens a quote and a list that continue in the next piece", () => {
    const words = "many words ".repeat(150).trim();
    const [, second] = shown(`1. ${words}\n1. ${words} end\n\n> ${words}`);
    expect(second).toMatch(/^2\. many words/);
    const pieces = shown(`> ${words} ${words}\nlazy`);
    expect(pieces).toHaveLength(2);
    expect(pieces[1]).toMatch(/^> words many[^]*\n> lazy$/);
  });
});

test("a nonce is the same for every attempt, different for every part, and short enough", () => {
  expect(nonceOf("delivery", 0)).toBe(nonceOf("delivery", 0));
  expect(new Set([nonceOf("a", 0), nonceOf("a", 1), nonceOf("b", 0)]).size).toBe(3);
  expect(nonceOf("j57d8v2f4m3h1k9q0x6c5b7n8t2r4w1z", 123).length).toBeLessThanOrEqual(25);
});
