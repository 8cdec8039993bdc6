import { describe, expect, test } from "vitest";
import { splitMarkdown } from "../../../../test/support/split_markdown.ts";

const texts = (source: string, limit = 128) =>
  splitMarkdown(source, 0, limit).map((piece) => piece.text);

const a = "a".repeat(100);
const b = "b".repeat(100);
const words = "word ".repeat(24).trim();

describe("what a break splits is reopened", () => {
  test.each([
    ["a quote", `> ${words} and ${b}`, [`> ${words} and`, `> ${b}`]],
    ["a quote in a quote", `> > ${words} and ${b}`, [`> > ${words} and`, `> > ${b}`]],
    ["a line of a quote that lacks its mark", `> ${a}\n${b}`, [`> ${a}`, `> ${b}`]],
    ["paragraphs of a quote, without the empty line", `> ${a}\n>\n> ${b}`, [`> ${a}`, `> ${b}`]],
    ["an item", `- ${words} and ${b}`, [`- ${words} and`, `- … ${b}`]],
    [
      "an item with its number",
      `7. ${a}\n8. ${words} ${b}`,
      [`7. ${a}`, `8. ${words}`, `8. … ${b}`],
    ],
    ["a further paragraph of an item", `2. ${a}\n\n   ${b}`, [`2. ${a}`, `2. … ${b}`]],
    ["an item in an item", `- ${a}\n  - ${b}`, [`- ${a}`, `- …\n  - ${b}`]],
    [
      "the text of an item in an item",
      `1. x\n   - ${words} ${b}`,
      [`1. x\n   - ${words.slice(0, -5)}`, `1. …\n   - … word ${b}`],
    ],
    ["an item in a quote", `> - ${words} and ${b}`, [`> - ${words} and`, `> - … ${b}`]],
    ["a quote in an item", `- > ${words} and ${b}`, [`- > ${words} and`, `- > ${b}`]],
    [
      "a numbered list in an item, which needs an empty line",
      `- ${a}\n  1. x\n  2. ${b}`,
      [`- ${a}\n  1. x`, `- …\n\n  2. ${b}`],
    ],
    [
      "code in a quote",
      `> \`\`\`ts\n> ${a}\n> ${b}\n> \`\`\``,
      [`> \`\`\`ts\n> ${a}\n> \`\`\``, `> \`\`\`ts\n> ${b}\n> \`\`\``],
    ],
    [
      "code in an item",
      `1. x\n   \`\`\`ts\n   ${a}\n   ${b}\n   \`\`\``,
      [`1. x\n   \`\`\`ts\n   ${a}\n   \`\`\``, `1. …\n   \`\`\`ts\n   ${b}\n   \`\`\``],
    ],
    [
      "code that holds fences",
      `\`\`\`\`md\n\`\`\`\n${a}\n\`\`\`\n${b}\n\`\`\`\``,
      [`\`\`\`\`md\n\`\`\`\n${a}\n\`\`\`\n\`\`\`\``, `\`\`\`\`md\n${b}\n\`\`\`\``],
    ],
  ])("%s", (_what, source, expected) => {
    expect(texts(source)).toEqual(expected);
  });

  test("a list whose items are all written with 1 continues at its number", () => {
    const items = Array.from({ length: 12 }, (_, index) => `1. ${"x".repeat(50)} ${index + 1}`);
    const pieces = texts(items.join("\n"), 128);
    expect(pieces.map((piece) => piece.split(".")[0])).toEqual(["1", "3", "5", "7", "9", "11"]);
  });

  test("the content of an item moves to the right where its number is wider", () => {
    const items = Array.from({ length: 10 }, () => `1. ${"x".repeat(60)}\n   - in it`);
    expect(texts(items.join("\n"), 128).at(-1)).toBe(`10. ${"x".repeat(60)}\n    - in it`);
  });

  test("two lists are numbered separately", () => {
    expect(texts(`1. ${a}\n\nwords\n\n1. x\n1. ${b}`)).toEqual([
      `1. ${a}\n\nwords`,
      `1. x\n1. ${b}`,
    ]);
    expect(texts(`1. ${a}\n- x\n1. ${b}`, 128)).toEqual([`1. ${a}\n- x`, `1. ${b}`]);
  });

  test("quotes and lists nested deeper than the limit are text", () => {
    const source = `${"> ".repeat(60)}x ${"- ".repeat(60)}y`;
    for (const piece of texts(source)) expect(piece.length).toBeLessThanOrEqual(128);
  });

  test("no piece consists of marks alone", () => {
    expect(texts(">\n> \n>")).toEqual([]);
    expect(texts(`${a}\n\n>\n`)).toEqual([a]);
  });
});

describe("where a text is broken", () => {
  const half = "x".repeat(40);

  test.each([
    [
      "before an item rather than within one",
      `- ${half}\n- ${half} y\n  and more\n- z\n  and on ${half}`,
      `- ${half}\n- ${half} y\n  and more`,
    ],
    [
      "between paragraphs rather than items",
      `${half} ${half}\n\n- ${half}\n- z`,
      `${half} ${half}`,
    ],
    [
      "between lines of a quote rather than within one",
      `> ${half}\n> ${half}\n> ${half} z`,
      `> ${half}\n> ${half}`,
    ],
    [
      "before a heading, not behind it",
      `${half} ${half}\n\n# Title\n\n${half} z`,
      `${half} ${half}`,
    ],
    [
      "before a word that would be read as an item",
      `${half} ${half} ${"y".repeat(46)} - ${half}`,
      `${half} ${half}`,
    ],
  ])("%s", (_what, source, first) => {
    expect(texts(source)[0]).toBe(first);
  });

  test.each([
    ["Chinese, at the end of a sentence", "今天天气很好。我们去公园吧。".repeat(20), /。$/],
    ["Japanese without points, between words", "これはとても長い文章です".repeat(20), /[^っッ]$/],
    [
      "Thai, between words",
      "ภาษาไทยไม่มีช่องว่างระหว่างคำ".repeat(10),
      /(?:ภาษา|ไทย|ไม่|มี|ช่อง|ว่าง|ช่องว่าง|ระหว่าง|คำ)$/,
    ],
    ["Hindi, with its vowels", "नमस्ते दुनिया कैसे हैं ".repeat(12), /(?:नमस्ते|दुनिया|कैसे|हैं)$/],
    [
      "Arabic, between words",
      "مرحبا بالعالم كيف حالك؟ ".repeat(12),
      /(?:مرحبا|بالعالم|كيف|حالك؟)$/,
    ],
    ["Korean, between words", "안녕하세요 세계 여러분 ".repeat(20), /(?:안녕하세요|세계|여러분)$/],
    ["emoji of several", "👩‍👩‍👧‍👦🏳️‍🌈👍🏽".repeat(12), /(?:👩‍👩‍👧‍👦|🏳️‍🌈|👍🏽)$/u],
    ["flags", "🇩🇪🇫🇷".repeat(30), /(?:🇩🇪|🇫🇷)$/u],
    ["marks that combine", "e\u0301a\u0308".repeat(80), /[\u0301\u0308]$/],
  ])("in %s", (_what, source, end) => {
    const pieces = texts(source);
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) expect(piece).toMatch(end);
    expect(pieces.join("").replace(/\s/g, "")).toBe(source.replace(/\s/g, ""));
    // A space far back does not make a short piece.
    for (const piece of pieces.slice(0, -1)) expect(piece.length).toBeGreaterThan(40);
  });

  test("a text is not broken at a space far back if it has no others", () => {
    expect(texts(`Hi ${"字".repeat(300)}`)[0]?.length).toBeGreaterThan(100);
  });
});
