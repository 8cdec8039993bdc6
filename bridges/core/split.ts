import type { Piece } from "../platform.ts";
import { countEnded, type Fence, fenceAround, findFences } from "./fences.ts";

const MIN_LIMIT = 128;

/**
 * Cuts Markdown from offset `from` into pieces of at most `limit` UTF-16 units (at least 128). Prefers to cut
 * between paragraphs, then lines, sentences, words; a code block stays whole where it fits in a piece, else
 * it is closed and opened again in the next one. Each piece follows from its offset alone, so starting again
 * at a piece's `upTo` gives the rest [C5]. Only white space at a cut is left out. Takes linear time.
 */
export function splitMarkdown(source: string, from: number, limit: number): Piece[] {
  if (limit < MIN_LIMIT) throw new RangeError(`a piece needs room for ${MIN_LIMIT} characters`);
  const fences = findFences(source);
  const contentEnd = source.trimEnd().length;
  const pieces: Piece[] = [];
  const add = (text: string, upTo: number) => {
    const last = text.trim() === "" ? pieces.pop() : undefined;
    if (text.trim() !== "") pieces.push({ text, upTo });
    else if (last !== undefined) pieces.push({ ...last, upTo });
  };
  let at = fenceAround(fences, from) === undefined ? skipBlank(source, from) : from;
  while (at < contentEnd) {
    const around = fenceAround(fences, at);
    const prefix = around === undefined ? "" : `${around.open}\n`;
    const room = limit - prefix.length;
    const unclosed = fenceAround(fences, contentEnd);
    const ending = unclosed === undefined ? "" : `\n${unclosed.marker}`;
    if (contentEnd - at + ending.length <= room) {
      add(prefix + source.slice(at, contentEnd) + ending, source.length);
      break;
    }
    const cut = findCut(source, fences, at, room, limit);
    const open = fenceAround(fences, cut);
    const text = source.slice(at, cut);
    if (open === undefined) {
      at = skipBlank(source, cut);
      add(prefix + text.trimEnd(), at);
    } else {
      at = skipClosing(source, open, cut);
      add(`${prefix}${text.replace(/\n$/, "")}\n${open.marker}`, at);
    }
  }
  return pieces;
}

/** An offset after `at`, at most `room` further, where the source is best cut. */
function findCut(
  source: string,
  fences: readonly Fence[],
  at: number,
  room: number,
  limit: number,
): number {
  const end = at + room;
  const cutOff = fences[countEnded(fences, end + 1)] ?? fences.at(-1);
  if (
    cutOff !== undefined &&
    cutOff.start < end &&
    (end < cutOff.end || cutOff.close === cutOff.end)
  )
    return cutAtFence(source, cutOff, at, end, limit);
  const ended = fences[countEnded(fences, end + 1) - 1]?.end ?? at;
  const codeEnd = ended > at ? ended : undefined;
  const low = codeEnd ?? at;
  const half = at + room / 2;
  const paragraph = lastBreak(source, low, end, "\n\n");
  if (paragraph >= half) return paragraph;
  const line = lastBreak(source, low, end, "\n");
  if (line >= half) return line;
  if (codeEnd !== undefined && codeEnd >= half) return codeEnd;
  const sentence = lastSentence(source, low, end);
  if (sentence >= half) return sentence;
  if (line >= at + room / 4) return line;
  const word = lastWord(source, low, end);
  if (word > low) return word;
  return codeEnd ?? graphemeBreak(source, at, end);
}

function cutAtFence(source: string, fence: Fence, at: number, end: number, limit: number): number {
  const unclosed = fence.close === fence.end;
  const whole = fence.end - fence.start + (unclosed ? fence.marker.length + 1 : 0);
  const mayCutBefore = source.slice(at, fence.start).trim() !== "" && fence.start > at;
  if (mayCutBefore && whole <= limit) return fence.start;
  const last = end - fence.marker.length - 1;
  const low = Math.max(at, fence.body);
  const line = Math.min(lastBreak(source, low, last + 1, "\n"), fence.close);
  if (line > low) return line;
  if (mayCutBefore) return fence.start;
  return graphemeBreak(source, low, Math.min(last, fence.close));
}

/** The offset after the last `mark` that ends in (low, end]; `low` if there is none. */
function lastBreak(source: string, low: number, end: number, mark: string): number {
  const found = source.slice(low, end).lastIndexOf(mark);
  return found === -1 ? low : low + found + mark.length;
}

/** A point after a digit ends no sentence: it may number an item of a list. */
function lastSentence(source: string, low: number, end: number): number {
  for (let cut = end; cut > low; cut--) {
    const before = source.charAt(cut - 1);
    if ("。！？".includes(before)) return cut;
    if (
      /\s/.test(before) &&
      /(?:[^\s\d]\.|[!?…:])[)\]"'*_]{0,3}$/.test(source.slice(Math.max(low, cut - 6), cut - 1))
    )
      return cut;
  }
  return low;
}

function lastWord(source: string, low: number, end: number): number {
  if (/\s/.test(source.charAt(end))) return end;
  for (let cut = end; cut > low; cut--) if (/\s/.test(source.charAt(cut - 1))) return cut;
  return low;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The last place in (low, end] between two characters as people see them; never inside a surrogate pair. */
function graphemeBreak(source: string, low: number, end: number): number {
  const found = graphemes.segment(source.slice(low, end + 32)).containing(end - low)?.index ?? 0;
  if (found > 0) return low + found;
  const code = source.charCodeAt(end);
  return code >= 0xdc00 && code <= 0xdfff && end - 1 > low ? end - 1 : end;
}

/** Past white space and empty lines, but not into the indentation of the line that follows them. */
function skipBlank(source: string, from: number): number {
  const rest = /\S/g;
  rest.lastIndex = from;
  const next = rest.exec(source)?.index ?? source.length;
  if (next === source.length) return next;
  const lineStart = source.lastIndexOf("\n", next - 1) + 1;
  const atLineStart = from === 0 || source.charAt(from - 1) === "\n";
  return lineStart > from ? lineStart : atLineStart ? from : next;
}

/** Where the next piece begins after a cut in a block: not in front of nothing but its closing line. */
function skipClosing(source: string, fence: Fence, cut: number): number {
  if (fence.close === fence.end) return source.slice(cut).trim() === "" ? source.length : cut;
  return cut >= fence.close ? skipBlank(source, fence.end) : cut;
}
