import { scanBlocks } from "./blocks.ts";
import type { Change } from "./rewrite.ts";

/** The narrowest white space. */
const HAIR_SPACE = "\u200a";

/** A mark between a letter and punctuation, where Markdown may not read it. */
const UNCLEAR =
  /[\p{L}\p{N}\p{M}](?:\*{1,3}|~~)[\p{P}\p{S}]|[\p{P}\p{S}](?:\*{1,3}|~~)[\p{L}\p{N}\p{M}]/u;

/** An escape, an address, code, a run of marks, or the end of a line. */
const TOKEN =
  /\\[^\n]|https?:\/\/(?:[^\s*]|\*(?=[\w]))*|(?<!`)(`+)(?!`)[^\n]{0,300}?(?<!`)\1(?!`)|\*+|~+|\n/g;

const LETTER = /[\p{L}\p{N}\p{M}]/u;
const SIGN = /[\p{P}\p{S}]/u;

/** What emphasis may begin and end with. */
const FIRST = /[\p{L}\p{N}\p{M}\p{So}\p{Ps}\p{Pi}"'`~_¿¡#@$<]/u;
const LAST = /[\p{L}\p{N}\p{M}\p{So}\p{Pe}\p{Pf}"'`~_.,;:!?…。、，：；！？%>]/u;

const ADDED =
  /(?<=[\p{P}\p{S}](?:\*{1,3}|~~))\u200a(?=[^*])|\u200a(?=(?:\*{1,3}|~~)[\p{P}\p{S}])/gu;

/** Takes the white space away again, for readers that need none. */
export function unflankingChanges(source: string): Change[] {
  if (!source.includes(HAIR_SPACE)) return [];
  return Array.from(source.matchAll(ADDED), ({ index }) => ({
    start: index,
    end: index + 1,
    text: "",
  }));
}

/** Where letters without spaces between words follow, anything may end emphasis, elsewhere only what ends a phrase. */
const LAST_BEFORE_ASCII = /[.,;:!?)\]"'。、，：；！？）】」』”’》]/;

interface Mark {
  readonly start: number;
  readonly end: number;
  /** A white space is needed outside of it. */
  readonly isUnclear: boolean;
}

/**
 * Separates marks from the letters outside them where Markdown would show the marks, as in `**Note:**text` or
 * `これは**「引用」**です`: many languages have no spaces between words. The marks of powers and arguments stay text.
 * https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run
 */
export function flankingChanges(source: string): Change[] {
  if (!UNCLEAR.test(source)) return [];
  const changes: Change[] = [];
  const open = new Map<string, Mark>();
  const { fences } = scanBlocks(source);
  let next = 0;
  for (const { 0: run, index: start } of source.matchAll(TOKEN)) {
    while ((fences[next]?.end ?? Infinity) <= start) next += 1;
    if (run === "\n" || (fences[next]?.start ?? Infinity) <= start) open.clear();
    else if (/^(?:\*{1,3}|~~)$/.test(run)) changes.push(...spaceChanges(source, run, start, open));
  }
  return changes;
}

function spaceChanges(
  source: string,
  run: string,
  start: number,
  open: Map<string, Mark>,
): Change[] {
  const end = start + run.length;
  const before = charBefore(source, start);
  const after = String.fromCodePoint(source.codePointAt(end) ?? 0x20);
  const opening = open.get(run);
  const endsUnclear = SIGN.test(before) && LETTER.test(after);
  const ends = endsUnclear && after < "\u0080" ? LAST_BEFORE_ASCII : LAST;
  if (opening !== undefined && opening.end < start && ends.test(before)) {
    open.delete(run);
    const added = [
      ...(opening.isUnclear ? [{ ...opening, text: HAIR_SPACE + run }] : []),
      ...(endsUnclear ? [{ start, end, text: run + HAIR_SPACE }] : []),
    ];
    return added.map(({ start: from, end: to, text }) => ({ start: from, end: to, text }));
  }
  const isUnclear = LETTER.test(before) && SIGN.test(after);
  if (FIRST.test(after) && !(isUnclear && before < "\u0080" && after < "\u0080"))
    open.set(run, { start, end, isUnclear });
  return [];
}

function charBefore(source: string, at: number): string {
  return Array.from(source.slice(Math.max(0, at - 2), at)).at(-1) ?? " ";
}
