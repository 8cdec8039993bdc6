import { toString } from "mdast-util-to-string";
import { describe, expect, test } from "vitest";
import { neutralise } from "../../../slack/outbound/format.ts";
import { render } from "../../../discord/outbound/format.ts";
import { threadName } from "../../../discord/outbound/title.ts";
import { parseMarkdown } from "../parse.ts";

const read = (text: string) => toString(parseMarkdown(text)).normalize("NFKC");

const FORMS = [
  ...[
    "@WORD",
    "_@WORD_",
    "**@WORD**",
    "@**WORD**",
    "__@__WORD",
    "~~@WORD~~",
    "*@*WORD",
    "a_@WORD_",
  ],
  ...["&#64;WORD", "&#x40;WORD", "&commat;WORD", "\\@WORD", "&#0064;WORD", "@[WORD](https://x)"],
  ...[
    "[@WORD](https://x)",
    "[**@WORD**](https://x)",
    "<a x --@WORD>y</a>",
    "`@WORD`",
    "``` @WORD ```",
    "```\n@WORD\n```",
  ],
  ...["| @WORD |\n|---|\n| &#64;WORD |", "# @WORD", "> @WORD", "- @WORD", "<b>@</b>WORD", "＠WORD"],
  ...["@![WORD](https://x)", "[@](a(b(c))d)WORD", "@[WORD](https://x 't (a)')", "![@](x)WORD"],
  ...["[@][1]WORD\n\n[1]: https://x", "\\&commat;WORD", "\\&#64;WORD", "@&NoBreak;WORD"],
  ...["[x](y '@WORD')", "<a title='@WORD'>x</a>", "@||WORD||", "@WORD_", "_@WORD_ x"],
  ...["﹫WORD", "(@WORD)", "Hi.@WORD", "@WORD!", "@WORD*s*", "@WORD.", "x@WORD y", "&amp;#64;WORD"],
];

const WORDS = ["channel", "here", "Everyone", "ｈｅｒｅ"];
const forms = (words: readonly string[]) =>
  words.flatMap((word) => FORMS.map((form) => form.replaceAll("WORD", word)));

describe("on Slack", () => {
  test.each([
    ...forms(WORDS),
    ...["<!channel>", "<\\!channel>", "&lt;!channel&gt;", "&amp;lt;!here&gt;", "\\<!channel>"],
    ...["<&#33;channel>", "&#60;!channel>", "<**!channel**>", "<@U1>", "&lt;@U1&gt;", "<\\@U1>"],
    ...["<&commat;U1>", "＜!here＞", "<!subteam^S1>", "`<!channel>`", "[<!here>](https://x)"],
  ])("%j pings nobody, and looks the same", (text) => {
    const inert = neutralise(text);
    for (const each of [inert, read(inert), read(read(inert))])
      expect(each).not.toMatch(/@(?:channel|here|everyone)\b|<[@!]/i);
    expect(inert.replaceAll("\u2060", "")).toBe(text);
  });

  test("math letters ping nobody, and no link has a label of Slack's own", () => {
    expect(neutralise("@&hscr;&escr;&rscr;&escr;")).toBe("@\u2060&hscr;&escr;&rscr;&escr;");
    expect(neutralise("<https://evil.example|bank.example>")).toMatch(/^<\u2060/);
  });

  test.each([
    ...["support@channel-one.com", "ü@here.com", "用户@here.com", "me_@here.com", "x@here.co.uk"],
    ...["@channel_id = 1", "`@here_doc`", "[x](https://a.example/@here/b)"],
  ])("%j is no ping, and unchanged", (text) => expect(neutralise(text)).toBe(text));

  test.each(["me@here.com", "@channels", "@ada", "a < b", "&lt;b&gt;", "<!DOCTYPE html>", "<#C1>"])(
    "%j is unchanged",
    (text) => expect(neutralise(text)).toBe(text),
  );
});

test.each(forms(["everyone", "here"]))("%j pings nobody on Discord", (text) => {
  const shown = render(text, 0)
    .map((piece) => piece.text)
    .join("");
  for (const each of [shown, read(shown)]) expect(each).not.toMatch(/@(?:everyone|here)\b/i);
  expect(threadName(text).normalize("NFKC")).not.toMatch(/@(?:everyone|here)\b/i);
});

const long = "x ".repeat(200);
test.each([
  ...[`@<!-- ${long} -->here`, `@<!-- <b> -->here`, `@<span title="${long}">here</span>`],
  ...["@![here](x)", "![@](x)here", "@&lt;b&gt;here"],
])("what is left of %j on Discord pings nobody", (text) => {
  const shown = render(text, 0).map((piece) => piece.text);
  expect(shown.join("")).not.toMatch(/@here/);
});

test.each(["@every|one", "@every#one", "@every>one", "@every<@1>one", "@every<#12>one"])(
  "a thread's name for %j pings nobody",
  (text) => expect(threadName(text)).not.toContain("@everyone"),
);
