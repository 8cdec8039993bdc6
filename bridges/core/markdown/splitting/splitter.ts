import type { Piece } from "../../../platform.ts";
import { type Blocks, type Line, scanBlocks } from "../blocks.ts";
import {
  type Container,
  continuation,
  hasItem,
  type Item,
  markOf,
  pathOf,
  reopen,
} from "../containers.ts";
import {
  findBreak,
  fenceAcross,
  graphemeBreak,
  lastLineOfCode,
  lineIndex,
} from "./break_points.ts";
import { type Fence, fenceAround } from "../fences.ts";

const MIN_LIMIT = 128;

/** Wider indentation is dropped at the beginning of a piece. */
const MAX_INDENT = 40;

/** The marks at the beginning of a piece, before the text copied from the source. */
interface Head {
  readonly text: string;
  /** Where copying begins, and where the first line's own text begins: no break before that. */
  readonly from: number;
  readonly low: number;
  /** Lines that must move to the right, because their item's number is wider than in the source. */
  readonly shift?: Shift | undefined;
}

interface Shift {
  readonly item: Item;
  readonly by: number;
}

/** A piece, the offset of the break that ends it, and the earliest offset at which it could have ended. */
export interface SplitPiece extends Piece {
  readonly breakAt: number;
  readonly low: number;
}

/**
 * Splits Markdown piece by piece. Prefers breaks between paragraphs, then before list items and lines of quotes, then
 * between lines, sentences and words. A code block stays whole if it fits in a piece. Code blocks, quotes and list items
 * that are split are reopened in the next piece: an item with its number and "…". Each piece depends on its offset alone,
 * so splitting again from a piece's `upTo` gives the rest (docs/races.md#a-long-reply-resumes). Only white space and quote
 * marks at a break are left out. Linear time.
 */
export class Splitter {
  readonly #source: string;
  readonly #blocks: Blocks;
  /** The end of the last line that is not blank. */
  readonly #contentEnd: number;

  constructor(source: string) {
    this.#source = source;
    this.#blocks = scanBlocks(source);
    const last = this.#blocks.lines.findLast(({ kind }) => kind !== "blank");
    this.#contentEnd = Math.min(last?.end ?? 0, source.trimEnd().length);
  }

  /** The piece at `from`: at most `limit` (128 or more) UTF-16 units, not beyond `latest`. Undefined: nothing is left. */
  next(from: number, limit: number, latest = this.#source.length): SplitPiece | undefined {
    if (limit < MIN_LIMIT) throw new RangeError(`a piece needs room for ${MIN_LIMIT} characters`);
    const at = this.#begin(from);
    if (at >= this.#contentEnd) return undefined;
    const head = this.#head(at, limit);
    const stop = Math.min(this.#contentEnd, latest);
    const room = limit - head.text.length - this.#reserve(head, limit);
    const fits = stop - head.from + tailOf(this.#fenceAt(stop), limit).length <= room;
    const breakAt = fits && stop > head.low ? stop : this.#findBreak(at, head, room, limit);
    const upTo = this.#begin(breakAt);
    return {
      text: head.text + this.#copy(head, breakAt) + tailOf(this.#fenceAt(breakAt), limit),
      upTo: upTo >= this.#contentEnd ? this.#source.length : upTo,
      breakAt,
      low: head.low,
    };
  }

  /** The first character of the piece that begins at `offset`: not white space, and not a closing line. */
  #begin(offset: number): number {
    const fence = this.#fenceAt(offset);
    if (fence === undefined) return this.#skipBlank(offset);
    if (fence.isEndless) return offset;
    return offset >= fence.close ? this.#skipBlank(fence.end) : offset;
  }

  /** Skips white space and blank lines, but not the indentation of the next line. */
  #skipBlank(from: number): number {
    const { lines } = this.#blocks;
    let index = lineIndex(lines, from);
    const first = lines[index];
    if (first === undefined) return this.#source.length;
    const rest = skipSpace(this.#source, from, first.end);
    if (rest < first.end && first.kind !== "blank") {
      const isIndent = rest <= first.text && from - first.start < MAX_INDENT;
      const isWide =
        rest - first.start > MAX_INDENT && this.#source.slice(first.start, rest).trim() === "";
      return isIndent && !isWide ? first.start : rest;
    }
    do index += 1;
    while (lines[index]?.kind === "blank");
    const line = lines[index];
    return line === undefined ? this.#source.length : this.#skipBlank(line.start);
  }

  #head(at: number, limit: number): Head {
    const line = this.#lineAt(at);
    const fence = this.#fenceAt(at);
    const low = Math.max(at, line.text);
    const head = fence === undefined ? this.#textHead(at, line) : codeHead(at, line, fence);
    // Marks may take at most half of a piece.
    const added = head.text.length + tailOf(fence, limit).length + this.#reserve(head, limit);
    if (added <= limit / 2) return head;
    return { text: fence === undefined ? "" : `${fence.open}\n`, from: at, low };
  }

  #textHead(at: number, line: Line): Head {
    const { outer, begun } = line;
    if (at > line.text)
      return { text: reopen(line.inner, "text"), from: at, low: at, shift: shiftOf(line.inner) };
    const low = line.text;
    if (line.isLazy) return { text: reopen(outer, "text"), from: low, low };
    const isText = begun === undefined && line.kind === "text";
    const continues = hasItem(outer);
    const next = isText ? "text" : begun?.kind === "item" ? begun : "block";
    const around = continues ? reopen(outer, next) : "";
    const shift = shiftOf(outer);
    if (begun?.kind === "item" && begun.number !== begun.written) {
      const before = continues ? "" : this.#source.slice(line.start, line.outerText);
      const text = around + before + markOf(begun);
      return { text, from: begun.content, low, shift: shift ?? shiftOf(begun) };
    }
    const start = continues ? line.outerText : line.start;
    // Wide indentation would leave the piece no room for text.
    const isWide = at - start > MAX_INDENT && this.#source.slice(start, at).trim() === "";
    return { text: around, from: isWide ? at : start, low, shift };
  }

