import { normaliseMessage as readDiscord } from "../../../../bridges/discord/inbound/normalise.ts";
import { render as renderDiscord } from "../../../../bridges/discord/outbound/format.ts";
import { threadName } from "../../../../bridges/discord/outbound/title.ts";
import { normaliseMessage as readSlack } from "../../../../bridges/slack/inbound/normalise.ts";
import { slackMessage } from "../../../../bridges/slack/inbound/payload.ts";
import { notificationText, renderPieces } from "../../../../bridges/slack/outbound/format.ts";

/** One way of a text through the bridge. */
export interface Path {
  readonly name: string;
  /** Far beyond what a platform lets people write, or an AI answers, in UTF-16 units. */
  readonly largest: 100_000 | 1_000_000;
  run(text: string): void;
}

const MAPPING = "m" as never;

const DISCORD = {
  botId: "1",
  guildId: "2",
  place: { mappingId: MAPPING },
  names: { role: () => undefined, channel: () => undefined },
};
const AUTHOR = { id: "3", username: "ada" };

function fromDiscord(fields: object): void {
  readDiscord(
    { id: "4", channel_id: "5", author: AUTHOR, content: "", ...fields } as never,
    DISCORD,
  );
}

const SLACK = { botUserId: "U0", botId: "B0", appId: "A0", teamId: "T0", mappingId: MAPPING };

function fromSlack(fields: object): void {
  readSlack(
    slackMessage.parse({ ts: "1700000000.000001", user: "U1", channel: "C1", ...fields }),
    SLACK,
  );
}

const element = (text: string, style = {}) => ({ type: "text", text, style });

/** A rich-text message: as one paragraph, and as a paragraph whose words have styles in turn. */
const rich = (elements: readonly object[], type = "rich_text_section") => ({
  blocks: [{ type: "rich_text", elements: [{ type, elements }] }],
});

const STYLES = [{}, { bold: true }, { italic: true }, { strike: true }, { code: true }];

/** The text in elements of seven characters, each in the next style. */
function styled(text: string): object[] {
  return Array.from({ length: Math.ceil(text.length / 7) }, (_, index) =>
    element(text.slice(7 * index, 7 * index + 7), STYLES[index % STYLES.length]),
  );
}

/** What people write is at most 40,000 characters long: https://docs.slack.dev/changelog/2018-truncating-really-long-messages */
const READ = { largest: 100_000 } as const;
const RENDER = { largest: 1_000_000 } as const;

export const PATHS: readonly Path[] = [
  { ...RENDER, name: "render for Discord", run: (text) => void renderDiscord(text, 0) },
  {
    ...RENDER,
    name: "render for Slack",
    run(text) {
      for (const piece of renderPieces(text, 0)) notificationText(piece.text);
    },
  },
  { ...READ, name: "thread name", run: (text) => void threadName(text) },
  { ...READ, name: "read Discord's content", run: (content) => fromDiscord({ content }) },
  {
    ...READ,
    name: "read Discord's embed",
    run: (text) =>
      fromDiscord({ embeds: [{ type: "rich", title: text, description: text, footer: { text } }] }),
  },
  { ...READ, name: "read Slack's text", run: (text) => fromSlack({ text }) },
  { ...READ, name: "read Slack's rich text", run: (text) => fromSlack(rich([element(text)])) },
  { ...READ, name: "read Slack's styled text", run: (text) => fromSlack(rich(styled(text))) },
  {
    ...READ,
    name: "read Slack's code",
    run: (text) => fromSlack(rich([element(text, { code: true })])),
  },
  {
    ...READ,
    name: "read Slack's code block",
    run: (text) => fromSlack(rich([element(text)], "rich_text_preformatted")),
  },
  {
    ...READ,
    name: "read Slack's quote",
    run: (text) => fromSlack(rich([element(text)], "rich_text_quote")),
  },
  {
    ...READ,
    name: "read Slack's link",
    run: (text) => fromSlack(rich([{ type: "link", url: "https://a.example/", text }])),
  },
  {
    ...READ,
    name: "read Slack's list",
    run: (text) =>
      fromSlack({
        blocks: [
          {
            type: "rich_text",
            elements: [
              {
                type: "rich_text_list",
                style: "ordered",
                elements: [{ type: "rich_text_section", elements: [element(text)] }],
              },
            ],
          },
        ],
      }),
  },
  {
    ...READ,
    name: "read Slack's attachment",
    run: (text) =>
      fromSlack({ attachments: [{ title: text, title_link: text, text, pretext: text }] }),
  },
  {
    ...READ,
    name: "read Slack's table",
    run: (text) =>
      fromSlack({
        blocks: [
          { type: "table", rows: [[{ type: "raw_text", text }], [{ type: "raw_text", text }]] },
        ],
      }),
  },
];
