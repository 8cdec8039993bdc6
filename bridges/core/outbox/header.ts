import { cut, escapeMarkdown, onOneLine } from "../../../convex/model/shared/text.ts";
import type { Delivery } from "../../platform.ts";
import { plainText } from "../markdown/plain_text.ts";

/** UTF-16 units that each piece of a relayed message leaves free for what is posted before it. */
const HEADER_ROOM = 400;

/* Of a header, in UTF-16 units. Together with what marks them up they fit into the room. */
const MOST = { name: 90, quotedName: 60, quote: 150 };

/** Whether and how the header says who wrote a message and what that answers. */
export interface HeaderStyle {
  /** The platform does not show the author's name. */
  readonly named: boolean;
  /** The platform does not show the answered message. */
  readonly quoted: boolean;
  /** What separates a quote from what follows it, and the name from a text that begins with a list, a table or the like. */
  readonly gap: "\n" | "\n\n";
}

export function headerRoom({ author, quote, files }: Delivery): number {
  return author || quote || files ? HEADER_ROOM : 0;
}

/** What is posted before the first piece of a relayed message, in Markdown. */
export function header(
  { author, quote }: Delivery,
  text: string,
  { named, quoted, gap }: HeaderStyle,
): string {
  const quotation =
    quoted && quote
      ? `> **${plain(quote.name, MOST.quotedName)}:** ${plain(wordsOf(quote.text), MOST.quote)}${gap}`
      : "";
  if (!named || !author) return quotation;
  return `${quotation}**${plain(author.name, MOST.name)}:**${BLOCK.test(text) ? gap : " "}`;
}

/** What Markdown reads differently behind a name. */
const BLOCK = /^(?:[#>`~|+*-]|\d+[.)]|\s)/;

/** Of a quote. Convex cuts a long one, and ends it with an ellipsis. */
function wordsOf(text: string): string {
  return plainText(text, text.endsWith("…")).trim() || text;
}

/** The beginning of a text, with its signs as they are, on one line. */
function plain(text: string, most: number): string {
  const line = onOneLine(text);
  for (let length = Math.min(line.length, most); ; length -= 1) {
    const escaped = escapeMarkdown(cut(line, length));
    if (escaped.length <= most) return length < line.length ? `${escaped}…` : escaped;
  }
}
