import type { MessageEvent } from "../../../platform.ts";
import { breaksAround, endsQuote, NO_BREAKS } from "./line_breaks.ts";
import { markdownLink } from "./links.ts";

type Mention = MessageEvent["mentions"][number];

export interface Canonical {
  /** Canonical Markdown: entities decoded, links and mentions in the bridge's own form. */
  readonly content: string;
  /** Every id token in `content`, once each, in order of appearance. */
  readonly mentions: Mention[];
}

/** Whether a link's label may become Markdown: in code it must stay as it was typed. */
type Code = "none" | "inline" | "block";

const SPECIAL = /[<&`*~\n]/g;

/**
 * Turns Slack's own markup (a message's flattened `text`, or an app's block) into canonical Markdown, in one pass
 * and linear time. Never throws: what is no known token stays as it is. The fences of a block of code get lines of
 * their own, and the code stays as it is. The forms are those of
 * https://docs.slack.dev/messaging/formatting-message-text
 */
export function toCanonical(text: string): Canonical {
  const out: string[] = [];
  const mentions = new Map<string, Mention>();
  let code: Code = "none";
  let breaks = NO_BREAKS;
  const emphasis = new Emphasis(text);
  let at = 0;
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const special = SPECIAL.exec(text)?.index ?? text.length;
    if (special > at) out.push(text.slice(at, special));
    at = special;
    switch (text[at]) {
      case "&": {
        const [decoded, length] = entityAt(text, at);
        out.push(decoded);
        at += length;
        break;
      }
      case "<": {
        const end = tokenEnd(text, at);
        const token = end === undefined ? undefined : readToken(text.slice(at + 1, end), code);
        if (end === undefined || token === undefined) {
          out.push("<");
          at += 1;
          break;
        }
        out.push(token.text);
        if (token.mention !== undefined) remember(mentions, token.mention);
        at = end + 1;
        break;
      }
      case "`": {
        const fence = text.startsWith("```", at);
        const before = code;
        code = codeAfter(text, at, fence, code);
        if (before === "none" && code === "block") breaks = breaksAround(text, at);
        if (before === "block") out.push(fence ? breaks.beforeClosing : "");
        else if (out.at(-1) !== "\n") out.push(breaks.beforeOpening);
        out.push(fence ? "```" : "`");
        at += fence ? 3 : 1;
        if (!fence || breaks === NO_BREAKS) break;
        out.push(code === "block" ? breaks.afterOpening : breaks.afterClosing);
        if (code === "block") break;
        if (breaks.afterClosing !== "") while (text[at] === " ") at += 1;
        breaks = NO_BREAKS;
        break;
      }
      case "\n":
        out.push(code === "none" && endsQuote(text, at) ? "\n\n" : "\n");
        at += 1;
        break;
      case "*":
      case "~": {
        const sign = text[at] === "*" ? "*" : "~";
        out.push(code === "none" && emphasis.marks(sign, at) ? sign + sign : sign);
        at += 1;
        break;
      }
      case undefined: // The end.
        break;
    }
  }
  return { content: out.join(""), mentions: [...mentions.values()] };
}

/**
 * Which of Slack's `*bold*` and `~struck~` signs mark something: they stand at the edge of a word, both on one line.
 * Italic is `_so_` in Markdown too.
 */
class Emphasis {
  readonly #text: string;
  /** Where the sign that closes an open one stands. */
  readonly #closing = { "*": -1, "~": -1 };
  /** Up to here a look for the closing sign was in vain. */
  readonly #inVain = { "*": -1, "~": -1 };

  constructor(text: string) {
    this.#text = text;
  }

