/** The sign with which a tag, a comment or a reference to a character begins: Markdown would not show them as they are typed. */
export const HIDDEN_SIGN = /<(?=[A-Za-z/!?])|&(?=[#\w]+;)/;

/** What is looked at of a line, so that the time stays linear. */
const MAX_LINE = 1_000;

const DEFINITION = /^ {0,3}(?=\[[^\]\n]+\]:)/;
const UNDERLINE = /^ {0,3}(?=(?:-+|=+)[ \t]*(?:\r?\n|$))/;

/**
 * Where to escape the line at `from`, if it is typed text that Markdown would not show: the definition of a link, or the
 * underline of a heading.
 */
export function hiddenLineSign(text: string, from: number): number | undefined {
  const line = text.slice(from, from + MAX_LINE);
  const margin = DEFINITION.exec(line) ?? UNDERLINE.exec(line);
  if (margin === null || (/^ *[-=]/.test(line) && !isBelowText(text, from))) return undefined;
  return from + margin[0].length;
}

function isBelowText(text: string, from: number): boolean {
  return /^(?!#{1,6} ).*\S/.test(text.slice(text.lastIndexOf("\n", from - 2) + 1, from));
}
