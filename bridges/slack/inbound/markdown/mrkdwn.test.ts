import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toCanonical } from "./mrkdwn.ts";

describe("Slack's text as canonical Markdown", () => {
  it.each([
    ["emphasis becomes Markdown's", "hello *you* _there_ ~no~", "hello **you** _there_ ~~no~~"],
    ["emphasis may be nested", "*a ~b~* (~c~)", "**a ~~b~~** (~~c~~)"],
    [
      "signs within words or alone are text",
      "2*3*4 a * b * c ~/x *\n*",
      "2*3*4 a * b * c ~/x *\n*",
    ],
    ["signs in a link mark nothing", "*<https://e.com/*|l>* _x_", "**[l](https://e.com/*)** _x_"],
    ["emphasis in code is text", "`*a*` ```*b*``` *c `d*", "`*a*` ```*b*``` *c `d*"],
    ["entities are decoded", "a &amp; b &lt; c &gt; d", "a & b < c > d"],
    ["entities are decoded once", "&amp;lt; &amp;nbsp;", "\\&lt; \\&nbsp;"],
    ["other entities are text", "&nbsp;&#39;&", "\\&nbsp;\\&#39;&"],
    [
      "what would be a tag is text",
      "List&lt;String&gt; &lt;!-- x --&gt; a &lt;b",
      "List\\<String> \\<!-- x --> a <b",
    ],
    ["what would be a tag is text in code too", "`&lt;b&gt;`", "`<b>`"],
    [
      "a back slash is text",
      "¯\\_(ツ)_/¯ C:\\dir \\*x* \\",
      "¯\\\\\\_(ツ)_/¯ C:\\dir \\\\**x** \\",
    ],
    ["a mention becomes a token", "hi <@U1>!", "hi <@U1>!"],
    ["a mention's label is dropped", "hi <@U1|ada>!", "hi <@U1>!"],
    ["a channel becomes a token", "see <#C1|general>", "see <#C1>"],
    ["a group becomes a token", "<!subteam^S1|@ops> look", "<@&S1> look"],
    [
      "broadcasts become words",
      "<!here> <!channel|@channel> <!everyone>",
      "@here @channel @everyone",
    ],
    [
      "a date becomes its label, with its link",
      "<!date^1392734382^{date}^https://e.com|Feb 18 &amp; so>",
      "[Feb 18 & so](https://e.com)",
    ],
    [
      "a linked date in code is the typed text",
      "`<!date^1392734382^{date}^https://e.com|Feb 18>`",
      "`Feb 18`",
    ],
    ["a bare link is its URL", "<https://e.com/?a=1&amp;b=2>", "https://e.com/?a=1&b=2"],
    ["a bare link ends before text", "<https://e.com/a>を見て", "<https://e.com/a>を見て"],
    ["a bare link ends before an emoji", "<https://e.com/a>:tada:", "<https://e.com/a>:tada:"],
    ["a bare link begins behind text", "see<https://e.com>", "see<https://e.com>"],
    ["a bare link keeps its last sign", "*<https://e.com/Yahoo!>* ", "**<https://e.com/Yahoo!>** "],
    ["a bare link before a full stop", "(*<https://e.com/a>*).", "(**https://e.com/a**)."],
    ["a link that Slack made", "<http://e.com|e.com>", "[e.com](http://e.com)"],
    ["a link that Slack made with a slash", "<http://e.com/|e.com>", "[e.com](http://e.com/)"],
    ["a file's name that Slack took for a link", "<http://readme.md|readme.md>", "readme.md"],
    ["a mail address is the typed text", "<mailto:a@e.com|a@e.com>", "a@e.com"],
    [
      "a labelled link becomes Markdown",
      "<https://e.com/a|the &lt;docs&gt;>",
      "[the \\<docs>](https://e.com/a)",
    ],
    ["a label's brackets are escaped", "<https://e.com|[1]>", "[\\[1\\]](https://e.com)"],
    ["a label is no reference", "<https://e.com|a&amp;nbsp;>", "[a\\&nbsp;](https://e.com)"],
    ["a URL with parentheses is wrapped", "<https://e.com/a_(b)|b>", "[b](<https://e.com/a_(b)>)"],
    ["a link in code is the typed text", "`<http://e.com|see e.com>`", "`see e.com`"],
    ["an angle bracket that opens nothing is text", "1 < 2 <3 <<@U1> <>", "1 < 2 <3 <<@U1> <>"],
    ["an unknown form is text", "<foo> <!what> <@> <#a b>", "\\<foo> \\<!what> <@> <#a b>"],
    ["a token does not cross a line", "<http://e.com\n>", "<http://e.com\n>"],
  ])("%s", (_name, text, content) => {
    expect(toCanonical(text).content).toBe(content);
  });

  it("keeps a code block byte for byte", () => {
    const code = '#lang x\n(if (< a b) `(,@c) "&lt;")\n\thttp://e.com/a?b&c <@U1>';
    const escaped = code
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replace("http://e.com/a?b&amp;c", "<http://e.com/a?b&amp;c|http://e.com/a?b&amp;c>");
    const { content, mentions } = toCanonical(`see \`\`\`\n${escaped}\n\`\`\` ok`);
    expect(content).toBe(`see \n\`\`\`\n${code}\n\`\`\`\nok`);
    expect(mentions).toEqual([]);
  });

  it.each([
    ["the first line of code is no language", "```const a;\nb```", "```\nconst a;\nb\n```"],
    ["text may follow on the last line", "```\na\n``` ok\nb", "```\na\n```\nok\nb"],
    [
      "fences on lines of their own are unchanged",
      "a\n```\nb\n\n  c\n```\nd",
      "a\n```\nb\n\n  c\n```\nd",
    ],
    ["each block has fences of its own", "```a\nb``````c\nd```", "```\na\nb\n```\n```\nc\nd\n```"],
    ["a block on one line is unchanged", "a ```b``` c\nd", "a ```b``` c\nd"],
    ["a block in a quote is unchanged", "&gt; ```a\n&gt; b```", "> ```a\n> b```"],
    [
      "a block that only begins in a quote ends where its fence is",
      "&gt; ```a\nb```\nc *d*",
      "> \n```\na\nb\n```\nc **d**",
    ],
    ["an unclosed block is unchanged", "a ```b\nc", "a ```b\nc"],
    ["text below a quote is not part of it", "&gt; a\n&gt; b\nc\nd", "> a\n> b\n\nc\nd"],
    ["a quote of all the text that follows is unchanged", "&gt;&gt;&gt; a\nb", ">>> a\nb"],
    ["lines of code are not quotes", "```\n&gt; a\nb\n```", "```\n> a\nb\n```"],
  ])("blocks and quotes: %s", (_name, text, content) => {
    expect(toCanonical(text).content).toBe(content);
  });

  it("lists each mention once, with its name if Slack gave one", () => {
    const { mentions } = toCanonical("<@U1> <@U1|ada> <#C1|general> <!subteam^S1|@ops> <#C2|>");
    expect(mentions).toEqual([
      { kind: "user", id: "U1", name: "ada" },
      { kind: "channel", id: "C1", name: "general" },
      { kind: "group", id: "S1", name: "ops" },
      { kind: "channel", id: "C2" },
    ]);
  });

  it("treats an unpaired backtick as text", () => {
    expect(toCanonical("it`s <https://e.com|x>\nand `").content).toBe(
      "it`s [x](https://e.com)\nand `",
    );
    expect(toCanonical("``` <https://e.com|x>").content).toBe("``` [x](https://e.com)");
  });

  it("never throws, and returns escaped text as it was typed", () => {
    const parts = fc.constantFrom(
      "<",
      ">",
      "&",
      "`",
      "```",
      "|",
      "@U1",
      "!",
      "#C1",
      "\n",
      "a",
      "😀",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(parts, fc.string())), (pieces) => {
        const typed = pieces.join("").replaceAll(/[*~\\]/g, "");
        toCanonical(typed);
        const escaped = typed
          .replaceAll("&", "&amp;")
          .replaceAll("<", "&lt;")
          .replaceAll(">", "&gt;");
        const { content, mentions } = toCanonical(escaped);
        // Line breaks may be added around fences and after quotes, and back slashes before what Markdown would hide.
        expect(content.replace(/\s+|\\(?=[<&])/g, "")).toBe(typed.replace(/\s+/g, ""));
        expect(mentions).toEqual([]);
      }),
    );
  });

  it.each(["<", "`", "```", "`\n", "&", "<@", "<a|", "<@U1>", "*a ", "~", "```\na", "&gt;\n"])(
    "takes linear time on a long run of %j",
    (unit) => {
      // Quadratic time would be 10^11 steps here, and exceed the test's timeout.
      expect(toCanonical(unit.repeat(300_000)).content).not.toBe("");
    },
  );
});
