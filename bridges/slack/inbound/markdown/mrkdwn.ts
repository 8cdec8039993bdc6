import { hiddenLineSign } from "../../../core/markdown/hidden.ts";
import { Emphasis } from "./emphasis.ts";
import { breaksAround, endsQuote, NO_BREAKS } from "./line_breaks.ts";
import { setApart } from "./link.ts";
import { entityAt, type Mention, readToken, tokenEnd } from "./tokens.ts";

export interface Canonical {
  /** Canonical Markdown: entities decoded, links and mentions in the bridge's own form. */
  readonly content: string;
  /** Every mention in `content`, once each, in order of appearance. */
  readonly mentions: Mention[];
}

/**
 * Converts Slack's own markup (a message's flattened `text`, or an app's block) into canonical Markdown, in one pass
 * and linear time. Never throws: an unknown token stays as it is. The fences of a code block get lines of their own, and
 * the code stays as it is. https://docs.slack.dev/messaging/formatting-message-text
 */
export function toCanonical(text: string): Canonical {
  return new Converter(text).convert();
}

const SPECIAL = /[<&`*~\n\\]/g;

/** What Markdown would hide at its beginning, a tag or comment, or decode once more, a reference to a character. */
const HIDDEN = new RegExp(
  [
    /(?:&lt;|<)(?=(?:\/?[A-Za-z][A-Za-z\d-]*\s|[!?])[^]{0,300}?(?:&gt;|>))/,
    /(?:&lt;|<)(?=\/?[A-Za-z][^\s<>]{0,300}?(?:&gt;|>))/,
    /&amp;(?=[#\w]{1,40};)/,
    /&(?!(?:amp|lt|gt);)(?=[#\w]{1,40};)/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "y",
);

class Converter {
  readonly #text: string;
  readonly #emphasis: Emphasis;
  readonly #out: string[] = [];
  readonly #mentions = new Map<string, Mention>();
  #at = 0;
  #code: "none" | "inline" | "block" = "none";
  #breaks = NO_BREAKS;

  constructor(text: string) {
    this.#text = text;
    this.#emphasis = new Emphasis(text);
  }

  convert(): Canonical {
    this.#startLine();
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      switch (char) {
        case "&":
          this.#escape();
          this.#write(...entityAt(this.#text, this.#at));
          break;
        case "\\":
          this.#backslash();
          break;
        case "<":
          this.#token();
          break;
        case "`":
          if (this.#text.startsWith("```", this.#at)) this.#fence();
          else this.#backtick();
          break;
        case "\n":
          this.#write(this.#code === "none" && endsQuote(this.#text, this.#at) ? "\n\n" : "\n", 1);
          this.#startLine();
          break;
        case "*":
        case "~": {
          const isMark = this.#code === "none" && this.#emphasis.marks(char, this.#at);
          this.#write(isMark ? char + char : char, 1);
          break;
        }
        default:
          this.#plain();
      }
    }
    return { content: this.#out.join(""), mentions: [...this.#mentions.values()] };
  }

  /** Writes text in place of the next `length` characters. */
  #write(text: string, length: number): void {
    this.#out.push(text);
    this.#at += length;
  }

  /** Keeps a line visible that Markdown would not show. */
  #startLine(): void {
    const hidden = this.#code === "none" ? hiddenLineSign(this.#text, this.#at) : undefined;
    if (hidden === undefined) return;
    this.#write(`${this.#text.slice(this.#at, hidden)}\\`, hidden - this.#at);
  }

  /** Keeps what was typed visible. */
  #escape(): void {
    HIDDEN.lastIndex = this.#at;
    if (this.#code === "none" && HIDDEN.test(this.#text)) this.#out.push("\\");
  }

  /** A back slash is only a character on Slack. */
  #backslash(): void {
    const next = this.#text.charAt(this.#at + 1);
    const isEscape = this.#code === "none" && /[!-/:-@[-`{-~]/.test(next);
    if (!isEscape) this.#write("\\", 1);
    // The sign behind it marks nothing.
    else if (next === "_") this.#write("\\\\\\_", 2);
    else this.#write("\\\\", 1);
  }

  #plain(): void {
    SPECIAL.lastIndex = this.#at;
    const end = SPECIAL.exec(this.#text)?.index ?? this.#text.length;
    this.#write(this.#text.slice(this.#at, end), end - this.#at);
  }

  #token(): void {
    const end = tokenEnd(this.#text, this.#at);
    const body = end === undefined ? undefined : this.#text.slice(this.#at + 1, end);
    const token = body === undefined ? undefined : readToken(body, this.#code !== "none");
    if (body === undefined || token === undefined) {
      this.#escape();
      this.#write("<", 1);
      return;
    }
    const { text, mention } = token;
    const length = body.length + 2;
    const before = this.#text.charAt(this.#at - 1);
    const after = this.#text.slice(this.#at + length, this.#at + length + 64);
    this.#write(this.#code === "none" ? setApart(text, before, after) : text, length);
    if (mention === undefined) return;
    const key = `${mention.kind} ${mention.id}`;
    if (this.#mentions.get(key)?.name === undefined) this.#mentions.set(key, mention);
  }

  /** Three backticks: open a block if another three close it, which may be on another line. */
  #fence(): void {
    if (this.#code === "block") {
      this.#code = "none";
      const { beforeClosing, afterClosing } = this.#breaks;
      this.#write(`${beforeClosing}\`\`\`${afterClosing}`, 3);
      if (afterClosing !== "") while (this.#text[this.#at] === " ") this.#at += 1;
      this.#breaks = NO_BREAKS;
      return;
    }
    const opens = this.#code === "none" && this.#text.includes("```", this.#at + 3);
    this.#code = opens ? "block" : "none";
    if (opens) this.#breaks = breaksAround(this.#text, this.#at);
    const { beforeOpening, afterOpening } = this.#breaks;
    // A block right before may have written the line break already.
    const isLineStart = this.#out.at(-1)?.endsWith("\n") === true;
    this.#write(`${isLineStart ? "" : beforeOpening}\`\`\`${afterOpening}`, 3);
  }

  /** A backtick opens code only if another one on the same line closes it. */
  #backtick(): void {
    if (this.#code === "none") {
      const close = this.#text.indexOf("`", this.#at + 1);
      const isPair = close !== -1 && !this.#text.slice(this.#at, close).includes("\n");
      if (isPair) this.#code = "inline";
    } else if (this.#code === "inline") this.#code = "none";
    this.#write("`", 1);
  }
}
