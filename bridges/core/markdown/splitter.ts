import type { Piece } from "../../platform.ts";
import { type Blocks, type Line, scanBlocks } from "./blocks.ts";
import {
  type Container,
  continuation,
  hasItem,
  type Item,
  markOf,
  pathOf,
  reopen,
} from "./containers.ts";
import {
  findBreak,
  fenceAcross,
  graphemeBreak,
  lastLineOfCode,
  lineIndex,
} from "./break_points.ts";
import { type Fence, fenceAround } from "./fences.ts";

const MIN_LIMIT = 128;

/** Wider indentation is not kept at the beginning of a piece. */
const MAX_INDENT = 40;

/** What a piece begins with, before what is copied from the source. */
interface Head {
  readonly text: string;
  /** Where copying begins, and where the first line's own text does: no cut before that. */
  readonly from: number;
  readonly low: number;
  /** Lines that have to move to the right: their item's number is wider than it was written. */
  readonly shift?: Shift | undefined;
}

interface Shift {
  readonly item: Item;
  readonly by: number;
}

/**
 * Cuts Markdown from offset `from` into pieces of at most `limit` UTF-16 units (at least 128). Prefers to cut between
 * paragraphs, then items of lists and lines of quotes, then lines, sentences, words; a code block stays whole where it
 * fits in a piece. What is cut in two, code blocks, quotes and list items, is opened again in the next piece: an item with
 * its number and "…". Each piece follows from its offset alone, so starting again at a piece's `upTo` gives the rest
 * [C5]. Only white space and marks of quotes at a cut are left out. Takes linear time.
 */
export function splitMarkdown(source: string, from: number, limit: number): Piece[] {
  const splitter = new Splitter(source);
  const pieces: Piece[] = [];
  for (let at = from; ;) {
    const piece = splitter.next(at, limit);
    if (piece === undefined) return pieces;
    at = piece.upTo;
    pieces.push({ text: piece.text, upTo: at });
  }
}

/** A piece, the offset of the break that ends it, and the earliest offset at which it could have ended. */
export interface SplitPiece extends Piece {
  readonly breakAt: number;
  readonly low: number;
}

/** A text that is cut piece by piece. */
export class Splitter {
  readonly #source: string;
  readonly #blocks: Blocks;
  /** Where the last line that says something ends. */
  readonly #contentEnd: number;

  constructor(source: string) {
    this.#source = source;
    this.#blocks = scanBlocks(source);
    const last = this.#blocks.lines.findLast(({ kind }) => kind !== "blank");
    this.#contentEnd = Math.min(last?.end ?? 0, source.trimEnd().length);
  }

  /** The piece at `from`, of at most `limit` units, that ends at `latest` at the latest. `undefined`: nothing is left. */
  next(from: number, limit: number, latest = this.#source.length): SplitPiece | undefined {
    if (limit < MIN_LIMIT) throw new RangeError(`a piece needs room for ${MIN_LIMIT} characters`);
    const at = this.#begin(from);
    if (at >= this.#contentEnd) return undefined;
    const head = this.#head(at, limit);
    const stop = Math.min(this.#contentEnd, latest);
    const room = limit - head.text.length - this.#reserve(head, limit);
    const fits = stop - head.from + tailOf(this.#fenceAt(stop), limit).length <= room;
    const cut = fits && stop > head.low ? stop : this.#cut(at, head, room, limit);
    const upTo = this.#begin(cut);
    return {
      text: head.text + this.#copy(head, cut) + tailOf(this.#fenceAt(cut), limit),
      upTo: upTo >= this.#contentEnd ? this.#source.length : upTo,
      breakAt: cut,
      low: head.low,
    };
  }

  /** Where the piece that begins at `offset` has its first character: not at white space, nor before a closing line. */
  #begin(offset: number): number {
    const fence = this.#fenceAt(offset);
    if (fence === undefined) return this.#skipBlank(offset);
    if (fence.isEndless) return offset;
    return offset >= fence.close ? this.#skipBlank(fence.end) : offset;
  }

  /** Past white space and blank lines, but not into the indentation of the line that follows them. */
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
    // Marks may take half of a piece at most.
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
    const goesOn = hasItem(outer);
    const next = isText ? "text" : begun?.kind === "item" ? begun : "block";
    const around = goesOn ? reopen(outer, next) : "";
    const shift = shiftOf(outer);
    if (begun?.kind === "item" && begun.number !== begun.written) {
      const before = goesOn ? "" : this.#source.slice(line.start, line.outerText);
      const text = around + before + markOf(begun);
      return { text, from: begun.content, low, shift: shift ?? shiftOf(begun) };
    }
    return { text: around, from: goesOn ? line.outerText : line.start, low, shift };
  }

  #cut(at: number, head: Head, room: number, limit: number): number {
    const end = head.from + room;
    const fence = fenceAcross(this.#blocks.fences, end);
    const low = Math.max(head.low, fence?.body ?? 0);
    if (fence !== undefined) {
      const mayCutBefore = fence.start > at && this.#source.slice(at, fence.start).trim() !== "";
      if (mayCutBefore && this.#isWhole(fence, limit)) return fence.start;
      const last = end - tailOf(fence, limit).length;
      const least = Math.max(low, this.#lineAt(low).text);
      const line = lastLineOfCode(this.#source, fence, least, last) ?? 0;
      if (line > least) return line;
      if (mayCutBefore) return fence.start;
      return graphemeBreak(this.#source, least, Math.min(last, fence.close));
    }
    const span = { low, end, half: head.from + room / 2, quarter: head.from + room / 4 };
    const cut = findBreak(this.#source, this.#blocks, span);
    // The marks of a line are no text to cut in.
    const line = this.#lineAt(cut);
    return cut > line.start && cut <= line.text && line.start > low ? line.start : cut;
  }

  /** Whether a block fits in a piece of its own. */
  #isWhole(fence: Fence, limit: number): boolean {
    const head = this.#head(fence.start, limit);
    const tail = fence.isEndless ? tailOf(fence, limit).length : 0;
    return head.text.length + fence.end - head.from + tail <= limit;
  }

  #copy({ from, shift }: Head, cut: number): string {
    const { lines } = this.#blocks;
    const fence = this.#fenceAt(cut);
    const end = fence === undefined ? this.#textEnd(cut) : cut;
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

  /** Room for the white space that a shift adds. */
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

  /** Where the text before a cut ends, without blank lines. */
  #textEnd(cut: number): number {
    const { lines } = this.#blocks;
    let index = lineIndex(lines, cut);
    if (lines[index]?.start !== cut) return cut;
    do index -= 1;
    while (lines[index]?.kind === "blank");
    return lines[index]?.end ?? cut;
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

/** The line that closes a block which goes on in the next piece. */
function tailOf(fence: Fence | undefined, limit: number): string {
  if (fence === undefined) return "";
  const margin = continuation(fence.container);
  return `\n${margin.length > limit / 8 ? "" : margin}${fence.marker}`;
}

/** The outermost item whose mark is wider now than in the source. */
function shiftOf(innermost: Container | undefined): Shift | undefined {
  for (const each of pathOf(innermost)) {
    if (each.kind !== "item") continue;
    const by = markOf(each).length - each.width;
    if (by > 0) return { item: each, by };
  }
  return undefined;
}

/** A further line of a shifted item, moved to the right behind the marks of the quotes around. */
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
