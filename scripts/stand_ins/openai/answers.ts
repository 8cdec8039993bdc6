/** One message of the conversation that the AI is sent. */
export interface ChatLine {
  readonly role: string;
  readonly content: string;
  /** The addresses of its images, in their order. */
  readonly images?: readonly string[];
}

/** How much of a message an answer quotes, in characters. */
const QUOTE_LIMIT = 120;

/**
 * The answer to a conversation. It depends only on the conversation, so that a wrong context shows in the answer and a
 * verdict can compute the right answer. Some requests in the last message have answers of their own: a long one, formatting,
 * one that the output limit cuts. One “at length” is answered as others are, and then in
 * many words; “at great length” in several posts.
 */
export function answerTo(messages: readonly ChatLine[]): string {
  const system = messages.find(({ role }) => role === "system" || role === "developer");
  const said = messages.filter((message) => message !== system);
  const asked = said.findLastIndex(({ role }) => role === "user");
  const { name, text } = speakerOf(said[asked]?.content ?? "");
  if (/write a long reply/i.test(text)) return longAnswer(name);
  // Longer than one message of any platform.
  if (/write a very long reply/i.test(text))
    return numbered(3, (n) => longAnswer(`${name}, part ${n}`)).join("\n\n");
  if (/show (?:me )?some formatting/i.test(text)) return FORMATTED;
  if (/story without an end/i.test(text)) return ENDLESS;
  const before = said[asked - 1];
  const count = said.length === 1 ? "1 message" : `${said.length} messages`;
  const context = before ? `${count}; the one before was “${quote(before.content)}”` : count;
  const told = instructionsIn(system?.content ?? "");
  const instructions = told === "" ? "" : ` My instructions: “${quote(told)}”.`;
  const results = said.slice(asked).filter(({ role }) => role === "tool");
  const found = results.map(({ content }) => ` A tool says: “${quote(content)}”.`).join("");
  const short = `You said, ${name}: “${quote(text)}”. (I was sent ${context}.)${instructions}${found}`;
  const asksFor = /\bat (great )?length\b/i.exec(text);
  if (!asksFor) return short;
  const points = asksFor[1] === undefined ? 24 : 260;
  const point = (n: number) =>
    `- Point ${n} of ${points}, **at length**, is like \`point${n - 1}\`.`;
  return `${short}\n\n${numbered(points, point).join("\n")}`;
}

/** What a system message says besides how the bridge's messages are to be read. */
function instructionsIn(system: string): string {
  return system.replace(
    /^You are .+, in the channel ".*"\.\n[^]*?(?:\n\nYour instructions:\n|$)/,
    "",
  );
}

/**
 * People's messages begin with their name, after an optional post title and an optional quote of what they answer. The bridge
 * marks a person whose name could be a role's. */
function speakerOf(content: string): { name: string; text: string } {
  const said = content.replace(/^(?:(?:\[.*\]|> .*)\n)*/, "");
  const match = /^([^:\n]{1,80}): ([\s\S]*)$/.exec(said);
  return match
    ? { name: (match[1] ?? "").replace(/ \(a person\)$/, ""), text: match[2] ?? "" }
    : { name: "you", text: content };
}

/** Formatting that models write but not every platform renders. */
const FORMATTED = [
  "#### Bridges of the world",
  "They come in **many** kinds, _some_ of them ~~wooden~~ built of `steel`:",
  [
    "| Bridge | Country | Length |",
    "|:-------|:--------|-------:|",
    "| Akashi Kaikyō | 日本 | 3,911 m |",
    "| Golden Gate | USA | 2,737 m |",
  ].join("\n"),
  ["1. Look at the map", "   - the river", "   - both banks", "2. Build"].join("\n"),
  ["- [x] planned", "- [ ] built"].join("\n"),
  ["> A bridge is a promise.", "> > Who said that?"].join("\n"),
  ["> Ask first:", "> 1. Who pays?", "> 2. Who crosses?"].join("\n"),
  ["```sh", "echo 'mind the gap'", "```"].join("\n"),
  "---",
  "More in [the encyclopedia](https://example.com/bridge).",
  "Or read [the docs at https://example.com](https://example.com/docs).",
  "![a stone bridge](https://example.com/bridge.png)",
].join("\n\n");

/** An answer that is cut off at the limit of its length. */
export const ENDLESS =
  "Once upon a time there was a bridge. On the bridge stood a toll house, and in the";

function quote(text: string): string {
  const line = Array.from(text.replace(/\s+/g, " ").trim());
  return line.length <= QUOTE_LIMIT ? line.join("") : `${line.slice(0, QUOTE_LIMIT).join("")}…`;
}

/**
 * About 5,000 characters of Markdown: headings, lists, two fenced blocks, one of them longer than a Discord message.
 * All lines differ, so that a lost, repeated or moved piece shows.
 */
function longAnswer(name: string): string {
  const code = numbered(
    40,
    (n) => `export const step${n} = (input: number): number => input * ${n} + 1;`,
  );
  const steps = numbered(12, (n) => `${n}. Step ${n} of **twelve**: do part ${n}, then check it.`);
  const notes = numbered(12, (n) => `- Note ${n}: \`step${n}\` needs nothing but its input.`);
  const close = numbered(
    10,
    (n) => `Paragraph ${n} of ten says once more, in other words, that ${n} comes after ${n - 1}.`,
  );
  return [
    `# A long reply for ${name}`,
    "It has headings, lists and code, so that one can see how it is cut and put together again.",
    "## Steps",
    steps.join("\n"),
    "## The code",
    ["```ts", ...code, "```"].join("\n"),
    "## Notes",
    notes.join("\n"),
    "Run it like this:",
    ["```sh", "node steps.js --from 1 --to 40", "echo done", "```"].join("\n"),
    "## In short",
    close.join("\n\n"),
    "That was all of it.",
  ].join("\n\n");
}

function numbered(count: number, line: (n: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => line(index + 1));
}
