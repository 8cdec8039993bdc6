import type { MessageEvent } from "../../../platform.ts";
import { dateText } from "./dates.ts";
import { markdownLink } from "./link.ts";

export type Mention = MessageEvent["mentions"][number];

export interface Token {
  readonly text: string;
  readonly mention?: Mention;
}

/** Where the token opened at `at` closes. A token has no `<` and no line break, so each character is read once. */
export function tokenEnd(text: string, at: number): number | undefined {
  for (let i = at + 1; i < text.length; i += 1) {
    const char = text[i];
    if (char === ">") return i;
    if (char === "<" || char === "\n") return undefined;
  }
  return undefined;
}

/**
 * The text between `<` and `>` in canonical form; `undefined` if it is not a token. In code a link's label stays as it was
 * typed. https://docs.slack.dev/messaging/formatting-message-text
 */
export function readToken(body: string, isCode: boolean): Token | undefined {
  const bar = body.indexOf("|");
  const target = bar === -1 ? body : body.slice(0, bar);
  const label = bar === -1 ? undefined : decodeEntities(body.slice(bar + 1));
  switch (target[0]) {
    case "@":
      return mentionToken("user", target.slice(1), label);
    case "#":
      return mentionToken("channel", target.slice(1), label);
    case "!":
      return commandToken(target.slice(1), label, isCode);
    default:
      return linkToken(decodeEntities(target), label, isCode);
  }
}

const MENTION_OPENS = { user: "<@", group: "<@&", channel: "<#" } as const;

/** A mention in the bridge's own form; `undefined` if the id has another form than Slack's. */
export function mentionToken(
  kind: Mention["kind"],
  id: string,
  label?: string,
): { readonly text: string; readonly mention: Mention } | undefined {
  if (!/^[A-Za-z0-9]+$/.test(id)) return undefined;
  const name = label?.replace(/^@/, "");
  return { text: `${MENTION_OPENS[kind]}${id}>`, mention: { kind, id, ...(name ? { name } : {}) } };
}

function commandToken(
  command: string,
  label: string | undefined,
  isCode: boolean,
): Token | undefined {
  if (/^(here|channel|everyone|group)$/.test(command)) return { text: `@${command}` };
  const [name, id = "", format, url = ""] = command.split("^", 4);
  if (name === "subteam") return mentionToken("group", id, label);
  // Dates, and future commands, have a label for clients that do not support them.
  const text = label ?? (name === "date" ? dateText(Number(id || NaN), format) : "");
  if (text === "") return undefined;
  const isLinked = name === "date" && !isCode && ADDRESS.test(url);
  return { text: isLinked ? markdownLink(decodeEntities(url), text) : text };
}

const ADDRESS = /^[A-Za-z][A-Za-z0-9+.-]*:\S/;

function linkToken(url: string, label: string | undefined, isCode: boolean): Token | undefined {
  if (!ADDRESS.test(url)) return undefined;
  if (isCode) return { text: label === undefined || label === "" ? url : label };
  return { text: markdownLink(url, label) };
}

/** Decodes Slack's entities, as in text without markup. */
export function decodeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (entity) => entityAt(entity, 0)[0]);
}

/** Decodes the three entities that Slack uses, and no others. */
export function entityAt(text: string, at: number): [decoded: string, length: number] {
  if (text.startsWith("&amp;", at)) return ["&", 5];
  if (text.startsWith("&lt;", at)) return ["<", 4];
  if (text.startsWith("&gt;", at)) return [">", 4];
  return ["&", 1];
}
