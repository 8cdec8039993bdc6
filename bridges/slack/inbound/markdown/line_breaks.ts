/*
 * Where Slack's text needs line breaks to be Markdown: a fence may stand beside code and text, and the line below a quote
 * is no part of it.
 */

/** The line breaks that the fences of a block of code lack in Slack's text: there they may stand beside the code. */
interface Breaks {
  readonly beforeOpening: string;
  readonly afterOpening: string;
  readonly beforeClosing: string;
  readonly afterClosing: string;
}

export const NO_BREAKS: Breaks = {
  beforeOpening: "",
  afterOpening: "",
  beforeClosing: "",
  afterClosing: "",
};

/** What the block at `at` lacks. One on one line reads the same in Markdown, and one in a quote has the marks of that on its lines. */
export function breaksAround(text: string, at: number): Breaks {
  const close = text.indexOf("```", at + 3);
  const body = text.slice(at + 3, close);
  if (!body.includes("\n")) return NO_BREAKS;
  const before = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  if (QUOTE.test(before)) return NO_BREAKS;
  const after = /^ *(?=\S)/.test(text.slice(close + 3));
  return {
    beforeOpening: before.trim() === "" ? "" : "\n",
    afterOpening: body.startsWith("\n") ? "" : "\n",
    beforeClosing: /\n[ \t]*$/.test(body) ? "" : "\n",
    afterClosing: after ? "\n" : "",
  };
}

const QUOTE = /^(?:&gt;|>)/;
/** Slack takes three marks for a quote of all that follows, as Markdown does of the lines right below. */
const QUOTE_OF_ALL = /^(?:&gt;|>){3}/;

/** Whether the line break at `at` parts a quote from text below it, which Markdown would read as part of the quote. */
export function endsQuote(text: string, at: number): boolean {
  const next = text[at + 1];
  if (next === undefined || next === "\n" || isQuoted(text, at + 1)) return false;
  const start = text.lastIndexOf("\n", at - 1) + 1;
  return isQuoted(text, start) && !QUOTE_OF_ALL.test(text.slice(start, start + 16));
}

function isQuoted(text: string, lineStart: number): boolean {
  return QUOTE.test(text.slice(lineStart, lineStart + 8));
}
