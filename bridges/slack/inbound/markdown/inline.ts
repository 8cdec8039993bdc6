import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import type { Nodes } from "mdast";

/** Text in one style, ready to stand between the style's marks. */
export interface Run {
  readonly text: string;
  /** The same where signs in it must not meet those of other runs. */
  readonly escaped?: string | undefined;
  /** The code it is, or where it links to. */
  readonly inside?: string | undefined;
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
 * take them for text; a mark that goes on in the next run stays open. Where Markdown can't mark a run (within a word,
 * next to a sign) the text stays, and goes without.
 */
export function inlineMarkdown(runs: readonly Run[]): string {
  const all = marked(runs);
  if (holds(all, runs)) return all.text;
  const safe = runs.map((run) => ({ ...run, text: run.escaped ?? run.text }));
  const some = safe.map((run, index) => (standsFree(safe, index) ? run : plain(run)));
  const ways = [safe, some].map(marked);
  return (ways.find((way) => holds(way, runs)) ?? marked(safe.map(plain))).text;
}

function plain({ text }: Run): Run {
  return { text };
}

/** Whether white space, or nothing, is on both sides of a run. */
function standsFree(runs: readonly Run[], index: number): boolean {
  const { text = "" } = runs[index] ?? {};
  const [before = " ", after = " "] = [runs[index - 1]?.text.at(-1), runs[index + 1]?.text.at(0)];
  const isFree = (inside: string, outside: string) => /\s/.test(inside) || /\s/.test(outside);
  return isFree(text.charAt(0), before) && isFree(text.slice(-1), after);
}

interface Marked {
  readonly text: string;
  /** How many marks it was given. */
  readonly count: number;
}

/** Whether Markdown finds the marks, the code and the links that were meant, and no others. */
function holds({ text, count }: Marked, runs: readonly Run[]): boolean {
  const meant = runs.flatMap(({ inside }) => inside ?? []);
  if (isLong(text) || (count === 0 && runs.length === 1) || !/[*_~`[]/.test(text)) return true;
  const found: Found = { count: 0, inside: [] };
  find(parsed(text), text, found);
  return found.count === count && bare(found.inside) === bare(meant);
}

/** Markdown takes a line break in code for a space. */
function bare(inside: readonly string[]): string {
  return inside.join("\u0000").replaceAll(/\s+/g, "");
}

interface Found {
  count: number;
  inside: string[];
}

function find(node: Nodes, source: string, found: Found): void {
  const isMark = node.type === "strong" || node.type === "emphasis" || node.type === "delete";
  if (isMark) found.count += 1;
  if (node.type === "inlineCode") found.inside.push(node.value);
  // Not an address that merely stands there.
  if (node.type === "link" && source[node.position?.start.offset ?? 0] === "[")
    found.inside.push(node.url);
  if ("children" in node) for (const child of node.children) find(child, source, found);
}

function marked(runs: readonly Run[]): Marked {
  const out: string[] = [];
  let open: Open[] = [];
  let before = "";
  let count = 0;
  const write = (text: string) => {
    // A back slash that was typed would take the effect of a sign that follows.
    if (endsInEscape(out.at(-1) ?? "") && /^[!-/:-@[-`{-~]/.test(text)) out.push("\\");
    // Nor does it make a link a picture.
    else if (before === "!" && text.startsWith("["))
      out.push(`${(out.pop() ?? "").slice(0, -1)}\\!`);
    out.push(text);
    before = text.at(-1) ?? before;
  };
  const parts = runs.flatMap(outsideSpace);
  for (const [index, run] of parts.entries()) {
    // White space belongs to whatever is open on both of its sides.
    const isSpace = run.text.trim() === "";
    const wanted = isSpace ? sharedMarks(parts, index) : marksOf(run);
    const keep = open.findIndex(({ mark }) => !wanted.includes(mark));
    if (keep !== -1) {
      for (const { sign } of open.slice(keep).reverse()) write(sign);
      open = open.slice(0, keep);
    }
    const unopened = wanted.filter((each) => !open.some((opened) => opened.mark === each));
    for (const mark of isSpace ? [] : unopened) {
      const sign = signOf(mark, before, endOf(parts, index, mark));
      write(sign);
      open.push({ mark, sign });
      count += 1;
    }
    write(run.text);
  }
  for (const { sign } of open.reverse()) write(sign);
  return { text: out.join(""), count };
}

function endsInEscape(text: string): boolean {
  return (/\\{1,64}$/.exec(text.slice(-64))?.[0].length ?? 0) % 2 === 1;
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

/** Longer texts, and texts with more signs or lines, are not looked into: parsing has its price. */
const MAX_PARSED = 10_000;
const MAX_SIGNS = 300;

function isLong(text: string): boolean {
  return text.length > MAX_PARSED || (text.match(/[\\*_~`[\]<\n]/g)?.length ?? 0) > MAX_SIGNS;
}

/**
 * Text that was typed as it stands. Escaped only if Markdown would take it for formatting: most text would not be,
 * and back slashes are noise to whoever reads it.
 */
export function literal(text: string): string {
  // A back tick without its partner could find one further on.
  const isOdd = (text.match(/`+/g)?.length ?? 0) % 2 === 1;
  return isOdd || (/[*_~`[#<]|^ *[-=]/m.test(text) && looksFormatted(text)) ? escaped(text) : text;
}

/** Text with a back slash before every sign that could format. */
export function escaped(text: string): string {
  return text.replace(
    /[\\*_~`[]|<(?=[A-Za-z/!?])|^#(?=#{0,5}\s)|(?<=^ {0,3})(?:-(?=[ \t]*-[- \t]*$)|=(?==*[ \t]*$))/gm,
    "\\$&",
  );
}

/** Whether Markdown would take a text for more than its words. */
export function looksFormatted(text: string): boolean {
  return isLong(text) || hasFormat(parsed(text), text);
}

function parsed(text: string): Nodes {
  return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
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
    case "thematicBreak": // A line; the three before show as nothing.
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
