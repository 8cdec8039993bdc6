import { piecesFrom } from "../../core/markdown/pieces.ts";
import { Splitter } from "../../core/markdown/splitter.ts";
import type { Piece } from "../../platform.ts";

/** Version of this renderer. Change it when pieces would end elsewhere: docs/races.md#a-long-reply-resumes */
export const FORMAT = "slack-markdown-3";

/** Slack's limit for one `markdown` block, in characters: https://docs.slack.dev/reference/block-kit/blocks/markdown-block */
const BLOCK_LIMIT = 12_000;
/** Maximum length of a piece before neutralising, which adds characters. */
const CUT = 11_500;
/** Neutralising adds at most one character to every two, so a piece of this length always fits. */
const SAFE_CUT = 7_600;
/** Maximum length of the text that notifications and screen readers use instead of the block. */
const NOTIFICATION_LIMIT = 3_000;

/** Invisible, and no line breaks at it. */
const WORD_JOINER = "\u2060";

/** Splits canonical Markdown from offset `from` into pieces that fit in one `markdown` block each. Pure. */
export function renderPieces(content: string, from: number): Piece[] {
  const splitter = new Splitter(content);
  return piecesFrom(content, from, (at) => {
    const piece = inert(splitter.next(at, CUT));
    // A piece must depend only on its offset, so only the piece that is too long is made shorter.
    return piece && piece.text.length > BLOCK_LIMIT ? inert(splitter.next(at, SAFE_CUT)) : piece;
  });
}

function inert(piece: Piece | undefined): Piece | undefined {
  return piece && { text: neutralise(piece.text), upTo: piece.upTo };
}

/**
 * Disables everything in a text that could notify people: mention tokens and bare words such as @here. It is not documented
 * which of them work in a `markdown` block. Escapes would be visible in code; a word joiner is not.
 */
export function neutralise(text: string): string {
  return text.replace(
    /<(?=@|!(?:channel|here|everyone|group|subteam\b))|(?<![\w.])@(?=(?:channel|here|everyone|group)\b)/gi,
    `$&${WORD_JOINER}`,
  );
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
