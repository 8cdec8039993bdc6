/** A longer link, code span or emphasis is split like any text, so that the search for its end stays short. */
const MAX_SPAN = 600;

const LINK =
  /!?\[(?:[^[\]\\\n]|\\.|\[[^[\]\n]{0,100}\]){0,300}\]\((?:[^()\s\\]|\\.|\([^()\s]{0,200}\)){0,500}(?: "[^"\n]{0,200}")?\)/y;

/** Emphasis of one sign. Emphasis that contains others is split like text. */
const EMPHASIS = [
  /(\*{1,3})(?![\s*])[^*\n]{1,500}(?<!\s)\1(?!\*)/y,
  /(?<!\w)(_{1,3})(?![\s_])[^_\n]{1,500}(?<!\s)\1(?!\w)/y,
  /(~~)(?![\s~])[^~\n]{1,500}(?<!\s)\1(?!~)/y,
];

/**
 * The start of the link, inline code or emphasis that a break at `breakAt` would split, if it is after `low` and on the
 * same line. Takes time in proportion to `breakAt - low`.
 */
export function spanAround(source: string, low: number, breakAt: number): number | undefined {
  const text = source.slice(low, breakAt + MAX_SPAN);
  const inside = breakAt - low;
  for (let at = text.lastIndexOf("\n", inside - 1) + 1; at < inside;) {
    const end = spanEnd(text, at);
    if (end > inside) return at > 0 ? low + at : undefined;
    at = end;
  }
  return undefined;
}

/** The end of what begins at `at`: a span, or a character that is not part of one. */
function spanEnd(text: string, at: number): number {
  switch (text[at]) {
    case "\\":
      return at + 2;
    case "`":
      return codeEnd(text, at);
    case "[":
    case "!":
      return matchEnd(LINK, text, at) ?? at + 1;
    case "*":
    case "_":
    case "~": {
      const ends = EMPHASIS.map((form) => matchEnd(form, text, at));
      return ends.find((end) => end !== undefined) ?? runEnd(text, at);
    }
    default:
      return at + 1;
  }
}

function matchEnd(form: RegExp, text: string, at: number): number | undefined {
  form.lastIndex = at;
  const found = form.exec(text);
  return found === null ? undefined : at + found[0].length;
}

/** Code ends at as many backticks as it begins with, on the same line. Otherwise they are text. */
function codeEnd(text: string, at: number): number {
  const from = runEnd(text, at);
  for (let next = from; next < Math.min(text.length, from + MAX_SPAN);) {
    if (text[next] === "\n") break;
    const end = runEnd(text, next);
    if (text[next] === "`" && end - next === from - at) return end;
    next = end;
  }
  return from;
}

/** The end of a run of the same sign; other characters are a run of one. */
function runEnd(text: string, at: number): number {
  const sign = text.charAt(at);
  let end = at + 1;
  while ("`*_~".includes(sign) && text[end] === sign) end += 1;
  return end;
}
