import { HIDDEN_SIGN } from "../../../core/markdown/hidden.ts";
import { literal, looksFormatted } from "./escape.ts";

/** Endings of files that are also domains of countries or trades: Slack takes such names for addresses. */
const FILE = /^[^/]+\.(?:md|rs|sh|py|pl|cc|so|zip|mov|ps|ml|mm|pm)$/i;

/** A link as Markdown; only the address or the label if there is no other, or the label is what was typed. */
export function markdownLink(url: string, label: string | undefined): string {
  if (url === "") return literal(label ?? "");
  if (label === undefined || label === "" || label === url) return url;
  const isTyped = [label, `${label}/`].includes(url.replace(/^(https?:\/\/|mailto:|tel:)/i, ""));
  if (isTyped && (FILE.test(label) || !/^http/i.test(url))) return label;
  const target = targetOf(url);
  return `[${safeLabel(label)}](${/[()]/.test(target) ? `<${target}>` : target})`;
}

/** What is behind a bare address that ends, but for the marks of a sentence. */
const AFTER_ADDRESS = /^[?!.,:*_~'")\]]*(?:[\s<]|$)/;
/** At its end, Markdown takes these for the marks of a sentence. */
const ENDS_IN_MARK = /[?!.,:;*_~'"]$/;

/**
 * What stands between two texts. A bare address is put in angle brackets where Markdown would see it begin or end
 * elsewhere: in Slack a link is as long as its author made it.
 */
export function setApart(text: string, before: string, after: string): string {
  if (!/^https?:[^\s<>]+$/i.test(text)) return text;
  const isBetween = AFTER_ADDRESS.test(after) && !/[A-Za-z]$/.test(before);
  return isBetween && !ENDS_IN_MARK.test(text) ? text : `<${text}>`;
}

/** An address without the characters that would end it in Markdown. */
export function targetOf(url: string): string {
  return url.replaceAll("<", "%3C").replaceAll(">", "%3E").replaceAll(/\s/g, "%20");
}

const FORMATTING = new RegExp(`[\\\\[\\]*_~\`]|${HIDDEN_SIGN.source}`, "g");

/** A label on one line, escaped so that Markdown shows it as it was typed. */
function safeLabel(label: string): string {
  const line = label.replaceAll("\n", " ");
  const escaped = line.replace(/[\\[\]]/g, "\\$&");
  return looksFormatted(escaped) ? line.replace(FORMATTING, "\\$&") : escaped;
}
