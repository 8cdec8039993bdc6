import fc from "fast-check";
import { expect, test } from "vitest";
import { normaliseMessage as fromDiscord } from "../../bridges/discord/inbound/normalise.ts";
import { render } from "../../bridges/discord/outbound/format.ts";
import { normaliseMessage as fromSlack } from "../../bridges/slack/inbound/normalise.ts";
import { slackMessage } from "../../bridges/slack/inbound/payload.ts";
import { renderPieces } from "../../bridges/slack/outbound/format.ts";
import type { MappingId } from "../../bridges/platform.ts";
import { readDiscord } from "../support/readers/discord.ts";
import { readMarkdown } from "../support/readers/markdown.ts";
import { type Reading, visible } from "../support/readers/reading.ts";

/*
 * A text goes from one platform through Convex to the other, and an answer to a platform and back: words, links, code and
 * emphasis stay. What is shown is read by parsers that know nothing of the product.
 */

const mappingId = "m" as MappingId;

/** A person's words in one style, as the model of a message. */
interface Run {
  readonly text: string;
  readonly style: "plain" | "bold" | "italic" | "struck" | "code" | "link";
}

const SCRIPTS = [
  ...[
    "word",
    "two words",
    "snake_case",
    "日本語",
    "変数",
    "مرحبا",
    "नमस्ते",
    "e\u0301a\u0308",
    "naïve",
  ],
  ...["👩‍👩‍👧", "🇯🇵", "1️⃣", "👍🏽", "x".repeat(300), "C++", "a.b", "1.5", "50 %"],
];
const URL = "https://e.com/a_(b)?c=d_e&f=*g*";

const run: fc.Arbitrary<Run> = fc.record({
  text: fc.constantFrom(...SCRIPTS),
  style: fc.constantFrom("plain", "plain", "bold", "italic", "struck", "code", "link"),
});
/** A label with an emoji is shown apart from its address on Discord. */
const isShown = ({ text, style }: Run) =>
  style !== "link" || !/\p{Emoji_Presentation}|\ufe0f/u.test(text);
const line = fc.array(run.filter(isShown), { minLength: 1, maxLength: 8 });

/** What people must see of the runs. */
function meant(runs: readonly Run[]): Reading {
  const of = (...styles: Run["style"][]) =>
    visible(runs.flatMap(({ text, style }) => (styles.includes(style) ? [text] : [])).join(""));
  return {
    text: visible(runs.map(({ text }) => text).join("")),
    blocks: [],
    codes: runs.flatMap(({ text, style }) => (style === "code" ? [visible(text)] : [])),
    links: runs.flatMap(({ style }) => (style === "link" ? [URL] : [])),
    bold: of("bold"),
    italic: of("italic"),
    struck: of("struck"),
  };
}

const MARKS = { plain: "", bold: "**", italic: "*", struck: "~~", code: "`" } as const;

function typed({ text, style }: Run): string {
  return style === "link" ? `[${text}](${URL})` : MARKS[style] + text + MARKS[style];
}

const onDiscord = (content: string) =>
  readDiscord(
    render(content, 0)
      .map(({ text }) => text)
      .join("\n"),
  );
const onSlack = (content: string) =>
  readMarkdown(
    renderPieces(content, 0)
      .map(({ text }) => text)
      .join("\n"),
  );

function discordContent(content: string): string {
  const wire = {
    id: "1300000000000000000",
    channel_id: "80",
    author: { id: "1", username: "ada" },
    content,
  };
  const names = { role: () => undefined, channel: () => undefined };
  // Only what the normaliser reads.
  const message = wire as Parameters<typeof fromDiscord>[0];
  const result = fromDiscord(message, { place: { mappingId }, botId: "2", guildId: "9", names });
  if (!("event" in result)) throw new Error(result.skipped);
  return result.event.content;
}

function slackContent(blocks: readonly object[]): string {
  const context = { botUserId: "U0", botId: "B0", appId: "A0", teamId: "T1", mappingId };
  const wire = { type: "message", ts: "1700000000.000001", user: "U1", channel: "C1", blocks };
  const event = fromSlack(slackMessage.parse(wire), context);
  if (event === undefined) throw new Error("skipped");
  return event.content;
}

function richText(runs: readonly Run[]) {
  const styles = { bold: { bold: true }, italic: { italic: true }, struck: { strike: true } };
  const elements = runs.flatMap(({ text, style }) => [
    style === "link"
      ? { type: "link", url: URL, text }
      : {
          type: "text",
          text,
          ...(style === "code" && { style: { code: true } }),
          ...(style in styles && { style: styles[style as keyof typeof styles] }),
        },
    { type: "text", text: " " },
  ]);
  return [{ type: "rich_text", elements: [{ type: "rich_text_section", elements }] }];
}

test("rich text from Slack keeps its words, links, code and emphasis on Discord", () => {
  fc.assert(
    fc.property(line, (runs) => {
      const content = slackContent(richText(runs));
      expect(onDiscord(content), content).toEqual(meant(runs));
    }),
    { numRuns: 200 },
  );
});

test("Markdown from Discord keeps its words, links, code and emphasis on Slack", () => {
  fc.assert(
    fc.property(line, (runs) => {
      const content = discordContent(runs.map(typed).join(" "));
      expect(onSlack(content), content).toEqual(meant(runs));
    }),
    { numRuns: 200 },
  );
});

const blocks = fc.oneof(
  { weight: 3, arbitrary: line.map((runs) => runs.map(typed).join(" ")) },
  line.map((runs) => `7. ${runs.map(typed).join(" ")}\n8. next`),
  line.map((runs) => `> ${runs.map(typed).join(" ")}\n> next`),
  line.map((runs) => `- ${runs.map(typed).join(" ")}\n- next`),
  fc.constantFrom(
    ...["a\r\nb\rc", "a\u2028b\u2029c", "a\u0000b\u0007c\u001b[1m", "a\u200bb", "\ufeffa"],
    ...["```js\nx = a_b * `c`\n```", "````\n```\nx\n```\n````", "~~~py\nx\n~~~", "- a\n\n  b\n- c"],
  ),
);
const answer = fc.array(blocks, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("\n\n"));

/** Without what no platform shows. */
function shown({ text, blocks: code, ...rest }: Reading) {
  return { ...rest, code, text: text.replaceAll(/[\p{Cc}\p{Cf}\ufffd]/gu, "") };
}

test("an answer read back from Discord says the same", () => {
  fc.assert(
    fc.property(answer, (content) => {
      const posted = render(content, 0).map(({ text }) => discordContent(text));
      expect(shown(readMarkdown(posted.join("\n\n"))), content).toEqual(
        shown(readMarkdown(content)),
      );
    }),
    { numRuns: 200 },
  );
});

test("an answer read back from Slack says the same", () => {
  fc.assert(
    fc.property(answer, (content) => {
      const posted = renderPieces(content, 0).map(({ text }) =>
        slackContent([{ type: "markdown", text }]),
      );
      expect(shown(readMarkdown(posted.join("\n\n"))), content).toEqual(
        shown(readMarkdown(content)),
      );
    }),
    { numRuns: 200 },
  );
});
