import type { Blocks, Line } from "../blocks.ts";
import { countEnded, type Fence } from "../fences.ts";
import { spanAround } from "./spans.ts";

/** Where a text may be broken: after `low`, and no later than `end`. A break in the first half is a last resort. */
export interface Span {
  readonly low: number;
  readonly end: number;
  readonly half: number;
  readonly quarter: number;
}

/** The places before a line, best first. */
const RANKS = ["paragraph", "inner paragraph", "item", "quoted line", "line"] as const;
type Rank = (typeof RANKS)[number];

/**
 * The best place to break text: between paragraphs, otherwise before a list item or a line of a quote, otherwise between
 * lines, sentences, words or characters. Takes time in proportion to the span.
 */
export function findBreak(source: string, { lines, fences }: Blocks, span: Span): number {
  const { end, half, quarter } = span;
  const ended = fences[countEnded(fences, end + 1) - 1]?.end ?? 0;
  const codeEnd = ended > span.low ? ended : undefined;
  const low = codeEnd ?? span.low;
  const best = lineStarts(lines, low, end, quarter);
  for (const rank of RANKS) {
    const found = best.get(rank) ?? -1;
    if (found >= half) return found;
  }
  if (codeEnd !== undefined && codeEnd >= half) return codeEnd;
  const sentence = sentenceOutside(source, low, end);
  if (sentence >= half) return sentence;
  const line = Math.max(-1, ...best.values());
  if (line > low) return line;
  const word = lastWord(source, low, end, half);
  if (word === undefined) return codeEnd ?? graphemeBreak(source, low, end);
  const whole = spanAround(source, low, word);
  return whole === undefined || readsAsBlock(source, whole) ? word : whole;
}

/** How many sentences are tried before a word is good enough: each attempt reads the whole piece. */
const MAX_SENTENCES = 8;

/** The end of the last sentence that is outside links, code and emphasis. */
function sentenceOutside(source: string, low: number, end: number): number {
  let before = end;
  for (let tries = 0; tries < MAX_SENTENCES; tries += 1) {
    const breakAt = lastSentence(source, low, before);
    const whole = breakAt > low ? spanAround(source, low, breakAt) : undefined;
    if (whole === undefined) return breakAt;
    before = whole;
  }
  return low;
}

/** The last line of each rank that begins in (low, end + 1], not before `least`. */
function lineStarts(
  lines: readonly Line[],
  low: number,
  end: number,
  least: number,
): Map<Rank, number> {
  const best = new Map<Rank, number>();
  for (let index = lineIndex(lines, end + 1); index > 0; index -= 1) {
    const line = lines[index];
    const before = lines[index - 1];
    if (line === undefined || line.start <= low || line.start < least) break;
    // A heading stays with the text below it.
    const isAfterHeading = before?.kind === "heading" || isHeading(lines[index - 2], before);
    if (line.kind === "blank" || isAfterHeading) continue;
    const rank = rankOf(line, before);
    if (!best.has(rank)) best.set(rank, line.start);
    if (best.has("paragraph")) break;
  }
  return best;
}

function isHeading(line: Line | undefined, blank: Line | undefined): boolean {
  return blank?.kind === "blank" && line?.kind === "heading";
}

function rankOf(line: Line, before: Line | undefined): Rank {
  if (before?.kind === "blank") return line.outer === undefined ? "paragraph" : "inner paragraph";
  if (line.begun?.kind === "item") return "item";
  return line.outer?.kind === "quote" ? "quoted line" : "line";
}

/** The index of the line that holds `offset`, its line break included. */
export function lineIndex(lines: readonly Line[], offset: number): number {
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The code block that a break at `end` would split. */
export function fenceAcross(fences: readonly Fence[], end: number): Fence | undefined {
  const fence = fences[countEnded(fences, end + 1)] ?? fences.at(-1);
  if (fence === undefined || fence.start >= end) return undefined;
  return end < fence.end || fence.isEndless ? fence : undefined;
}

/** The offset after the last line break of a block's code in (low, end]. */
export function lastLineOfCode(
  source: string,
  fence: Fence,
  low: number,
  end: number,
): number | undefined {
  const found = source.slice(low, end + 1).lastIndexOf("\n");
  return found === -1 ? undefined : Math.min(low + found + 1, fence.close);
}

/** Text that would start a block at the beginning of a line. */
const BLOCK = /^(?:[-+*](?:\s|$)|#{1,6}(?:\s|$)|\d{1,9}[.)](?:\s|$)|>|`{3}|~{3}|\||-# )/;

function readsAsBlock(source: string, breakAt: number): boolean {
  return BLOCK.test(source.slice(breakAt, breakAt + 16).trimStart());
}

/** A full stop after a digit ends no sentence: it may number a list item. */
function lastSentence(source: string, low: number, end: number): number {
  for (let breakAt = end; breakAt > low; breakAt--) {
    const before = source.charAt(breakAt - 1);
    if ("。！？".includes(before) && !/[。！？」』）]/.test(source.charAt(breakAt))) return breakAt;
    if (
      /\s/.test(before) &&
      /(?:[^\s\d]\.|[!?…:؟।။។])[)\]"'*_]{0,3}$/.test(
        source.slice(Math.max(low, breakAt - 6), breakAt - 1),
      ) &&
      !readsAsBlock(source, breakAt)
    )
      return breakAt;
  }
  return low;
}

const words = new Intl.Segmenter(undefined, { granularity: "word" });

/**
 * If there is no space in this many characters, words are segmented: Thai, Chinese and others are written without
 * spaces.
 */
const WORD_WINDOW = 160;

function lastWord(source: string, low: number, end: number, half: number): number | undefined {
  const space = lastSpace(source, low, end);
  if (space !== undefined && space >= half) return space;
  const from = Math.max(low, end - WORD_WINDOW);
  const segments = words.segment(source.slice(from, end + 32));
  const breakAt = from + (segments.containing(end - from)?.index ?? 0);
  if (
    breakAt > from &&
    graphemeBreak(source, low, breakAt) === breakAt &&
    !readsAsBlock(source, breakAt)
  )
    return breakAt;
  return space;
}

function lastSpace(source: string, low: number, end: number): number | undefined {
  let any: number | undefined;
  for (let breakAt = end + 1; breakAt > low; breakAt--) {
    if (!/\s/.test(source.charAt(breakAt - 1))) continue;
    if (!readsAsBlock(source, breakAt)) return breakAt;
    any ??= breakAt;
  }
  return any;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The last offset in (low, end] between two grapheme clusters; never inside a surrogate pair. */
export function graphemeBreak(source: string, low: number, end: number): number {
  const found = graphemes.segment(source.slice(low, end + 32)).containing(end - low)?.index ?? 0;
  if (found > 0) return low + found;
  const code = source.charCodeAt(end);
  return code >= 0xdc00 && code <= 0xdfff && end - 1 > low ? end - 1 : end;
}
