import { isWordPart } from "./escape.ts";
import { tokenEnd } from "./tokens.ts";

/**
 * Which of the `*bold*` and `~struck~` signs in Slack's text mark something: they are at the edges of words, and both on
 * one line. Italic is `_so_` in Markdown too.
 */
export class Emphasis {
  readonly #text: string;
  /** Position of the sign that closes the open one. */
  readonly #closing = { "*": -1, "~": -1 };
  /** No closing sign was found up to here. */
  readonly #searched = { "*": -1, "~": -1 };

  constructor(text: string) {
    this.#text = text;
  }

  /** Must be called for each sign in order, so that each character is read only a few times. */
  marks(sign: "*" | "~", at: number): boolean {
    if (this.#closing[sign] === at) return true;
    if (this.#closing[sign] > at || this.#searched[sign] > at) return false;
    const before = this.#text.charAt(at - 1);
    const after = this.#text.charAt(at + 1);
    if (before === sign || isWordPart(before) || after === "" || after === sign || /\s/.test(after))
      return false;
    for (let i = at + 1; i <= this.#text.length; i += 1) {
      i += this.#codeAt(i);
      // What is in a link or a mention marks nothing.
      if (this.#text[i] === "<") i = tokenEnd(this.#text, i) ?? i;
      const char = this.#text.charAt(i);
      if (char === "" || char === "\n" || char === "`") {
        this.#searched[sign] = i;
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

  /** The length of the code in a line that begins here. */
  #codeAt(at: number): number {
    if (this.#text[at] !== "`" || this.#text[at + 1] === "`") return 0;
    const end = this.#text.slice(at + 1, at + MAX_CODE).search(/[`\n]/) + at + 1;
    return end > at && this.#text[end] === "`" ? end + 1 - at : 0;
  }
}

/** Longer code in bold is left without its marks, so that the time stays linear. */
const MAX_CODE = 500;
