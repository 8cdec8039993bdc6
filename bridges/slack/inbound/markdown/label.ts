import { HIDDEN_SIGN } from "../../../core/markdown/hidden.ts";
import type { Label } from "./block_payload.ts";
import { literal } from "./escape.ts";
import { markdownLink } from "./link.ts";
import { toCanonical } from "./mrkdwn.ts";
import { decodeEntities, type Mention, mentionToken } from "./tokens.ts";

/** Collects what blocks contain besides their text. */
export interface Collector {
  mention(mention: Mention): void;
  /** A kind of content the bridge does not know. */
  unknown(kind: string): void;
}

/** The text of a label, a title, a field, … */
export function labelText(label: Label, collect: Collector): string {
  if (label === undefined) return "";
  if (typeof label === "string") return decodeEntities(label);
  return label.type === "mrkdwn" ? mrkdwn(label.text, collect) : decodeEntities(label.text);
}

/** The same as Markdown, where no link or brackets are put around it: plain text is escaped if it would format. */
export function shown(label: Label, collect: Collector): string {
  const text = labelText(label, collect);
  return typeof label === "object" && label.type === "mrkdwn" ? text : literal(text);
}

/** Slack's own markup as Markdown, with its mentions collected. */
export function mrkdwn(text: string, collect: Collector): string {
  const { content, mentions } = toCanonical(text);
  mentions.forEach((mention) => collect.mention(mention));
  return content;
}

/** A mention as its token, collected. Nothing if the id is none. */
export function mention(kind: Mention["kind"], id = "", collect: Collector): string {
  const token = mentionToken(kind, id);
  if (token === undefined) return "";
  collect.mention(token.mention);
  return token.text;
}

/** What a text can't hold: `[image: a cat]`, linked if it has an address. Without words, only its kind. */
export function described(kind: string, words: string, url = ""): string {
  const label = words === "" ? kind : `${kind}: ${words}`;
  return url === "" ? `[${label.replaceAll(HIDDEN, "\\$&")}]` : markdownLink(url, label);
}

/** What Markdown would not show, except where it is escaped or an address. */
const HIDDEN = new RegExp(`(?<!\\\\|\\]\\()(?:${HIDDEN_SIGN.source})`, "g");

/** Bold, on one line; unchanged where marks would meet others. */
export function bold(text: string): string {
  const line = text.trim().replaceAll("\n", " ");
  return line === "" || line.includes("*") ? line : `**${line}**`;
}

/** The texts that are not empty, joined. */
export function joined(separator: string, texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join(separator);
}

/** The texts that are not empty, each as a paragraph. */
export function paragraphs(texts: readonly string[]): string {
  return joined("\n\n", texts);
}
