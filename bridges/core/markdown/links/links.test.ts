import { expect, test } from "vitest";
import { linkChanges } from "./links.ts";
import { Rewritten } from "../rewrite.ts";

const STYLE = { linked: /^(?:https?:\/\/|mailto:)/, hasImages: true };
const shown = (source: string) => new Rewritten(source, linkChanges(source, STYLE)).text.trim();
const E = "https://e.com";

test.each([
  ["full", `[a **b**][1]\n\n[1]: ${E}`, `[a **b**](${E})`],
  ["collapsed", `[a][]\n\n[a]: ${E}`, `[a](${E})`],
  ["shortcut", `[a] [b]\n\n[a]: ${E}`, `[a](${E}) [b]`],
  ["in another case, with other spaces", `[x][A  b]\n\n[a B]: ${E}`, `[x](${E})`],
  ["defined before", `[a]: ${E}\n\n[a]`, `[a](${E})`],
  ["defined twice: the first counts", `[a]: ${E}\n\n[a]\n\n[a]: https://f.com`, `[a](${E})`],
  ["with a title", `[a]\n\n[a]: ${E} 'b'`, `[a](${E} "b")`],
  ["in angle brackets", `[a]\n\n[a]: <${E}/b c>`, `[a](${E}/b%20c)`],
  ["defined on two lines", `[a]\n\n[a]:\n  ${E}`, `[a](${E})`],
  ["in a quote", `> [a]\n>\n> [a]: ${E}\n\nb`, `> [a](${E})\n>\nb`],
  ["in an item", `- [a]\n\n  [a]: ${E}\n- b`, `- [a](${E})\n\n- b`],
  [
    "defined right below its text",
    `[a]\n[a]: ${E}\n[b]: ${E}/b 'c'\nd [b]`,
    `[a](${E})\nd [b](${E}/b "c")`,
  ],
  ["defined right below a note", `[a] c[^1]\n\n[^1]: b\n[a]: ${E}`, `[a](${E}) c (b)`],
  ["defined in code", `[a]\n\`\`\`\nb\n[a]: ${E}\n\`\`\``, `[a]\n\`\`\`\nb\n[a]: ${E}\n\`\`\``],
  ["to what only looks like a definition", "[a]\n[a]: b c", "[a]\n[a]: b c"],
  ["of an image", `![a][1] ![b]\n\n[1]: ${E}\n[b]: ${E}`, `![a](${E}) ![b](${E})`],
  ["of a linked image", `[![a][1]][2]\n\n[1]: ${E}/i\n[2]: ${E}`, `[a](${E})`],
  ["to what is not linked", "[a][1]\n\n[1]: #b", "a (#b)"],
  ["to nothing", "[a][1] [^1] [b]", "[a][1] [^1] [b]"],
  ["in code", `\`[a]\`\n\n[a]: ${E}`, `\`[a]\`\n\n[a]: ${E}`],
  ["in code only, beside one in text", `\`[a]\` [a]\n\n[a]: ${E}`, `\`[a]\` [a](${E})`],
])("a reference %s: %j becomes %j", (_what, source, expected) => {
  expect(shown(source)).toBe(expected);
});

test.each([
  ["in place", "a[^1].\n\n[^1]: b *c*", "a (b *c*)."],
  ["of several lines and paragraphs", "a[^n]\n\n[^n]: b\n    c\n\n    d", "a (b c d)"],
  ["with a list", "a[^1]\n\n[^1]: b\n    - c\n    - d", "a (b c d)"],
  ["with a link", `a[^1]\n\n[^1]: [b][2]\n\n[2]: ${E}`, `a ([b](${E}))`],
  ["referred to twice", "a[^1] c[^1]\n\n[^1]: b", "a (b) c"],
  ["in a note", "a[^1]\n\n[^2]: c\n[^1]: b[^2]", "a (b (c))"],
  ["that refers to itself", "a[^1]\n\n[^1]: b[^1]", "a (b[^1])"],
  ["that nothing refers to", "a\n\n[^1]: b", "a\n\n[^1]: b"],
  ["that is too long", `a[^1]\n\n[^1]: ${"b".repeat(900)}`, `a[^1]\n\n[^1]: ${"b".repeat(900)}`],
  ["before code", "    a\n\n[^1]\n\n[^1]: b", "a\n\n (b)"],
])("a note %s: %j becomes %j", (_what, source, expected) => {
  expect(shown(source)).toBe(expected);
});

test("definitions count in every part of a long text", () => {
  const part = `${"Some words. ".repeat(90)}[a][x] b[^n] c[^n]`;
  const text = shown(`${part}\n\n${part}\n\n${part}\n\n[x]: ${E}\n[^n]: note`);
  expect(text.match(/\[a\]\(https:\/\/e\.com\)/g)).toHaveLength(3);
  expect(text.match(/b \(note\)/g)).toHaveLength(1);
  expect(text).not.toMatch(/\[x\]|\^/);
});

test("a definition stays while a part that may need it can't be read", () => {
  const odd = "[a] * _ ".repeat(200);
  expect(shown(`[a]\n\n${odd}\n\n[a]: ${E}`)).toMatch(/^\[a\]\(https.*\[a\]: https:\/\/e\.com$/s);
});

test("references do not make a text many times as long", () => {
  const source = `${"[a] and so on. ".repeat(200)}\n\n[a]: ${E}/${"c".repeat(700)}`;
  expect(shown(source)).toBe(source);
});

test.each([
  ["comments", "a\n\n[//]: # (b)\n\n<!-- c -->d", "a\n\nd"],
  ["tags", "a<br>b <b>c</b> <u>d</u>", "a\nb **c** d"],
  ["blocks beside each other", "<p>a</p><p>b</p>c <div>d</div>", "a\nb\nc \nd"],
  ["lists on one line", "a:<ul><li>b</li><li><p>c</p></li></ul>", "a:\n- b\n- c"],
  ["bold titles", "<details><summary><b>a</b></summary>b</details>", "**a**\nb"],
  ["tables", "<table>\n<tr><th>a</th>\n<th>b</th></tr>\n<tr><td>1</td></tr></table>", "a | b\n1"],
  ["code", "<code>a * b_ &lt; `c`</code> <kbd>d</kbd>", "`` a * b_ < `c` `` `d`"],
  [
    "preformatted text",
    '<pre><code class="language-ts">a &lt; b;\n**c**\n</code></pre>',
    "```ts\na < b;\n**c**\n```",
  ],
  ["preformatted text in a line", "a <pre>b</pre> c", "a \n```\nb\n```\n c"],
  ["what is no tag", "a <b and c> d, List<String>", "a <b and c> d, List<String>"],
  ["tags in a table", "| a |\n|---|\n| b<br>c |", "| a |\n|---|\n| b c |"],
  ["addresses that can't be followed", "[a](./b) [c](mailto:d@e.f)", "a (./b) [c](mailto:d@e.f)"],
])("%s are not left over: %j becomes %j", (_what, source, expected) => {
  expect(shown(source)).toBe(expected);
});
