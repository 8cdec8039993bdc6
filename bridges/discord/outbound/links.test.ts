import { expect, test } from "vitest";
import { render } from "./format.ts";

const shown = (content: string) => render(content, 0).map((piece) => piece.text);
const E = "https://e.com";

test.each([
  ["a label that is the address", `[${E}/a](${E}/a)`, `${E}/a`],
  ["the same but for a slash at the end", `[${E}](${E}/), [${E}/](${E}).`, `${E}/, ${E}.`],
  ["the same with text around it", `a[${E}](${E})b`, `a<${E}>b`],
  ["the same in bold", `**[${E}](${E})**`, `**${E}**`],
  ["the same with marks", `[**${E}**](${E}) [\`${E}\`](${E})`, `${E} ${E}`],
  ["a label with an address", `[docs at ${E}](${E}/docs)`, `docs at ${E} (${E}/docs)`],
  ["that in parentheses", `(see [x ${E}](${E}/a))`, `(see x ${E} (${E}/a))`],
  ["a label with an emoji", `[🎉 **Party**](${E}) [✔️](${E})`, `🎉 **Party** (${E}) ✔️ (${E})`],
  ["a label with tokens", `[<:x:12>](${E}) [hi <@12>](${E})`, `<:x:12> (${E}) hi <@12> (${E})`],
  ["a label with escapes", `[a\\]b](${E}) [\\*](${E})`, `a\\]b (${E}) \\* (${E})`],
  ["no label", `[](${E}) [ ](${E})`, `${E} ${E}`],
  ["no address", "[a]()", "a"],
  ["mail", "[us](mailto:a@b.com) [a@b.com](mailto:a@b.com)", "us (a@b.com) a@b.com"],
  ["mail in angle brackets", "<mailto:a@b.com> <a@b.com>", "a@b.com a@b.com"],
  ["calls", "[call](tel:+15) <tel:+15>", "call (+15) +15"],
  ["other schemes", "[x](file:///a) [y](ftp://b) <ftp://b>", "x (file:///a) y (ftp://b) ftp://b"],
  ["code", "[x](javascript:alert(1))", "x (javascript:alert(1))"],
  ["data", `[x](data:text/html,${"a".repeat(2_000)})`, `x (data:text/html,${"a".repeat(85)}…)`],
  ["places on the page", "- [Set up](#set-up)", "- Set up (#set-up)"],
  ["relative addresses", "[a](./b_c_d.md) [e](/f)", "a (./b_c_d.md) e (/f)"],
  [
    "an address without a scheme",
    "[a](www.e.com) [b](//e.com/c)",
    `[a](https://www.e.com) [b](${E}/c)`,
  ],
  ["spaces in the address", `[a](<${E}/b c>)`, `[a](${E}/b%20c)`],
  ["parentheses in parentheses", `[a](${E}/b_(c_(d)))`, `[a](${E}/b_%28c_%28d%29%29)`],
  ["an escaped parenthesis", `[a](${E}/b\\))`, `[a](${E}/b%29)`],
  ["references to characters", `[a](${E}/?b=1&amp;c=2)`, `[a](${E}/?b=1&c=2)`],
  ["bars", `[a](${E}/b||c)`, `[a](${E}/b%7C|c)`],
  ["titles", `[a](${E} 'b') [a](${E} (b)) [a](${E} "🎉")`, `[a](${E} "b") [a](${E} "b") [a](${E})`],
  [
    "images that Discord cannot link",
    "![a](data:image/png;b) ![c](d.png)",
    "a (data:image/png;b) c (d.png)",
  ],
  ["a linked image", `[![a](${E}/i.png)](${E}) [![](i.png)](${E})`, `[a](${E}) ${E}`],
  [
    "links in HTML",
    `<a href="${E}?a&amp;b">c</a> <a href='#d'>e</a> <a>f</a>`,
    `[c](${E}?a&b) e (#d) f`,
  ],
  [
    "images in links in HTML",
    `<p><a href="${E}"><img src="i.png" alt="a"></a> b</p>`,
    `[a](${E}) b`,
  ],
  ["images in HTML", `<img src="${E}/i.png" alt="a b">`, `[a b](${E}/i.png)`],
  ["lists and headings in HTML", "<ul>\n<li>a</li>\n</ul>\n\n<h2>b</h2>", "- a\n\n\n**b**"],
  ["signs in HTML's code", "<code>**a || b_</code> <kbd>c_</kbd>", "`**a || b_` `c_`"],
  ["a line break in a quote", "> a<br>b", "> a\n> b"],
  ["tags in a table", "| a |\n|---|\n| <b>b</b><br>c |", "```\na\n───\nb c\n```"],
  ["links in headings", "#### [a](#b) __c__\n\nd [e](#f)\n---", "**a (#b) c**\n\n## d e (#f)"],
  ["underscores in a heading's address", `#### [a](${E}/b__c)`, `**[a](${E}/b__c)**`],
  ["links in tables", "| a |\n|---|\n| [b](#c) &mdash; |", "- **a:** b (#c) —"],
  [
    "links and notes in the heads of tables",
    `| [a](${E}) | b[^1] |\n|---|---|\n| c | d |\n| e | f |\n\n[^1]: g`,
    `- **[a](${E}):** c · **b (g):** d\n- **a:** e · **b:** f`,
  ],
  ["links in quotes and spoilers", "> [a](#b)\n\n||[c](#d)||", "> a (#b)\n\n||c (#d)||"],
  ["one tilde", "~a~ ~~b~~ c~d H~2~O", "~~a~~ ~~b~~ c~d H~2~O"],
  ["characters by name and number", "&mdash;&#8217;&#x27;&ast;&lowbar; &no;", "—’'\\*\\_ &no;"],
])("%s: %j is shown as %j", (_what, content, expected) => {
  expect(shown(content)).toEqual([expected]);
});

test.each([
  `[a](${E}) [a](<${E}>) [a](${E}/b_(c)) [a](${E} "b") [a](${E}/_b_c) [e.com](${E})`,
  `[[1]](${E}) [a [b] c](${E}) [**a** \`b\`](${E}) [a\nb](${E})`,
  `<${E}> ${E} a@b.com tel:+15 $x_1$ a\n: b`,
  `\`[a](#b) <br> &amp; [c][1]\`\n\n\`\`\`\n[${E}](${E}) ![a](b) [^1] ~c~\n[1]: ${E}\n\`\`\``,
])("%j, which Discord shows, stays as it is", (content) => {
  expect(shown(content)).toEqual([content]);
});
