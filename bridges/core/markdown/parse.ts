import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { scanBlocks } from "./blocks.ts";
import { countEnded, fenceAround } from "./fences.ts";

/** A part of a text that can be parsed alone, and its tree. Positions in the tree count from `start`. */
export interface Part {
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
  if (TOO_DEEP.test(part)) return true;
  const lines = part.match(/\n[^\n]/g)?.length ?? 0;
  const marks = part.match(/[*_~]+|[[\]`<\\&]/g)?.length ?? 0;
  return 16 * lines > part.length + 300 || 6 * marks > part.length + 600;
}

/** Quotes and lists nested deeper than anybody writes. */
const TOO_DEEP = /^(?:(?:[ \t]*(?:[>*+-]|\d{1,9}[.)])){16}|[ \t]{32,}(?:[>*+-]|\d{1,9}[.)])[ \t])/m;

/**
 * The tree of a text with GitHub's extensions: tables, strikethrough, tasks. Slow: callers limit the length, and leave out
 * what is hard to parse.
 */
export function parseMarkdown(text: string): Root {
  return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: EXTENSIONS });
}

/** Without what changes the finished tree: nodes that it adds have no position. */
const EXTENSIONS = gfmFromMarkdown().map((each) => ({ ...each, transforms: [] }));

/**
 * Parses a text part by part, those in which `worth` finds something. A part begins at the margin after a blank line.
 * Linear time.
 */
export function parseParts(source: string, worth: Pick<RegExp, "test">): Part[] {
  const starts = partStarts(source);
  return starts.flatMap((start, index) => {
    const part = source.slice(start, starts[index + 1] ?? source.length);
    if (start >= MAX_TEXT || part.length > MAX_PART) return [];
    if (!worth.test(part) || isHardToParse(part)) return [];
    return [{ start, source: part, tree: parseMarkdown(part) }];
  });
}

/** Small parts are parsed together up to this length: each parse has a fixed cost. */
const MIN_PART = 1_000;

function merged(starts: readonly number[], end: number): number[] {
  const kept: number[] = [];
  let last = -Infinity;
  for (const [index, start] of starts.entries()) {
    const next = starts[index + 1] ?? end;
    if (start > last && next - last <= MIN_PART) continue;
    kept.push(start);
    last = start;
  }
  return kept;
}

function partStarts(source: string): number[] {
  const { fences } = scanBlocks(source);
  const starts = [0];
  for (const { index } of source.matchAll(/\n[ \t]*\n(?=[^\s])/g)) {
    const start = source.indexOf("\n", index + 1) + 1;
    const around = fenceAround(fences, start);
    const inside = around ?? fences[countEnded(fences, start)];
    if (inside === undefined || start <= inside.start) starts.push(start);
  }
  return merged(starts, source.length);
}
