import { describe, expect, test } from "vitest";
import { parseMarkdown } from "../../core/markdown/parse.ts";
import { render } from "./format.ts";

const shown = (content: string) => render(content, 0).map((piece) => piece.text);
const SPLIT_TICKS = "`\u200b`\u200b`";
const wide = "w".repeat(90);

describe("Discord's dialect", () => {
  test.each([
    [
      "a quote with one depth, and a mark with a space on every line",
      "> a\n>\n>tight\nlazy\n>> nested\n> > deep",
      "> a\n> \n> tight\n> lazy\n> nested\n> deep",
    ],
    ["a text with a byte order mark", "\ufeffa __b__ 🎉", "a **b** 🎉"],
    [
      "a quote whose marks become fewer within a paragraph",
      "> a\n> > b\n> c\n\n> - d\n> e\n\n> > f\ng",
      "> a\n> b\n> c\n\n> - d\n> e\n\n> f\n> g",
    ],
    ["a quote in a list", "- a\n  >b\n  >\n  >> c", "- a\n  > b\n  > \n  > c"],
    [
      "code in a quote, even if it begins with a mark of quotes",
      "> ```\n> > code\n> ```\nend",
      "> ```\n> > code\n> ```\nend",
    ],
    [
      "longer fences",
      "````md\n```\nx\n```\n````",
      `\`\`\`md\n${SPLIT_TICKS}\nx\n${SPLIT_TICKS}\n\`\`\``,
    ],
    ["fences of tildes, including in quotes", "> ~~~py\n> x\n> ~~~", "> ```py\n> x\n> ```"],
    ["code in a list at the margin", "- a\n  ```js\n  x\n   y\n  ```", "- a\n```js\nx\n y\n```"],
    [
      "numbers after code in a list",
      "1. a\n   ```\n   x\n   ```\n1. b\n1. c",
      "1. a\n```\nx\n```\n2. b\n3. c",
    ],
    ["indented code", "a\n\n    x = 1\n    y", "a\n\n```\nx = 1\ny\n```"],
    ["a table", "| a | b |\n|---|--:|\n| 1 | 日本 |", "```\na       b\n─────────\n1    日本\n```"],
    [
      "a table in a quote",
      "> | a | b |\n> |---|---|\n> | 1 | 2 |",
      "> ```\n> a    b\n> ────────\n> 1    2\n> ```",
    ],
    [
      "a table in a list",
      "- | a | b |\n  |---|---|\n  | 1 | 2 |",
      "- ```\na    b\n────────\n1    2\n```",
    ],
    [
      "a table too wide for code",
      `| a | **b** |\n|---|---|\n| ${wide} | [l](http://e.com) \\| |\n| | 4 |`,
      `- **a:** ${wide} · **b:** [l](http://e.com) |\n- **b:** 4`,
    ],
    [
      "a table with links or images as a list, because code would hide the addresses",
      "| a | b |\n|---|---|\n| 1 | [l](http://e.com) |\n| 2 | wow ![p](http://e.com/p) |",
      "- **a:** 1 · **b:** [l](http://e.com)\n- **a:** 2 · **b:** wow [p](http://e.com/p)",
    ],
    [
      "a table with bare addresses",
      "| a |\n|---|\n| http://e.com |",
      "```\na\n────────────\nhttp://e.com\n```",
    ],
    ["line breaks in a table", "| a |\n|---|\n| x<br>y |", "```\na\n───\nx y\n```"],
    [
      "a table with an overlong cell unchanged",
      `| a | b |\n|---|---|\n| 1 | ${"w ".repeat(460)}|\n| 3 | 4 |`,
      `| a | b |\n|---|---|\n| 1 | ${"w ".repeat(460)}|\n| 3 | 4 |`,
    ],
    [
      "the content of headings",
      "# __a__ &amp; ![i](http://e.com)\n\n#### __b__ &amp; <i>c</i>\n\nd &lt;\n===",
      "# **a** & [i](http://e.com)\n\n**b & *c***\n\n# d <",
    ],
    ["back ticks in a table", "| a |\n|---|\n| x```y |", "```\na\n─────\nx'''y\n```"],
    [
      "rules, and headings of both kinds",
      "a\n\n---\n\nB\n===\n\nC\n---",
      "a\n\n──────────\n\n# B\n\n## C",
    ],
    ["markers of lists", "+ a\n+ b\n\n1) c\n2) d", "- a\n- b\n\n1. c\n2. d"],
    ["tasks", "- [x] a\n- [ ] b", "- ☑ a\n- ☐ b"],
    ["bold that Discord would underline", "__a__ **b** _c_", "**a** **b** _c_"],
    ["a line break by a backslash", "a\\\nb", "a\nb"],
    ["entities, once", "&amp;lt; &lt;b&gt; &quot;&nbsp;&#39;", "&lt; <b> \"\u00a0'"],
    ["bars that would hide text", "a || b || c", "a \\|\\| b \\|\\| c"],
    ["tags", "a<br>b <b>c</b> <u>d</u> <!-- e -->f", "a\nb **c** __d__ f"],
    [
      "names in angle brackets that are not tags",
      "List<String> <x-y> a<b",
      "List<String> <x-y> a<b",
    ],
    [
      "code unchanged",
      "`a || b &amp; <br>` \n```\n| a |\n|---|\n&amp; || __x__ <b>\n```",
      "`a || b &amp; <br>` \n```\n| a |\n|---|\n&amp; || __x__ <b>\n```",
    ],
    ["powers, which it would make bold", "2 ** 3 ** 4", "2 \\*\\* 3 \\*\\* 4"],
    ["arguments", "f(*args) and g(*args)", "f(\\*args) and g(\\*args)"],
    ["names with underscores", "a_b, snake_case and MAX_SIZE", "a_b, snake_case and MAX_SIZE"],
    [
      "names that could end as italic",
      "file_name with `_`. my__var__x foo_",
      "file\\_name with `_`. my\\_\\_var\\_\\_x foo\\_",
    ],
    [
      "a mark without a partner, which the next paragraph could have",
      "**Note: a ` b\n\n**bold** c ` d ~~ e\n\nf ~~",
      "\\*\\*Note: a \\` b\n\n**bold** c \\` d \\~\\~ e\n\nf \\~\\~",
    ],
    [
      "bold beside punctuation, which Markdown does not read",
      "**Note:**text は**「引用」**は x**(1) and y**(2)",
      "**Note:**text は**「引用」**は x\\*\\*(1) and y\\*\\*(2)",
    ],
    ["bars within words, but spoilers", "x||y||z ||s||", "x\\|\\|y\\|\\|z ||s||"],
    ["bars between words", "a || b || c ||\n|| d", "a \\|\\| b \\|\\| c \\|\\|\n\\|\\| d"],
    ["a back slash before another script", "C:\\ユーザー\\*x", "C:\\\\ユーザー\\*x"],
    ["what would be small print", "-# a\n- -# b", "\\-# a\n- \\-# b"],
    ["any reference", "&copy; &#8212; &#x2a;a&ast; &nope;", "© — \\*a\\* &nope;"],
    [
      "addresses as they are",
      "xhttps://e.com/a_b_ https://e.com/**a** _",
      "xhttps://e.com/a_b_ https://e.com/**a** \\_",
    ],
    ["italic with underscores in it", "_a_b_ and _`c_d`_ and _e_", "*a\\_b* and *`c_d`* and _e_"],
    [
      "code whose signs would end the marks around it",
      "**`**kwargs`**: *`*a` b* ~~`~~`~~ *c * d*",
      "`**kwargs`: _`*a` b_ `~~` *c \\* d*",
    ],
    ["italic code beside a name", "snake_case *`*args`*", "snake\\_case _`*args`_"],
    ["marks side by side", "**a**__b__ *i***b** ~~s~~_i_", "**a**__b__ _i_**b** ~~s~~*i*"],
    [
      "code with three back ticks",
      "``` a``b ``` and ```` ```c ````",
      "`a``b` and `` `\u200b`\u200b`c ``",
    ],
    ["only a language after a fence", '```c++ {1} title="a"\nx\n```', "```c++\nx\n```"],
    ["code in a small heading", "#### `__init__` **b**\n#### `**c`", "**`__init__` b**\n`**c`"],
    ["an image without a description", "![](https://e.com/a.png)", "https://e.com/a.png"],
  ])("shows %s", (_what, content, expected) => {
    expect(shown(content)).toEqual([expected]);
  });
});

