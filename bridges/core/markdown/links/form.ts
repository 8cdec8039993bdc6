/** How a platform shows links. */
export interface LinkStyle {
  /** The addresses that it links. */
  readonly linked: RegExp;
  /** What a label must not hold: the platform would show the brackets and the address. */
  readonly unshown?: RegExp;
  /** It renders `![alt](address)`. */
  readonly hasImages?: boolean;
}

/**
 * masked  `[label](address)`
 * bare    the address alone
 * apart   the label, then the address in parentheses
 */
interface LinkForm {
  readonly kind: "masked" | "bare" | "apart";
  readonly address: string;
}

/** The nearest form of a link that the platform shows. `label`: as it is written. */
export function formOf(label: string, url: string, { linked, unshown }: LinkStyle): LinkForm {
  const whole = url.replace(/^\/\/(?=[^/])|^(?=www\.)/i, "https://");
  const isLinked = linked.test(whole);
  const isEmpty = label.trim() === "";
  const isSame = isEmpty || plainOf(label.replaceAll("\\", "")) === plainOf(whole);
  const isMasked = isLinked && !isEmpty && unshown?.test(label) !== true;
  return {
    kind: isMasked ? "masked" : isSame ? "bare" : "apart",
    address: isLinked ? targetOf(whole, isMasked) : shownOf(whole),
  };
}

/** What follows a text that is apart from its address or note. */
export function apart(text: string): string {
  return text === "" ? "" : ` (${text})`;
}

/** What may follow an address that has no marks around it. */
const FREE = /^(?:$|\s|[.,:;"'\])*_~|]{1,3}(?:\s|$))/;

/** An address that replaces a section of the source, with marks around it where readers would read on. */
export function alone(address: string, source: string, start: number, end: number): string {
  const isFree =
    !/[\p{L}\p{N}_]$/u.test(source.slice(Math.max(0, start - 2), start)) &&
    FREE.test(source.slice(end, end + 4));
  return isFree || !/^[a-z]+:\/\//i.test(address) ? address : `<${address}>`;
}

/** Without what may be left out of a label, and the marks around it. */
function plainOf(address: string): string {
  return address
    .trim()
    .replaceAll(/^[*_~`<]+|[*_~`>]+$/g, "")
    .replace(/^[a-z][a-z\d+.-]*:(?:\/\/)?/i, "")
    .replace(/\/$/, "");
}

/** Parentheses of which every reader of Markdown finds the end. */
const BALANCED = /^[^()]*(?:\([^()]*\)[^()]*)*$/;

/** An address without what would end it. */
function targetOf(url: string, isMasked: boolean): string {
  const target = url.replaceAll(/[\s<>"\\`]|\|(?=\|)/g, encodeURIComponent);
  if (isMasked && BALANCED.test(target)) return target;
  return target.replaceAll("(", "%28").replaceAll(")", "%29");
}

/** An address that can't be followed is only read: its beginning is enough. */
const MAX_SHOWN = 100;

function shownOf(url: string): string {
  const address = url.replace(/^(?:mailto|tel):/i, "");
  return address.length <= MAX_SHOWN ? address : `${address.slice(0, MAX_SHOWN).trimEnd()}…`;
}
