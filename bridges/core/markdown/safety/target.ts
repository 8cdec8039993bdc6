/** What follows the label of a link: its address, and where it ends. */
export interface Target {
  readonly address: string;
  readonly end: number;
}

const ANGLED = /<([^<>\n]{0,1000})>/y;
/** A title, and the closing parenthesis. The limits keep the time linear. */
const REST =
  /(?:\s{1,20}(?:"(?:[^"\\]|\\[^]){0,300}"|'(?:[^'\\]|\\[^]){0,300}'|\((?:[^()\\]|\\[^]){0,300}\)))?\s{0,20}\)/y;
const SPACE = /\s{0,20}/y;

const MAX_ADDRESS = 1_000;
/** Parentheses in an address. Nobody nests them deeper. */
const MAX_DEPTH = 4;

/** The target whose opening parenthesis is at `at`. Undefined: there is none, or its end is not clear. */
export function targetAt(source: string, at: number): Target | undefined {
  if (source[at] !== "(") return undefined;
  const start = at + 1 + (matchAt(SPACE, source, at + 1)?.[0].length ?? 0);
  const angled = matchAt(ANGLED, source, start);
  const addressEnd = angled === null ? bareEnd(source, start) : start + angled[0].length;
  if (addressEnd === undefined) return undefined;
  const rest = matchAt(REST, source, addressEnd);
  if (rest === null) return undefined;
  const address = angled?.[1] ?? source.slice(start, addressEnd);
  return { address, end: addressEnd + rest[0].length };
}

/** Where an address without angle brackets ends: before white space, or a parenthesis that closes nothing in it. */
function bareEnd(source: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at <= Math.min(source.length, start + MAX_ADDRESS); at += 1) {
    const char = source.charAt(at);
    if (char === "" || char <= " ") return depth === 0 ? at : undefined;
    if (char === "\\") at += 1;
    else if (char === "(") depth += 1;
    else if (char === ")" && depth === 0) return at;
    else if (char === ")") depth -= 1;
    if (depth > MAX_DEPTH || char === "<") return undefined;
  }
  return undefined;
}

/** What a form with the flag `y` finds at an offset. */
export function matchAt(form: RegExp, source: string, at: number): RegExpExecArray | null {
  form.lastIndex = at;
  return form.exec(source);
}