  /** Asked for each sign in turn, so each character is looked at a few times at most. */
  marks(sign: "*" | "~", at: number): boolean {
    if (this.#closing[sign] === at) return true;
    if (this.#closing[sign] > at || this.#inVain[sign] > at) return false;
    const before = this.#text.charAt(at - 1);
    const after = this.#text.charAt(at + 1);
    if (before === sign || isWordPart(before) || after === "" || after === sign || /\s/.test(after))
      return false;
    for (let i = at + 1; i <= this.#text.length; i += 1) {
      const char = this.#text.charAt(i);
      if (char === "" || char === "\n" || char === "`") {
        this.#inVain[sign] = i;
        return false;
      }
      const next = this.#text.charAt(i + 1);
      const closes = char === sign && !/\s/.test(this.#text.charAt(i - 1));
      if (closes && next !== sign && !isWordPart(next)) {
        this.#closing[sign] = i;
        return true;
      }
    }
    return false;
  }
}

function isWordPart(char: string): boolean {
  return /[\p{L}\p{N}]/u.test(char);
}

/** Decodes the three entities Slack uses, and no others. */
function decodeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (entity) => entityAt(entity, 0)[0]);
}

function entityAt(text: string, at: number): [decoded: string, length: number] {
  if (text.startsWith("&amp;", at)) return ["&", 5];
  if (text.startsWith("&lt;", at)) return ["<", 4];
  if (text.startsWith("&gt;", at)) return [">", 4];
  return ["&", 1];
}

/** Where the token opened at `at` closes. A token holds no `<` and no line break, so each character is seen once. */
function tokenEnd(text: string, at: number): number | undefined {
  for (let i = at + 1; i < text.length; i += 1) {
    const char = text[i];
    if (char === ">") return i;
    if (char === "<" || char === "\n") return undefined;
  }
  return undefined;
}

/** A back tick opens code only if another one closes it; a fence may span lines, inline code may not. */
function codeAfter(text: string, at: number, fence: boolean, code: Code): Code {
  switch (code) {
    case "block":
      return fence ? "none" : "block";
    case "inline":
      return "none";
    case "none": {
      if (fence) return text.includes("```", at + 3) ? "block" : "none";
      const close = text.indexOf("`", at + 1);
      return close !== -1 && !text.slice(at, close).includes("\n") ? "inline" : "none";
    }
  }
}

interface Token {
  readonly text: string;
  readonly mention?: Mention;
}

function readToken(body: string, code: Code): Token | undefined {
  const bar = body.indexOf("|");
  const target = bar === -1 ? body : body.slice(0, bar);
  const label = bar === -1 ? undefined : decodeEntities(body.slice(bar + 1));
  switch (target[0]) {
    case "@":
      return mentionToken("user", "<@", target.slice(1), label);
    case "#":
      return mentionToken("channel", "<#", target.slice(1), label);
    case "!":
      return commandToken(target.slice(1), label);
    default:
      return linkToken(decodeEntities(target), label, code);
  }
}

function mentionToken(
  kind: Mention["kind"],
  open: string,
  id: string,
  label: string | undefined,
): Token | undefined {
  if (!/^[A-Za-z0-9]+$/.test(id)) return undefined;
  const name = label?.replace(/^@/, "");
  return {
    text: `${open}${id}>`,
    mention: { kind, id, ...(name ? { name } : {}) },
  };
}

function commandToken(command: string, label: string | undefined): Token | undefined {
  if (/^(here|channel|everyone|group)$/.test(command)) return { text: `@${command}` };
  const [name, id] = command.split("^", 2);
  if (name === "subteam" && id !== undefined) return mentionToken("group", "<@&", id, label);
  // Dates, and whatever comes next, carry the text to show where they are not understood.
  return label === undefined ? undefined : { text: label };
}

function linkToken(url: string, label: string | undefined, code: Code): Token | undefined {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\S/.test(url)) return undefined;
  if (code !== "none") return { text: label === undefined || label === "" ? url : label };
  return { text: markdownLink(url, label) };
}

function remember(mentions: Map<string, Mention>, mention: Mention): void {
  const key = `${mention.kind} ${mention.id}`;
  const known = mentions.get(key);
  if (known?.name === undefined) mentions.set(key, mention);
}