const long = "x ".repeat(200);
test.each([
  `[bank<!-- ${long} -->.example](https://evil.example/x)`,
  `[bank<span title='${long}'>.example</span>](https://evil.example/x)`,
])("a label that becomes a host on Discord shows the address: %j", (content) => {
  expect(shown(content)).toEqual([
    "[bank.example](https://evil.example/x) (https://evil.example/x)",
  ]);
});

/** Processor time in ms: the least of several, on a machine that does other things too. */
function cost(run: () => void): number {
  const times = Array.from({ length: 7 }, () => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}

test.each(["[a](https://a.example/) ", "- [a](https://a.example/)\n"])(
  "%j again and again, which Discord shows as it is, is not parsed",
  (unit) => {
    const text = unit.repeat(4_000 / unit.length);
    expect(
      shown(text)
        .map((each) => each.trim())
        .join(unit.slice(-1)),
    ).toBe(text.trim());
    expect(cost(() => shown(text))).toBeLessThan(cost(() => parseMarkdown(text)) / 2);
  },
);

test("code of many short lines full of marks is no reason not to parse", () => {
  const code = "a = `b`;\n".repeat(60);
  expect(shown(`~~~\n${code}~~~`)).toEqual([`\`\`\`\n${code}\`\`\``]);
});

test("an underscore far below does not end what a name would begin", () => {
  const [text] = shown(`file_name\n\n${"Some words. ".repeat(100)}\n\nhttps://e.com/a_(b)`);
  expect(text).toMatch(/^file\\_name\n/);
});

test.each([
  ["- a\n- - -\n\nb", "- a\n──────────\n\nb"],
  ["- 1) a", "- 1. a"],
  ["- + a", "- - a"],
  ["1. - [x] a", "1. - ☑ a"],
  ["a\n  ---", "## a"],
])("an item with marks is parsed: %j", (content, expected) => {
  expect(shown(content)).toEqual([expected]);
});

test.each([
  "||two\nlines||",
  "||two\n\nparagraphs||",
  "||one | two||",
  `||${"long ".repeat(150)}end||`,
  "これは||秘密||です",
  "||\n```js\nsecret\n```\n||",
])("Discord hides the spoiler %j", (text) => {
  expect(shown(text)).toEqual([text]);
});
