import type { Nodes } from "mdast";
import { HIDDEN_SIGN } from "../../../core/markdown/hidden.ts";
import { isHardToParse, parseMarkdown } from "../../../core/markdown/parse.ts";

/** Longer texts, and texts with more special characters, are not parsed, because parsing is slow. */
const MAX_PARSED = 10_000;
const MAX_SPECIAL = 300;

/** Whether a text is too long to parse, or too hard. */
export function isLong(text: string): boolean {
  if (text.length > MAX_PARSED || isHardToParse(text)) return true;
  return (text.match(/[\\*_~`[\]<\n]/g)?.length ?? 0) > MAX_SPECIAL;
}

/** Elements of a line or cells of a table that are looked at one by one whether they need escaping; with more, each is escaped. */
export const MOST_CHECKED = 100;

/**
 * Typed text as Markdown that shows the same. Escaped only if Markdown would format it: most text needs no backslashes,
 * which are noise to its readers.
 */
export function literal(text: string): string {
  // An unpaired backtick could pair with one further on.
  const isOdd = (text.match(/`+/g)?.length ?? 0) % 2 === 1;
  return isOdd || (/[*_~`[#<\\]|&[#\w]+;|^ *[-=]/m.test(text) && looksFormatted(text))
    ? escaped(text)
    : text;
}

const FORMATTING = new RegExp(
  [
    /[\\*_~`[]/,
    HIDDEN_SIGN,
    /^#(?=#{0,5}\s)/,
    /(?<=^ {0,3})(?:-(?=[ \t]*-[- \t]*$)|=(?==*[ \t]*$))/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gm",
);

/** Text with a backslash before every character that could format. */
export function escaped(text: string): string {
  return text.replace(FORMATTING, "\\$&");
}

/** Whether Markdown would read formatting in a text. Texts that are too long to parse count as formatted. */
export function looksFormatted(text: string): boolean {
  return isLong(text) || hasFormat(parseMarkdown(text), text);
}

function hasFormat(node: Nodes, source: string): boolean {
  switch (node.type) {
    case "emphasis":
    case "strong":
    case "delete":
    case "inlineCode":
    case "heading":
    case "image":
    case "definition":
    case "footnoteDefinition":
    case "html":
    case "thematicBreak": // Shown as a line; definitions, footnotes and HTML are not shown at all.
      return true;
    case "text":
      // An escape or a reference to a character, which Markdown decodes.
      return withoutSpace(node.value) !== withoutSpace(rangeIn(source, node));
    case "code":
      return /[`~]/.test(source.charAt(node.position?.start.offset ?? 0));
    case "link":
      // A bare address is not formatting.
      return source.charAt(node.position?.start.offset ?? 0) === "[";
    default:
      return "children" in node && node.children.some((child) => hasFormat(child, source));
  }
}

function rangeIn(source: string, { position }: Nodes): string {
  return source.slice(position?.start.offset, position?.end.offset);
}

/** Markdown leaves out white space at the edges of lines, and marks of quotes. */
function withoutSpace(text: string): string {
  return text.replaceAll(/[\s>]+/g, "");
}

/** Whether a character is part of a word: signs between two such characters mark nothing. */
export function isWordPart(char: string): boolean {
  return /[\p{L}\p{N}]/u.test(char);
}

/** Inline code, between more backticks than it contains in a row. */
export function inlineCode(text: string): string {
  if (text.trim() === "") return text;
  const fence = "`".repeat(longestRun(text, /`+/g, 0) + 1);
  const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return fence + space + text + space + fence;
}

/** A fenced code block, with the code byte for byte. */
export function fencedCode(code: string, language = ""): string {
  const fence = "`".repeat(longestRun(code, /`{3,}/g, 2) + 1);
  const info = /^[\w+#.-]{1,32}$/.test(language) ? language : "";
  return `${fence}${info}\n${code}\n${fence}`;
}

function longestRun(text: string, runs: RegExp, atLeast: number): number {
  return (text.match(runs) ?? []).reduce((most, { length }) => Math.max(most, length), atLeast);
}