  #findBreak(at: number, head: Head, room: number, limit: number): number {
    const end = head.from + room;
    const fence = fenceAcross(this.#blocks.fences, end);
    const low = Math.max(head.low, fence?.body ?? 0);
    if (fence !== undefined) {
      const mayBreakBefore = fence.start > at && this.#source.slice(at, fence.start).trim() !== "";
      if (mayBreakBefore && this.#isWhole(fence, limit)) return fence.start;
      const last = end - tailOf(fence, limit).length;
      const least = Math.max(low, this.#lineAt(low).text);
      const line = lastLineOfCode(this.#source, fence, least, last) ?? 0;
      if (line > least) return line;
      if (mayBreakBefore) return fence.start;
      return graphemeBreak(this.#source, least, Math.min(last, fence.close));
    }
    const span = { low, end, half: head.from + room / 2, quarter: head.from + room / 4 };
    const breakAt = findBreak(this.#source, this.#blocks, span);
    // No break within the marks of a line.
    const line = this.#lineAt(breakAt);
    return breakAt > line.start && breakAt <= line.text && line.start > low ? line.start : breakAt;
  }

  /** Whether a block fits in a piece of its own. */
  #isWhole(fence: Fence, limit: number): boolean {
    const head = this.#head(fence.start, limit);
    const tail = fence.isEndless ? tailOf(fence, limit).length : 0;
    return head.text.length + fence.end - head.from + tail <= limit;
  }

  #copy({ from, shift }: Head, breakAt: number): string {
    const { lines } = this.#blocks;
    const fence = this.#fenceAt(breakAt);
    const end = fence === undefined ? this.#textEnd(breakAt) : breakAt;
    if (shift === undefined) return trimmed(this.#source.slice(from, end), fence);
    const out: string[] = [];
    const first = lineIndex(lines, from);
    const isCode = lines[first]?.kind === "code" && lines[first].start === from;
    for (let index = first; index < lines.length; index += 1) {
      const line = lines[index];
      if (line === undefined || line.start >= end) break;
      const text = this.#source.slice(Math.max(from, line.start), Math.min(end, line.end + 1));
      out.push(index > first || isCode ? moved(text, line, shift) : text);
    }
    return trimmed(out.join(""), fence);
  }

  /** How much white space a shift adds. */
  #reserve({ from, shift }: Head, limit: number): number {
    if (shift === undefined) return 0;
    const { lines } = this.#blocks;
    const first = lineIndex(lines, from);
    let count = 0;
    for (let index = first; index < lines.length; index += 1) {
      const line = lines[index];
      if (line === undefined || line.start > from + limit) break;
      if (pathOf(line.inner).includes(shift.item)) count += 1;
    }
    return count * shift.by;
  }

  /** The end of the text before a break, without blank lines. */
  #textEnd(breakAt: number): number {
    const { lines } = this.#blocks;
    let index = lineIndex(lines, breakAt);
    if (lines[index]?.start !== breakAt) return breakAt;
    do index -= 1;
    while (lines[index]?.kind === "blank");
    return lines[index]?.end ?? breakAt;
  }

  #fenceAt(offset: number): Fence | undefined {
    return fenceAround(this.#blocks.fences, offset);
  }

  #lineAt(offset: number): Line {
    const { lines } = this.#blocks;
    const line = lines[lineIndex(lines, offset)];
    if (line === undefined) throw new RangeError("a text without lines has no pieces");
    return line;
  }
}

function codeHead(at: number, line: Line, fence: Fence): Head {
  const isInLine = at > line.text;
  const margin = isInLine ? continuation(fence.container) : "";
  const text = `${reopen(fence.container, "block")}${fence.open}\n${margin}`;
  const from = isInLine ? at : line.start;
  return { text, from, low: Math.max(at, line.text), shift: shiftOf(fence.container) };
}

/** The line that closes a block that continues in the next piece. */
function tailOf(fence: Fence | undefined, limit: number): string {
  if (fence === undefined) return "";
  const margin = continuation(fence.container);
  return `\n${margin.length > limit / 8 ? "" : margin}${fence.marker}`;
}

/** The outermost item whose mark is wider than in the source. */
function shiftOf(innermost: Container | undefined): Shift | undefined {
  for (const each of pathOf(innermost)) {
    if (each.kind !== "item") continue;
    const by = markOf(each).length - each.width;
    if (by > 0) return { item: each, by };
  }
  return undefined;
}

/** A further line of a shifted item, moved to the right after the marks of the quotes around it. */
function moved(text: string, line: Line, { item, by }: Shift): string {
  const path = pathOf(line.inner);
  const depth = path.indexOf(item);
  if (depth === -1 || line.isLazy || text.trim() === "") return text;
  const quotes = path.slice(0, depth).filter(({ kind }) => kind === "quote").length;
  const marks = new RegExp(`^(?:[ \\t]*>[ ]?){${String(quotes)}}`).exec(text)?.[0] ?? "";
  return marks + " ".repeat(by) + text.slice(marks.length);
}

function trimmed(text: string, fence: Fence | undefined): string {
  return fence === undefined ? text.trimEnd() : text.replace(/\n$/, "");
}

function skipSpace(source: string, from: number, end: number): number {
  let at = from;
  while (at < end && /\s/.test(source.charAt(at))) at += 1;
  return at;
}
