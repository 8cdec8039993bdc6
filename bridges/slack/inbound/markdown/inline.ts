import type { Nodes } from "mdast";
import { parseMarkdown } from "../../../core/markdown/parse.ts";
import { isLong, isWordPart } from "./escape.ts";

/** Text in one style, as Markdown that can be put between the style's marks. */
export interface Run {
  readonly text: string;
  /** The same with every special character escaped, so that none can pair with one of another run. */
  readonly escaped?: string | undefined;
  /** The code in it, or the target of its link. */
  readonly inside?: string | undefined;
  readonly bold?: boolean | undefined;
  readonly italic?: boolean | undefined;
  readonly strike?: boolean | undefined;
}

const MARKS = ["strike", "bold", "italic"] as const;
type Mark = (typeof MARKS)[number];

/**
 * Runs of text as Markdown. Marks are next to the words they mark, never next to white space, where Markdown reads them as
 * text. A mark that the next run has, too, stays open. A run that Markdown can't mark (within a word, next to punctuation)
 * keeps its text and loses its marks.
 */
export function inlineMarkdown(runs: readonly Run[]): string {
  const asIs = new MarkWriter(runs).write();
  if (parsesAsMeant(asIs, runs)) return asIs.text;
  const safe = runs.map((run) => ({ ...run, text: run.escaped ?? run.text }));
  const partlyMarked = safe.map((run, index) => (isBetweenSpaces(safe, index) ? run : plain(run)));
  const candidates = [safe, partlyMarked].map((each) => new MarkWriter(each).write());
  const best = candidates.find((each) => parsesAsMeant(each, runs));
  return (best ?? new MarkWriter(safe.map(plain)).write()).text;
}

function plain({ text }: Run): Run {
  return { text };
}

/** Whether both sides of a run are white space or the end of the text. */
function isBetweenSpaces(runs: readonly Run[], index: number): boolean {
  const { text = "" } = runs[index] ?? {};
  const [before = " ", after = " "] = [runs[index - 1]?.text.at(-1), runs[index + 1]?.text.at(0)];
  const isFree = (inside: string, outside: string) => /\s/.test(inside) || /\s/.test(outside);
  return isFree(text.charAt(0), before) && isFree(text.slice(-1), after);
}

interface Marked {
  readonly text: string;
  /** How many marks were written. */
  readonly count: number;
}

/** Whether Markdown reads exactly the marks, the code and the links that were meant. */
function parsesAsMeant({ text, count }: Marked, runs: readonly Run[]): boolean {
  const meant = runs.flatMap(({ inside }) => inside ?? []);
  if (isLong(text) || (count === 0 && runs.length === 1) || !/[*_~`[]/.test(text)) return true;
  const found: Found = { count: 0, inside: [] };
  collect(parseMarkdown(text), text, found);
  return found.count === count && withoutSpace(found.inside) === withoutSpace(meant);
}

/** Markdown reads a line break in code as a space. */
function withoutSpace(inside: readonly string[]): string {
  return inside.join("\u0000").replaceAll(/\s+/g, "");
}

interface Found {
  count: number;
  inside: string[];
}

function collect(node: Nodes, source: string, found: Found): void {
  const isMark = node.type === "strong" || node.type === "emphasis" || node.type === "delete";
  if (isMark) found.count += 1;
  if (node.type === "inlineCode") found.inside.push(node.value);
  // Not a bare address.
  if (node.type === "link" && source[node.position?.start.offset ?? 0] === "[")
    found.inside.push(node.url);
  if ("children" in node) for (const child of node.children) collect(child, source, found);
}

/** Writes runs with their marks, each opened and closed once where adjacent runs share it. */
class MarkWriter {
  readonly #parts: readonly Run[];
  readonly #out: string[] = [];
  #open: { readonly mark: Mark; readonly sign: string }[] = [];
  /** The last character written. */
  #last = "";
  #count = 0;

  constructor(runs: readonly Run[]) {
    this.#parts = runs.flatMap(splitOuterSpace);
  }

  write(): Marked {
    for (const [index, run] of this.#parts.entries()) {
      // White space keeps the marks that are open on both sides, and opens none.
      const isSpace = run.text.trim() === "";
      const wanted = isSpace ? sharedMarks(this.#parts, index) : marksOf(run);
      this.#closeFrom(this.#open.findIndex(({ mark }) => !wanted.includes(mark)));
      if (!isSpace) for (const mark of wanted) this.#openMark(mark, index);
      this.#append(run.text);
    }
    this.#closeFrom(0);
    return { text: this.#out.join(""), count: this.#count };
  }

  /** Closes the open marks from `index` on; none if it is -1. */
  #closeFrom(index: number): void {
    if (index === -1) return;
    for (const { sign } of this.#open.splice(index).reverse()) this.#append(sign);
  }

  #openMark(mark: Mark, index: number): void {
    if (this.#open.some((opened) => opened.mark === mark)) return;
    const sign = signOf(mark, this.#last, characterAfter(this.#parts, index, mark));
    this.#append(sign);
    this.#open.push({ mark, sign });
    this.#count += 1;
  }

  #append(text: string): void {
    // A typed backslash would escape the special character after it.
    if (endsInEscape(this.#out.at(-1) ?? "") && /^[!-/:-@[-`{-~]/.test(text)) this.#out.push("\\");
    // A parenthesis after brackets would begin a link's address.
    else if (this.#last === "]" && text.startsWith("(")) this.#out.push("\\");
    // A typed exclamation mark would turn the link after it into an image.
    else if (this.#last === "!" && text.startsWith("["))
      this.#out.push(`${(this.#out.pop() ?? "").slice(0, -1)}\\!`);
    this.#out.push(text);
    this.#last = text.at(-1) ?? this.#last;
  }
}

function endsInEscape(text: string): boolean {
  return (/\\{1,64}$/.exec(text.slice(-64))?.[0].length ?? 0) % 2 === 1;
}

function marksOf(run: Run): Mark[] {
  return MARKS.filter((mark) => run[mark] === true);
}

/** Splits off the white space at both ends of a run. */
function splitOuterSpace(run: Run): Run[] {
  const inner = run.text.trim();
  if (inner === run.text) return run.text === "" ? [] : [run];
  if (inner === "") return [run];
  const start = run.text.indexOf(inner);
  const parts = [run.text.slice(0, start), inner, run.text.slice(start + inner.length)];
  return parts.filter((text) => text !== "").map((text) => ({ ...run, text }));
}

/** The marks of a run of white space that both of its neighbours have. */
function sharedMarks(parts: readonly Run[], index: number): Mark[] {
  const isText = (run: Run) => run.text.trim() !== "";
  const run = parts[index];
  const last = parts[index - 1];
  const next = parts[index + 1];
  if (run === undefined || last === undefined || next === undefined) return [];
  // Marks do not cross a paragraph.
  if (!isText(last) || !isText(next) || run.text.includes("\n")) return [];
  return marksOf(run).filter((mark) => last[mark] === true && next[mark] === true);
}

/** The character after the last adjacent run with a mark. */
function characterAfter(parts: readonly Run[], from: number, mark: Mark): string {
  let at = from;
  // Only a word's neighbours matter, and they are never far.
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
      return isWordPart(before) || isWordPart(after) ? "*" : "_";
  }
}
