/* Putting texts that are Markdown of their own below or behind each other, so that each still reads the same. */

/** What is a block only at the beginning of a line: code, a quote, a list, a heading, a table. */
const BLOCK = /^(?:```|~~~|[>|]|#{1,6}[ \t]| {0,3}(?:[-*+]|\d{1,9}[.)])[ \t])/;

/** A text behind its title, or below it if it begins with a block. Either may be empty. */
export function titled(title: string, text: string): string {
  if (title === "" || text === "") return title + text;
  return `${title}${BLOCK.test(text) ? "\n" : " "}${text}`;
}

/** Lines that would make what is right below a part of their quote, list item or table. */
const OPEN = /^[ \t]*(?:[>|]|(?:[-*+]|\d{1,9}[.)])[ \t])/m;

/** A line that would make what is right above a heading. */
const UNDERLINE = /^ {0,3}(?:-+|=+)[ \t]*(?:\n|$)/;

/** Texts below each other, with a blank line only where Markdown would read two as one. Empty ones are left out. */
export function stacked(texts: readonly string[]): string {
  return texts.filter(Boolean).reduce((above, text) => {
    if (above === "") return text;
    const last = above.slice(above.lastIndexOf("\n\n") + 1);
    return `${above}${OPEN.test(last) || UNDERLINE.test(text) ? "\n\n" : "\n"}${text}`;
  }, "");
}
