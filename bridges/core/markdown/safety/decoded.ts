import { matchAt, targetAt } from "./target.ts";

/** What Markdown shows of a text, and where each UTF-16 unit of it is in the source. */
export interface Decoded {
  readonly text: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The signs that Markdown has names for and that matter here: those of mentions and of addresses. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ commat: "@", lt: "<", LT: "<", gt: ">", GT: ">", excl: "!", amp: "&", AMP: "&", num: "#" },
  ...{ period: ".", sol: "/", bsol: "\\", colon: ":", verbar: "|", Hat: "^", nbsp: " ", Tab: " " },
  ...{ lowbar: "", UnderBar: "", ast: "", midast: "", grave: "", lsqb: "", lbrack: "", rsqb: "" },
  ...{ rbrack: "", shy: "\u00ad", zwj: "\u200d", zwnj: "\u200c", ZeroWidthSpace: "\u200b" },
  ...{ NoBreak: "\u2060", ApplyFunction: "\u2061", af: "\u2061", InvisibleTimes: "\u2062" },
  ...{ it: "\u2062", InvisibleComma: "\u2063", ic: "\u2063", NegativeThinSpace: "\u200b" },
  ...{ NonBreakingSpace: " ", ensp: " ", emsp: " ", thinsp: " ", ThinSpace: " ", hairsp: " " },
  ...{ VeryThinSpace: " ", numsp: " ", puncsp: " ", MediumSpace: " ", NewLine: "\n", ell: "l" },
  ...{ middot: "·", centerdot: "·", CenterDot: "·", dot: "·", bull: "•", bullet: "•", sdot: "⋅" },
};

/** Letters of other fonts, such as `&hscr;`. */
const FONTS = /^([A-Za-z])(?:scr|fr|opf)$/;

/** A reference to a character. It may be escaped any number of times: not every reader stops at the first. */
const REFERENCE =
  /&(?:amp;){0,20}(?:#0{0,9}(\d{1,7})|#[xX]0{0,9}([\dA-Fa-f]{1,6})|([A-Za-z][A-Za-z\d]{1,31}));/y;
/** HTML, but no token of a platform, which begins with another sign, and no address. */
const TAG = /<\/?[A-Za-z][A-Za-z\d-]{0,20}(?:\s[^<>]*)?\/?>|<!--[^<>]*-->/y;
/** The name that a link refers to. One that could ping may be text, so it counts as such. */
const NAME = /\[[^[\]\n@＠﹫<&]{0,300}\]/y;
const ESCAPED = /\\[!-/:-@[-`{-~]/y;
/** Nothing of these is shown where they format, and nothing is lost where they do not. */
const MARKS = "*_~`[]";

/**
 * A text as people and platforms read it after Markdown: escapes and references decoded, full-width characters as
 * others, without the marks of emphasis, code and links, and without HTML. Errs by leaving out too much, so it is for
 * looking into a text, never for showing it. Linear time, because it never parses.
 */
export function decoded(source: string): Decoded {
  const out: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const add = (text: string, at: number, end: number) => {
    out.push(text);
    starts.push(...Array<number>(text.length).fill(at));
    ends.push(...Array<number>(text.length).fill(end));
  };
  for (let at = 0; at < source.length;) {
    const [text, end] = readAt(source, at);
    add(text, at, end);
    at = end;
  }
  return { text: out.join(""), starts, ends };
}

function readAt(source: string, at: number): [shown: string, end: number] {
  const char = String.fromCodePoint(source.codePointAt(at) ?? 0);
  const end = at + char.length;
  switch (char) {
    case "\\": {
      // Not every reader stops at the escape.
      const reference = source[end] === "&" ? referenceAt(source, end) : undefined;
      if (reference !== undefined) return reference;
      if (source[end] === "\n") return ["", end];
      return matchAt(ESCAPED, source, at) === null ? [char, end] : [source.charAt(end), at + 2];
    }
    case "&":
      return referenceAt(source, at) ?? [char, end];
    case "<": {
      const tag = matchAt(TAG, source, at);
      return tag === null ? [char, end] : ["", at + tag[0].length];
    }
    case "!":
      return source[end] === "[" ? ["", end] : [char, end];
    case "]": {
      const name = matchAt(NAME, source, end);
      return ["", targetAt(source, end)?.end ?? end + (name?.[0].length ?? 0)];
    }
    default:
      if (MARKS.includes(char)) return ["", end];
      return [char > "\u007f" ? char.normalize("NFKC") : char, end];
  }
}

function referenceAt(source: string, at: number): [shown: string, end: number] | undefined {
  const found = matchAt(REFERENCE, source, at);
  const shown = found === null ? undefined : referred(found);
  return found === null || shown === undefined ? undefined : [shown, at + found[0].length];
}

function referred([, decimal, hex, name]: RegExpExecArray): string | undefined {
  if (name !== undefined) {
    return Object.hasOwn(NAMED, name) ? NAMED[name] : FONTS.exec(name)?.[1];
  }
  const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
  if (code > 0x10ffff) return undefined;
  const char = String.fromCodePoint(code).normalize("NFKC");
  return MARKS.includes(char) ? "" : char;
}
