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
};

/** A reference to a character. It may be escaped any number of times: not every reader stops at the first. */
const REFERENCE =
  /&(?:amp;){0,20}(?:#0{0,9}(\d{1,7})|#[xX]0{0,9}([\dA-Fa-f]{1,6})|([A-Za-z][A-Za-z\d]{1,31}));/y;
/** HTML, but no token of a platform, which begins with another sign, and no address. */
const TAG = /<\/?[A-Za-z][A-Za-z\d-]{0,20}(?:\s[^<>]{0,300})?\/?>|<!--[^<>]{0,300}-->/y;
const TARGET = /\]\([^()\n]{0,300}\)/y;
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
  const match = (form: RegExp) => {
    form.lastIndex = at;
    return form.exec(source);
  };
  switch (char) {
    case "\\":
      return match(ESCAPED) === null ? [char, end] : [source.charAt(at + 1), at + 2];
    case "&": {
      const found = match(REFERENCE);
      const shown = found === null ? undefined : referred(found);
      return found === null || shown === undefined ? [char, end] : [shown, at + found[0].length];
    }
    case "<": {
      const tag = match(TAG);
      return tag === null ? [char, end] : ["", at + tag[0].length];
    }
    case "]":
      return ["", at + (match(TARGET)?.[0].length ?? 1)];
    default:
      if (MARKS.includes(char)) return ["", end];
      return [char > "\u007f" ? char.normalize("NFKC") : char, end];
  }
}

function referred([, decimal, hex, name]: RegExpExecArray): string | undefined {
  if (name !== undefined) return Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
  if (code > 0x10ffff) return undefined;
  const char = String.fromCodePoint(code).normalize("NFKC");
  return MARKS.includes(char) ? "" : char;
}
