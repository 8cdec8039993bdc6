import type { Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { scanBlocks } from "./blocks.ts";
import { countEnded, fenceAround } from "./fences.ts";

/** A part of a text that stands for itself, as a tree. Its positions count from `start`. */
export interface Part {
  readonly start: number;
  readonly source: string;
  readonly tree: Root;
}

/** Parsing takes more than linear time for some texts; a part so long is left as it is. */
const MAX_PART = 8_000;

/** Nobody reads on so far, and parsing more would hold up the process for seconds. What follows is left as it is. */
const MAX_TEXT = 40_000;

/** Quotes and lists in each other, deeper than anybody writes. */
const TOO_DEEP = /^(?:[ \t]*(?:[>*+-]|\d{1,9}[.)])){16}/m;

/** The text's Markdown, part by part, where a blank line parts what begins at the margin. Linear time. */
export function parseParts(source: string): Part[] {
  const starts = partStarts(source);
  return starts.flatMap((start, index) => {
    const part = source.slice(start, starts[index + 1] ?? source.length);
    if (start >= MAX_TEXT || part.length > MAX_PART) return [];
    if (part.trim() === "" || TOO_DEEP.test(part)) return [];
    const tree = fromMarkdown(part, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
    return [{ start, source: part, tree }];
  });
}

/** Small parts are parsed together: each parse costs something of its own. */
const GATHERED = 1_000;

function gathered(starts: readonly number[], end: number): number[] {
  const kept: number[] = [];
  let last = -Infinity;
  for (const [index, start] of starts.entries()) {
    const next = starts[index + 1] ?? end;
    if (start > last && next - last <= GATHERED) continue;
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
  return gathered(starts, source.length);
}
