import { piecesFrom } from "../../core/markdown/pieces.ts";
import { Splitter } from "../../core/markdown/splitter.ts";
import type { Piece } from "../../platform.ts";

/** Version of this renderer; raise it when pieces would be cut elsewhere [C5]. */
export const FORMAT = "slack-markdown-3";

/** What Slack takes in one `markdown` block: https://docs.slack.dev/reference/block-kit/blocks/markdown-block */
const BLOCK_LIMIT = 12_000;
/** Where text is cut: below the limit, because neutralising adds characters. */
const CUT = 11_500;
/** Neutralising adds one character to at least two: what is cut here fits in any case. */
const SAFE_CUT = 7_600;
/** Characters of the text that notifications and screen readers show in place of the block. */
const NOTIFICATION_LIMIT = 3_000;

/** Joins two characters without showing; not a place where a line breaks. */
const WORD_JOINER = "\u2060";

/** Cuts canonical Markdown from offset `from` into what fits in one `markdown` block each. Pure. */
export function renderPieces(content: string, from: number): Piece[] {
  const splitter = new Splitter(content);
  return piecesFrom(content, from, (at) => {
    const piece = inert(splitter.next(at, CUT));
    // A piece must follow from its offset alone, so only the one that is too long is cut shorter.
    return piece && piece.text.length > BLOCK_LIMIT ? inert(splitter.next(at, SAFE_CUT)) : piece;
  });
}

function inert(piece: Piece | undefined): Piece | undefined {
  return piece && { text: neutralise(piece.text), upTo: piece.upTo };
}

/**
 * Takes the effect from everything in a text that could notify people: mention tokens, and the bare words. Which
 * of them a `markdown` block acts on is not documented, and escapes would show in code; a joiner does not.
 */
export function neutralise(text: string): string {
  return text.replace(
    /<(?=@|!(?:channel|here|everyone|group|subteam\b))|(?<![\w.])@(?=(?:channel|here|everyone|group)\b)/gi,
    `$&${WORD_JOINER}`,
  );
}

/** The start of a piece as Slack's escaped text: nothing in it is a token any more. */
export function notificationText(text: string): string {
  const out: string[] = [];
  let length = 0;
  for (const char of text.slice(0, NOTIFICATION_LIMIT)) {
    const escaped = escape(char);
    length += escaped.length;
    if (length > NOTIFICATION_LIMIT) break;
    out.push(escaped);
  }
  return out.join("");
}

function escape(char: string): string {
  switch (char) {
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    default:
      return char;
  }
}
