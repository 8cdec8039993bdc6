/** A text that costs much to read, of about that many UTF-16 units. */
export interface Shape {
  readonly name: string;
  make(length: number): string;
}

/** `unit` again and again, between a beginning and an end. */
function repeated(name: string, unit: string, head = "", tail = ""): Shape {
  return {
    name,
    make: (length) =>
      head + unit.repeat(Math.ceil((length - head.length) / unit.length)).slice(0, length) + tail,
  };
}

/** A table of as many columns as rows, whose rows have one cell each. */
const wideTable: Shape = {
  name: "wide table, short rows",
  make(length) {
    const columns = Math.ceil(length / 12);
    return `|${"a|".repeat(columns)}\n|${"-|".repeat(columns)}\n${"|b|\n".repeat(columns)}`;
  },
};

const separated: Shape = {
  name: "back ticks in runs of every length",
  make(length) {
    const runs: string[] = [];
    for (let run = 1, size = 0; size < length; run += 1) {
      runs.push("`".repeat(run));
      size += run + 1;
    }
    return runs.join(" ").slice(0, length);
  },
};

const nested: Shape = {
  name: "list nested ever deeper",
  make(length) {
    const depth = Math.floor(Math.sqrt(length));
    const lines = Array.from({ length: depth }, (_, level) => `${" ".repeat(2 * level)}- a`);
    return lines.join("\n").slice(0, length);
  },
};

/** Texts on which parsers are known to take more than linear time, and those the bridge itself once did. */
export const SHAPES: readonly Shape[] = [
  wideTable,
  separated,
  nested,
  repeated("table of many short rows", "| a | b |\n", "| a | b |\n|---|---|\n"),
  repeated("table with escaped pipes", "| \\| | `|` |\n", "| a | b |\n|---|---|\n"),
  repeated("pipes", "|"),
  repeated("pipes and dashes", "|-"),
  repeated("line breaks", "\n"),
  repeated("line breaks before a word", "\n", "a", "b"),
  repeated("carriage returns", "\r\n", "a", "b"),
  repeated("spaces before a word", " ", "a", "b"),
  repeated("trailing spaces on each line", "a          \n"),
  repeated("tabs", "\t", "a", "b"),
  repeated("nested quotes", ">"),
  repeated("nested quotes with spaces", "> "),
  repeated("quoted lines", "> a\n"),
  repeated("quote that continues lazily", "a\n", "> "),
  repeated("nested lists", "- "),
  repeated("nested numbers", "1. "),
  repeated("list of many items", "- a\n"),
  repeated("list and quote in turn", "- > "),
  repeated("item of many paragraphs", "\n\n  a", "- a"),
  repeated("asterisks", "*"),
  repeated("unclosed emphasis", "*a "),
  repeated("unclosed strong", "**a"),
  repeated("emphasis of both signs", "*a_ "),
  repeated("emphasis in words", "a**b"),
  repeated("underscores", "_"),
  repeated("tildes", "~"),
  repeated("unclosed strikethrough", "~~a "),
  repeated("bars", "||"),
  repeated("bars between spaces", " || "),
  repeated("back ticks", "`"),
  repeated("single back ticks", "`a "),
  repeated("single back ticks on lines", "`a\n"),
  repeated("back tick pairs", "`` ` "),
  repeated("fences", "```\n"),
  repeated("fences with text", "```a\nb```c\n"),
  repeated("fences on one line", "```a "),
  repeated("unclosed fence", "```js\na\n"),
  repeated("fence in a list", "- ```\n  a\n  ```\n"),
  repeated("one long fence", "`", "", "\na"),
  repeated("opening brackets", "["),
  repeated("images", "!["),
  repeated("unclosed links", "[a]("),
  repeated("nested links", "[a](b"),
  repeated("links", "[a](https://a.example/) "),
  repeated("labels of other hosts", "[b.example](https://a.example/) "),
  repeated("empty brackets", "[]"),
  repeated("brackets and parentheses", "[](", "[a"),
  repeated("closing brackets", "]"),
  repeated("definitions", "[a]: b\n"),
  repeated("footnotes", "[^a]"),
  repeated("addresses", "https://a.example "),
  repeated("unclosed addresses", "http://("),
  repeated("www", "www."),
  repeated("mail addresses", "a@a."),
  repeated("at signs", "@"),
  repeated("unclosed angles", "<"),
  repeated("tags", "<b>"),
  repeated("unclosed tags", "<a "),
  repeated("tag with endless attributes", " a=b", "<a"),
  repeated("comments", "<!--"),
  repeated("processing instructions", "<?"),
  repeated("declarations", "<!A "),
  repeated("CDATA", "<![CDATA["),
  repeated("mentions of a person", "<@1234567890> "),
  repeated("mentions of everybody", "@everyone @here @channel "),
  repeated("Slack's mentions", "<!channel> <@U12345678> "),
  repeated("unclosed mentions", "<@1"),
  repeated("custom emoji", "<a:b:1>"),
  repeated("ampersands", "&"),
  repeated("entities", "&amp;"),
  repeated("entities that decode to others", "&amp;lt;"),
  repeated("character references", "&#64;"),
  repeated("unclosed character references", "&#000000"),
  repeated("back slashes", "\\"),
  repeated("escaped line breaks", "\\\n"),
  repeated("escaped signs", "\\*"),
  repeated("number signs", "#"),
  repeated("headings", "# a\n"),
  repeated("underlined headings", "a\n=\n"),
  repeated("rules", "---\n"),
  repeated("dashes", "-"),
  repeated("a heading of many lines", "a\n", "", "==="),
  repeated("one long word", "a"),
  repeated("one long sentence", "a. "),
  repeated("full stops", "."),
  repeated("words of Chinese", "漢"),
  repeated("sentences of Chinese", "漢。"),
  repeated("words of Thai", "ก"),
  repeated("combining marks", "\u0301", "a"),
  repeated("stacked letters", "e\u0301\u0302\u0303"),
  repeated("joined emoji", "👩\u200d"),
  repeated("flags", "🇩🇪"),
  repeated("half emoji", "\ud83d"),
  repeated("zero-width spaces", "\u200b"),
  repeated("word joiners", "\u2060"),
  repeated("bidirectional marks", "\u202e"),
  repeated("nulls", "\0"),
];
