import { decoded } from "./decoded.ts";
import { type Change, Rewritten } from "../rewrite.ts";
import { matchAt } from "./target.ts";

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
    // An identifier such as @here_doc: an underscore within a word is no emphasis.
    const after = ends[end - 1] ?? 0;
    if (/^_+[\p{L}\p{N}]/u.test(source.slice(after, after + 20))) return false;
    // An address such as me@here.com.
    const start = starts[at] ?? 0;
    const isMail = /[\p{L}\p{M}\p{N}_+-]$/u.test(source.slice(Math.max(0, start - 2), start));
    return !(isMail && /^(?:-[\p{L}\p{N}-]{1,60})?\.\p{L}/u.test(text.slice(end, end + 64)));
  };
  const shown = Array.from(text.matchAll(/[@<]/g)).flatMap(({ index }) => {
    const [start, end] = [starts[index], ends[index]];
    if (start === undefined || end === undefined || !isPing(index)) return [];
    return [{ start, end, text: source.slice(start, end) + WORD_JOINER }];
  });
  return [...shown, ...hiddenPings(source, words)];
}

/** Those in what Markdown does not show, such as the title of a link. Addresses stay as they are. */
function hiddenPings(source: string, words: RegExp): Change[] {
  const signs = source.matchAll(/(?<![\p{L}\p{M}\p{N}_/.%+=&?#]|[\p{L}\p{N}]-)[@＠]/gu);
  return Array.from(signs).flatMap(({ 0: sign, index: start }) => {
    const rest = source.slice(start + 1, start + 40).normalize("NFKC");
    const length = lengthAt(words, rest, 0);
    const isPing = length > 0 && !/^_*[\p{L}\p{N}]/u.test(rest.slice(length));
    return isPing ? [{ start, end: start + 1, text: sign + WORD_JOINER }] : [];
  });
}

/** A text that notifies nobody. */
export function withoutPings(source: string, pings: Pings): string {
  return new Rewritten(source, pingChanges(source, pings)).text;
}

function lengthAt(form: RegExp, text: string, at: number): number {
  return matchAt(form, text, at)?.[0].length ?? 0;
}
