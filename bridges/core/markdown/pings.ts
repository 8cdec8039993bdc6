import { decoded } from "./decoded.ts";
import type { Change } from "./rewrite.ts";

/** Invisible, and no line breaks at it. */
const WORD_JOINER = "\u2060";

/** Nothing can ping in a text without any of these: most texts. */
const SIGNS = /[@&<＠﹫＜﹤]/;

/** What pings on a platform. Each form begins with the sign that is separated from the rest. */
export interface Pings {
  /** Words that ping after an at sign. */
  readonly words: RegExp;
  /** The rest of a token after an angle bracket. */
  readonly tokens?: RegExp;
}

/**
 * Separates, by an invisible character, the first sign of all that could notify people from the rest, whatever
 * Markdown it is written in. Emphasis, escapes and references that decode to it count, and code does too: escapes would
 * be visible there.
 */
export function pingChanges(source: string, { words, tokens }: Pings): Change[] {
  if (!SIGNS.test(source)) return [];
  const { text, starts, ends } = decoded(source);
  const isApart = (at: number) => starts[at] !== ends[at - 1];
  const isPing = (at: number): boolean => {
    if (text[at] === "<") return tokens !== undefined && lengthAt(tokens, text, at + 1) > 0;
    const end = at + 1 + lengthAt(words, text, at + 1);
    if (end === at + 1 || (/[\p{L}\p{N}]/u.test(text.charAt(end)) && !isApart(end))) return false;
    // An address such as me@here.com.
    const isMail = /[A-Za-z\d]/.test(source.charAt((starts[at] ?? 0) - 1));
    return !(isMail && /^\.[A-Za-z]/.test(text.slice(end, end + 2)));
  };
  return Array.from(text.matchAll(/[@<]/g)).flatMap(({ index }) => {
    const [start, end] = [starts[index], ends[index]];
    if (start === undefined || end === undefined || !isPing(index)) return [];
    return [{ start, end, text: source.slice(start, end) + WORD_JOINER }];
  });
}

/** A text that notifies nobody. */
export function withoutPings(source: string, pings: Pings): string {
  const out: string[] = [];
  let at = 0;
  for (const { start, end, text } of pingChanges(source, pings)) {
    if (start < at) continue;
    out.push(source.slice(at, start), text);
    at = end;
  }
  return [...out, source.slice(at)].join("");
}

function lengthAt(form: RegExp, text: string, at: number): number {
  form.lastIndex = at;
  return form.exec(text)?.[0].length ?? 0;
}
