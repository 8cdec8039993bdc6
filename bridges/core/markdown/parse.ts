import type { Nodes, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { scanBlocks } from "./blocks.ts";
import { countEnded, fenceAround } from "./fences.ts";

/** A part of a text that can be parsed alone, and its tree. Positions in the tree count from `start`. */
interface Part {
  readonly start: number;
  readonly source: string;
  readonly tree: Root;
}

/** Parsing takes more than linear time for some texts, so longer parts are not parsed. */
const MAX_PART = 8_000;

/** Text after this offset is not parsed: it would block the process for seconds. */
const MAX_TEXT = 40_000;

/**
 * Whether parsing would take much longer than other text of that length, or more stack than there is: lines and marks
 * cost most, and marks without a partner more with each that precedes them. Nobody writes little else, or nests so deep.
 */
export function isHardToParse(part: string): boolean {
  const { code, text } = sections(part);
  if (TOO_DEEP.test(text)) return true;
  const marks = countOf(text, /[*_~]+|[[\]`<\\&]/g);
  // What could end the code costs more than its other lines.
  const lines = 16 * linesOf(text) + 4 * (linesOf(code) + countOf(code, /```|~~~/g));
  return lines > part.length + 300 || 6 * marks > part.length + 600;
}

/** The code of the blocks at the margin, where marks cost nothing, and everything else. */
function sections(part: string): { readonly code: string; readonly text: string } {
  const code: string[] = [];
  const text: string[] = [];
  let at = 0;
  for (const { body, close, container } of /```|~~~/.test(part) ? scanBlocks(part).fences : []) {
    if (container !== undefined || close <= body) continue;
    text.push(part.slice(at, body));
    code.push(part.slice(body, close));
    at = close;
  }
  return { code: code.join(""), text: text.join("") + part.slice(at) };
}

function linesOf(text: string): number {
  return countOf(text, /\n[^\n]/g);
}

function countOf(text: string, sign: RegExp): number {
  return text.match(sign)?.length ?? 0;
}

/** Quotes and lists nested deeper than anybody writes. */
const TOO_DEEP = /^(?:(?:[ \t]*(?:[>*+-]|\d{1,9}[.)])){16}|[ \t]{32,}(?:[>*+-]|\d{1,9}[.)])[ \t])/m;

/**
 * The tree of a text with GitHub's extensions: tables, strikethrough, tasks. Slow: callers limit the length, and leave out
 * what is hard to parse.
 */
export function parseMarkdown(text: string): Root {
  // The parser would drop a byte order mark, and count from the character after it.
  return fromMarkdown(text.replace(/^\uFEFF/, " "), {
    extensions: SYNTAX,
    mdastExtensions: EXTENSIONS,
  });
}

const SYNTAX = [gfm()];

/** Without what changes the finished tree: nodes that it adds have no position. */
const EXTENSIONS = gfmFromMarkdown().map((each) => ({ ...each, transforms: [] }));

/** The parsed parts of a text. */
export interface Parsed {
  readonly parts: readonly Part[];
  /** Whether every part was parsed that may refer to what another one defines. */
  readonly isWhole: boolean;
}

type Section = Omit<Part, "tree">;

/**
 * Parses a text part by part: those in which `worth` finds something, and those that may refer to what any part defines.
 * A part begins at the margin after a blank line. Linear time.
 */
export function parseParts(source: string, worth: Pick<RegExp, "test">): Parsed {
  if (!worth.test(source)) return { parts: [], isWhole: true };
  const starts = partStarts(source);
  const sections = starts.map((start, index) => ({
    start,
    source: source.slice(start, starts[index + 1] ?? source.length),
  }));
  const names = definedNames(sections);
  const refers = (section: Section) => names !== "" && section.source.includes("[");
  const wanted = sections.filter((each) => refers(each) || worth.test(each.source));
  const read = wanted.filter(isReadable);
  return {
    parts: read.map((each) => (refers(each) ? parsed(each, names) : parsed(each))),
    isWhole:
      names.length <= MAX_NAMES && !wanted.some((each) => refers(each) && !read.includes(each)),
  };
}

function isReadable({ start, source }: Section): boolean {
  return start < MAX_TEXT && source.length <= MAX_PART && !isHardToParse(source);
}

/** `names`: definitions that count in the part, and are not in its tree. */
function parsed(section: Section, names = ""): Part {
  const before = names.length > MAX_NAMES ? "" : names;
  const source = before + section.source;
  const tree = parseMarkdown(source);
  const children = tree.children.filter((child) => rangeOf(child).start >= before.length);
  return { start: section.start - before.length, source, tree: { ...tree, children } };
}

/** Longer lists of names are not read with each part. */
const MAX_NAMES = 2_000;

/** Definitions of all names that a text defines, without what they stand for. */
function definedNames(sections: readonly Section[]): string {
  const names = new Set<string>();
  for (const section of sections) {
    if (!section.source.includes("]:") || !isReadable(section)) continue;
    for (const node of nodesIn(parsed(section).tree)) {
      if (node.type !== "definition" && node.type !== "footnoteDefinition") continue;
      const { start } = rangeOf(node);
      const name = /^\[(?:[^\\\]]|\\[^]){1,999}\]:/.exec(
        section.source.slice(start, start + 1_002),
      );
      if (name !== null) names.add(`${name[0].replaceAll(/\s+/g, " ")} x`);
    }
  }
  // A note would continue in what is indented, so a rule ends the last one.
  return names.size === 0 ? "" : [...names, "***", ""].join("\n\n");
}

/** A node and all within it, in their order. */
export function nodesIn(node: Nodes): Nodes[] {
  return [node, ...("children" in node ? node.children.flatMap(nodesIn) : [])];
}

/** Where what is in a node is in its source. Undefined: it is empty. */
export function rangeInside({ children }: { readonly children: readonly Nodes[] }) {
  const [first, last] = [children[0], children.at(-1)];
  return first && last ? { start: rangeOf(first).start, end: rangeOf(last).end } : undefined;
}

/** Where a node is in its source. */
export function rangeOf({ position }: Nodes): { readonly start: number; readonly end: number } {
  return { start: position?.start.offset ?? 0, end: position?.end.offset ?? 0 };
}

/** Small parts are parsed together up to this length: each parse has a fixed cost. */
const MIN_PART = 1_000;

function merged(starts: readonly number[], end: number, apart: ReadonlySet<number>): number[] {
  const kept: number[] = [];
  let last = -Infinity;
  for (const [index, start] of starts.entries()) {
    const next = starts[index + 1] ?? end;
    if (start > last && next - last <= MIN_PART && !apart.has(start)) continue;
    kept.push(start);
    last = start;
  }
  return kept;
}

/** A line that defines a link. */
const DEFINITION =
  /^\[(?!\^)[^\]\n]{1,200}\]:[ \t]+<?(?=\S*[:/.#])[^\s<>]+>?(?:[ \t]+["'(][^\n]{0,300})?[ \t]*$/gm;

/** Where definitions begin right below a text. Markdown would read them as a part of it, which nobody means. */
function definitionStarts(source: string): number[] {
  if (!source.includes("]:")) return [];
  const found = Array.from(source.matchAll(DEFINITION), ({ 0: line, index }) => ({
    index,
    end: index + line.length,
  }));
  return found.flatMap(({ index }, n) => {
    const isFirst = found[n - 1]?.end !== index - 1;
    return isFirst && /\S[ \t]*\n$/.test(source.slice(Math.max(0, index - 80), index))
      ? [index]
      : [];
  });
}

function partStarts(source: string): number[] {
  const { fences } = scanBlocks(source);
  const isText = (start: number) => {
    const around = fenceAround(fences, start);
    const inside = around ?? fences[countEnded(fences, start)];
    return inside === undefined || start <= inside.start;
  };
  const apart = definitionStarts(source).filter(isText);
  const blank = Array.from(
    source.matchAll(/\n[ \t]*\n(?=[^\s])/g),
    ({ index }) => source.indexOf("\n", index + 1) + 1,
  );
  const starts = [0, ...apart, ...blank.filter(isText)].toSorted((a, b) => a - b);
  return merged(starts, source.length, new Set(apart));
}
