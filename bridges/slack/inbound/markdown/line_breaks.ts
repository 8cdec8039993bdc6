/*
 * Where Slack's text needs more line breaks to be Markdown: in Slack a fence may be on one line with code and text, and
 * the line below a quote is not part of it.
 */

/** The line breaks to add around the fences of a code block: none. */
export const NO_BREAKS = {
  beforeOpening: "",
  afterOpening: "",
  beforeClosing: "",
  afterClosing: "",
};

/** What the block at `at` needs. Nothing if it is on one line, or in a quote, whose marks are on each of its lines. */
export function breaksAround(text: string, at: number): typeof NO_BREAKS {
  const close = text.indexOf("```", at + 3);
  const body = text.slice(at + 3, close);
  if (!body.includes("\n")) return NO_BREAKS;
  const before = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  if (QUOTE.test(before) && hasOnlyQuotes(body)) return NO_BREAKS;
  const after = /^ *(?=\S)/.test(text.slice(close + 3));
  return {
    beforeOpening: before.trim() === "" ? "" : "\n",
    afterOpening: body.startsWith("\n") ? "" : "\n",
    beforeClosing: /\n[ \t]*$/.test(body) ? "" : "\n",
    afterClosing: after ? "\n" : "",
  };
}

/** Whether every further line of a code block has the quote's mark. */
function hasOnlyQuotes(body: string): boolean {
  for (let at = body.indexOf("\n"); at !== -1; at = body.indexOf("\n", at + 1))
    if (!isQuoted(body, at + 1)) return false;
  return true;
}

const QUOTE = /^(?:&gt;|>)/;
/** In Slack three marks quote all the text that follows; in Markdown they include the lines right below. */
const QUOTE_OF_ALL = /^(?:&gt;|>){3}/;

/** Whether the line break at `at` is between a quote and text that Markdown would read as part of the quote. */
export function endsQuote(text: string, at: number): boolean {
  const next = text[at + 1];
  if (next === undefined || next === "\n" || isQuoted(text, at + 1)) return false;
  const start = text.lastIndexOf("\n", at - 1) + 1;
  return isQuoted(text, start) && !QUOTE_OF_ALL.test(text.slice(start, start + 16));
}

function isQuoted(text: string, lineStart: number): boolean {
  return QUOTE.test(text.slice(lineStart, lineStart + 8));
}
