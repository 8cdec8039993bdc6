import { matchAt } from "./target.ts";

/**
 * The blocks of code that are code to every reader, in order. After anything unclear, such as HTML or back ticks within a
 * line, there are none: then links in code show their addresses too.
 */
export function blocksOfCode(source: string): { readonly start: number; readonly end: number }[] {
  const blocks: { start: number; end: number }[] = [];
  let start: number | undefined;
  for (const { 0: line, index } of source.matchAll(/^.*```.*$|^ {0,3}<.*$/gm)) {
    if (start === undefined) {
      if (!/^ {0,3}```[^`]*$/.test(line)) break;
      start = index;
    } else if (/^ {0,3}`{3,}[ \t\r]*$/.test(line)) {
      blocks.push({ start, end: index + line.length });
      start = undefined;
    } else if (line.includes("```")) break;
  }
  return blocks;
}

/** The most that code on a line may hold without counting as text. */
const MAX_CODE = 300;

/**
 * The end of code on one line. What may be code to one reader and text to another, counts as text: across lines, after
 * an angle bracket, or in two cells of a table.
 */
export function codeEnd(source: string, at: number): number {
  if (source[at] !== "`") return at + 1;
  let after = at;
  while (source[after] === "`") after += 1;
  const ticks = source.slice(at, after);
  const [line = ""] = source.slice(after, after + MAX_CODE).split("\n", 1);
  for (const { 0: run, index } of line.matchAll(/`+/g)) {
    if (run !== ticks) continue;
    const before = source.slice(Math.max(0, at - MAX_CODE), at);
    const isUnclear = before.slice(before.lastIndexOf("\n") + 1).includes("<");
    return isUnclear || line.slice(0, index).includes("|") ? after : after + index + run.length;
  }
  return after;
}

/** Tags, comments and addresses in angle brackets, as CommonMark reads them. */
const ANGLED =
  /<\/?[A-Za-z][A-Za-z\d-]{0,40}(?:\s(?:[^<>"']|"[^"]{0,500}"|'[^']{0,500}'){0,500})?\/?>|<!--[^]{0,1000}?-->|<[A-Za-z][A-Za-z\d+.-]{1,31}:[^\s<>]{0,1000}>/y;

/** The end of HTML, or of code that may be several lines long: brackets in them are no links' to most readers. */
export function hiddenEnd(source: string, at: number): number {
  if (source[at] === "<") return at + (matchAt(ANGLED, source, at)?.[0].length ?? 1);
  const ticks = matchAt(TICKS, source, at)?.[0] ?? "";
  const after = at + ticks.length;
  const [paragraph = ""] = source.slice(after, after + 3 * MAX_CODE).split(/\n[ \t]*\n/, 1);
  for (const { 0: run, index } of paragraph.matchAll(/`+/g))
    if (run === ticks) return after + index + run.length;
  return after;
}

const TICKS = /`+/y;
