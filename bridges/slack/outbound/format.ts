import { flankingChanges } from "../../core/markdown/flanking.ts";
import type { LinkStyle } from "../../core/markdown/links/form.ts";
import { linkChanges } from "../../core/markdown/links/links.ts";
import { labelChanges } from "../../core/markdown/safety/labels.ts";
import { type Pings, pingChanges, withoutPings } from "../../core/markdown/safety/pings.ts";
import { renderedPieces } from "../../core/markdown/rendering.ts";
import { missingFiles, withLines } from "../../core/outbox/file_lines.ts";
import { header } from "../../core/outbox/header.ts";
import type { Delivery, Piece } from "../../platform.ts";

/** Version of this renderer. Change it when pieces would end elsewhere: docs/races.md#a-long-reply-resumes */
export const FORMAT = "slack-markdown-8";

/** Slack's limit for one `markdown` block, in characters: https://docs.slack.dev/reference/block-kit/blocks/markdown-block */
const BLOCK_LIMIT = 12_000;
/** More than 20 blocks hold. */
const READABLE = 300_000;
/** Maximum length of the text that notifications and screen readers use instead of the block. */
const NOTIFICATION_LIMIT = 3_000;

/** It is not documented which of Slack's tokens work in a `markdown` block. */
const PINGS: Pings = {
  words: /channel|here|everyone|group/iy,
  // An address with a label of its own would deceive.
  tokens:
    /[@＠]|!(?:channel|here|everyone|group|subteam)(?![\p{L}\p{N}])|(?:https?|mailto):[^\s<>|]*\|/iuy,
};

/** The Markdown that Slack documents for the block has links, but no references, notes and HTML. */
const LINKS: LinkStyle = {
  linked: /^(?:https?:\/\/[^\s/?#]|mailto:.|tel:.|slack:\/\/)/i,
  hasImages: true,
};

const REWRITES = [
  flankingChanges,
  (text: string) => linkChanges(text, LINKS),
  labelChanges,
  (text: string) => pingChanges(text, PINGS),
];

/** Splits canonical Markdown from offset `from` into pieces that fit in one `markdown` block each. Pure. */
export function renderPieces(content: string, from: number, room = 0): Piece[] {
  const rendering = { limit: BLOCK_LIMIT, readable: READABLE, rewrites: REWRITES };
  return renderedPieces(content, from, rendering, room);
}

/** What is posted of a piece, with what stands before it, and lines for the files that do not go along. */
export function postText(delivery: Delivery, piece: Piece, inPersona: boolean): string {
  const text = relayHeader(delivery, piece, inPersona) + piece.text;
  if (piece.files === undefined) return text;
  return withLines(text, missingFiles(delivery, piece).map(neutralise), BLOCK_LIMIT);
}

/** What stands before a relayed message: its author where Slack does not show the name, and what it answers. */
function relayHeader(
  delivery: Delivery,
  { isFirst = false, text }: Piece,
  inPersona: boolean,
): string {
  const style = { named: !inPersona, quoted: true, gap: "\n\n" } as const;
  return isFirst ? neutralise(header(delivery, text, style)) : "";
}

/** Disables everything in a text that could notify people. */
export function neutralise(text: string): string {
  return withoutPings(text, PINGS);
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
]);

/** The start of a piece as Slack's escaped text, which contains no tokens. */
export function notificationText(text: string): string {
  const out: string[] = [];
  let length = 0;
  for (const char of text) {
    const escaped = ENTITIES.get(char) ?? char;
    length += escaped.length;
    if (length > NOTIFICATION_LIMIT) break;
    out.push(escaped);
  }
  return out.join("");
}
