import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import type { Nodes } from "mdast";

/** Text in one style, ready to stand between the style's marks. */
export interface Run {
  readonly text: string;
  readonly bold?: boolean | undefined;
  readonly italic?: boolean | undefined;
  readonly strike?: boolean | undefined;
}

const MARKS = ["strike", "bold", "italic"] as const;
type Mark = (typeof MARKS)[number];

interface Open {
  readonly mark: Mark;
  readonly sign: string;
}

/**
 * Runs of text as Markdown. Marks stand next to the words they mark, never next to white space, where Markdown would
 * take them for text; a mark that goes on in the next run stays open.
 */
export function inlineMarkdown(runs: readonly Run[]): string {
  const out: string[] = [];
  let open: Open[] = [];
  let before = "";
  const write = (text: string) => {
    out.push(text);
    before = text.at(-1) ?? before;
  };
  const parts = runs.flatMap(outsideSpace);
  for (const [index, run] of parts.entries()) {
    // White space belongs to whatever is open on both of its sides.
    const wanted = run.text.trim() === "" ? sharedMarks(parts, index) : marksOf(run);
    const keep = open.findIndex(({ mark }) => !wanted.includes(mark));
    if (keep !== -1) {
      for (const { sign } of open.slice(keep).reverse()) write(sign);
      open = open.slice(0, keep);
    }
    for (const mark of wanted.filter((each) => !open.some((opened) => opened.mark === each))) {
      const sign = signOf(mark, before, endOf(parts, index, mark));
      write(sign);
      open.push({ mark, sign });
    }
    write(run.text);
  }
  for (const { sign } of open.reverse()) write(sign);
  return out.join("");
}

function marksOf(run: Run): Mark[] {
  return MARKS.filter((mark) => run[mark] === true);
}

/** Splits off the white space at both ends of a run. */
function outsideSpace(run: Run): Run[] {
  const inner = run.text.trim();
  if (inner === run.text) return run.text === "" ? [] : [run];
  if (inner === "") return [run];
  const start = run.text.indexOf(inner);
  const parts = [run.text.slice(0, start), inner, run.text.slice(start + inner.length)];
  return parts.filter((text) => text !== "").map((text) => ({ ...run, text }));
}

function sharedMarks(parts: readonly Run[], index: number): Mark[] {
  const text = (run: Run) => run.text.trim() !== "";
  const run = parts[index];
  const last = parts[index - 1];
  const next = parts[index + 1];
  if (run === undefined || last === undefined || next === undefined) return [];
  // A style does not cross a paragraph.
  if (!text(last) || !text(next) || run.text.includes("\n")) return [];
  return marksOf(run).filter((mark) => last[mark] === true && next[mark] === true);
}

/** The character after the last run that goes on with a mark. */
function endOf(parts: readonly Run[], from: number, mark: Mark): string {
  let at = from;
  // A word's neighbour decides, and a word is never far.
  while (at < from + 8 && parts[at]?.[mark] === true) at += 1;
  return parts[at]?.text.charAt(0) ?? "";
}

function signOf(mark: Mark, before: string, after: string): string {
  switch (mark) {
    case "strike":
      return "~~";
    case "bold":
      return "**";
    case "italic":
      // Within a word only the asterisk marks.
      return isWord(before) || isWord(after) ? "*" : "_";
  }
}

function isWord(char: string): boolean {
  return /[\p{L}\p{N}]/u.test(char);
}

/** Code between back ticks, more of them than it holds itself. */
export function inlineCode(text: string): string {
  if (text.trim() === "") return text;
  const longest = (text.match(/`+/g) ?? []).reduce((most, { length }) => Math.max(most, length), 0);
  const fence = "`".repeat(longest === 0 ? 1 : longest + 1);
  const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return fence + space + text + space + fence;
}

/** A fenced block, byte for byte. */
export function fencedCode(code: string, language = ""): string {
  const longest = (code.match(/`{3,}/g) ?? []).reduce(
    (most, { length }) => Math.max(most, length),
    2,
  );
  const fence = "`".repeat(longest + 1);
  const info = /^[\w+#.-]{1,32}$/.test(language) ? language : "";
  return `${fence}${info}\n${code}\n${fence}`;
}

/** Longer texts are not looked into: nobody writes so much between two marks, and parsing has its price. */
const MAX_LITERAL = 10_000;

/**
 * Text that was typed as it stands. Escaped only if Markdown would take it for formatting: most text would not be,
 * and back slashes are noise to whoever reads it.
 */
export function literal(text: string): string {
  if (text.length > MAX_LITERAL || !/[*_~`[#]/.test(text)) return text;
  return looksFormatted(text) ? text.replace(/[\\*_~`[]|^#(?=#{0,5}\s)/gm, "\\$&") : text;
}

function looksFormatted(text: string): boolean {
  const tree = fromMarkdown(text, {
    extensions: [gfm()],
    mdastExtensions: [gfmFromMarkdown()],
  });
  return hasFormat(tree, text);
}

function hasFormat(node: Nodes, source: string): boolean {
  switch (node.type) {
    case "emphasis":
    case "strong":
    case "delete":
    case "inlineCode":
    case "heading":
    case "image":
      return true;
    case "code":
      return /[`~]/.test(source.charAt(node.position?.start.offset ?? 0));
    case "link":
      // Not an address that merely stands there.
      return source.charAt(node.position?.start.offset ?? 0) === "[";
    default:
      return "children" in node && node.children.some((child) => hasFormat(child, source));
  }
}
