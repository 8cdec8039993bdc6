import { characterOf, ENTITY } from "../../core/markdown/entities.ts";
import type { Change } from "../../core/markdown/rewrite.ts";

/** An address, an escape, a reference to a character, or signs that could format on Discord. */
const SIGN = new RegExp(
  [
    /https?:\/\/[^\s<]+/,
    /\\([^]|$(?!\n))/,
    ENTITY,
    /(?<sign>[*_~|])\k<sign>*/,
    /`+/,
    /-(?=# )(?<=^[ \t>]*-)/,
    /#{1,3}(?= )(?<=^[ \t>]*#{1,3})/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gm",
);

type Range = Pick<Change, "start" | "end">;

interface Around {
  /** The text is emphasized, so that even an asterisk between spaces would end that. */
  readonly inMarks: boolean;
  /** An underscore, which may be in code, could end what one within a word begins. */
  readonly endsItalic: boolean;
  /** See `spoilersIn`. */
  readonly spoilers: ReadonlyMap<number, string>;
}

/**
 * Escapes what is text in Markdown and would format on Discord, which reads marks by simpler rules: two signs of a kind
 * anywhere in a message are a pair. It decodes no references either, and takes a back slash before any sign for an escape.
 */
export function textChanges(source: string, range: Range, around: Around): Change[] {
  const from = range.start;
  const text = source.slice(from, range.end);
  const meant = pairsIn(text, BESIDE_EMOJI);
  const urlEnd = restOfUrl(source, from);
  return Array.from(text.matchAll(SIGN)).flatMap((found): Change[] => {
    const start = from + found.index;
    const end = start + found[0].length;
    if (start < urlEnd) return [];
    const shown =
      meant.get(found.index) ??
      around.spoilers.get(start) ??
      shownAs(found, around, source.charAt(start - 1) + source.charAt(end));
    return shown === undefined || shown === found[0] ? [] : [{ start, end, text: shown }];
  });
}

/** The bars of a text that hide what is between them on Discord, by their offsets. */
export function spoilersIn(source: string): Map<number, string> {
  // A pair does not end in code.
  return pairsIn(
    source.replace(CODE, (code) => "x".repeat(code.length)),
    SPOILER,
  );
}

const CODE = /(?<!`)(`+)(?!`)[^\n]{0,1000}?(?<!`)\1(?!`)/g;

/** The signs of pairs that Discord shows as they are meant, although Markdown does not read them. */
function pairsIn(text: string, form: RegExp): Map<number, string> {
  const pairs = new Map<number, string>();
  for (const { 0: pair, 1: sign = "", index } of text.matchAll(form)) {
    const shown = sign === "__" ? "**" : sign;
    pairs.set(index, shown);
    pairs.set(index + pair.length - sign.length, shown);
  }
  return pairs;
}

/** Where an address ends that begins before `from`. Discord's reach to the next white space. */
function restOfUrl(source: string, from: number): number {
  const before = source.slice(Math.max(0, from - MAX_URL), from);
  if (!/(?<!\]\(|<)https?:\/\/[^\s<]*$/.test(before)) return from;
  return from + (/^[^\s<]*/.exec(source.slice(from))?.[0].length ?? 0);
}

const MAX_URL = 500;

/**
 * Discord hides what is between two pairs of bars, over several lines too. Only at the edges of words may that be meant, and
 * in scripts without spaces between words. Around a block of code the bars are on lines of their own.
 */
const SPOILER =
  /(?<![^\s([{"'*_~\P{ASCII}])(\|\|)(?=[^\s|]|\n```)(?:[^|]|(?<!\|)\|(?!\|)){1,1800}(?<=[^\s|]|```\n)\1(?![^\s)\]}"'.,:;!?*_~\P{ASCII}])/gu;

/** The parser takes an emoji for a letter, and an underscore within words for no mark. */
const BESIDE_EMOJI =
  /(?<![\p{L}\p{N}_\\])(_{1,2})(?=[^\s_])[^_\n]{1,500}(?<=[^\s_\\])\1(?![\p{L}\p{N}_])/gu;

/** What Discord needs in place of a sign. Undefined: it shows the sign as it is. `beside`: the characters around it. */
function shownAs(
  [sign, after = ""]: RegExpExecArray,
  { inMarks, endsItalic }: Around,
  beside: string,
): string | undefined {
  switch (sign.charAt(0)) {
    case "\\":
      return after === "" || after > "\u007f" ? `\\\\${after}` : undefined;
    case "&":
      return referred(sign);
    case "*":
      return sign === "*" && beside.trim() === "" && !inMarks ? undefined : escaped(sign);
    case "_":
      return sign === "_" && !endsItalic ? undefined : escaped(sign);
    case "~":
    case "|":
      return sign.length === 1 ? undefined : escaped(sign);
    case "h":
      return undefined;
    default:
      return escaped(sign);
  }
}

function escaped(signs: string): string {
  return signs.replaceAll(/[^]/g, "\\$&");
}

/** What a reference shows. Undefined: it is none. */
function referred(entity: string): string | undefined {
  const char = characterOf(entity);
  if (char === entity) return undefined;
  return /^[\\*_~|`]$/.test(char) ? `\\${char}` : char;
}
