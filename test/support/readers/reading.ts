/** What people see of a message, as a parser other than the product's reads it. */
export interface Reading {
  /** The words outside blocks of code, in order, without white space. */
  readonly text: string;
  /** The code of each block, line by line as it is. */
  readonly blocks: readonly string[];
  /** The code within lines. */
  readonly codes: readonly string[];
  /** The target of each link. */
  readonly links: readonly string[];
  /** The words in each style. */
  readonly bold: string;
  readonly italic: string;
  readonly struck: string;
}

/** The styles around a text. */
export interface Styles {
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly struck?: boolean;
}

/** Collects a reading while a tree is walked. */
export class Collected {
  readonly #text: string[] = [];
  readonly #styled = { bold: [] as string[], italic: [] as string[], struck: [] as string[] };
  readonly blocks: string[] = [];
  readonly codes: string[] = [];
  readonly links: string[] = [];

  say(text: string, styles: Styles): void {
    const plain = visible(text);
    this.#text.push(plain);
    for (const style of ["bold", "italic", "struck"] as const)
      if (styles[style] === true) this.#styled[style].push(plain);
  }

  reading(): Reading {
    const { bold, italic, struck } = this.#styled;
    return {
      text: this.#text.join(""),
      blocks: this.blocks,
      codes: this.codes,
      links: this.links,
      bold: bold.join(""),
      italic: italic.join(""),
      struck: struck.join(""),
    };
  }
}

/** A text without white space and without the invisible characters that keep it from pinging or ending code. */
export function visible(text: string): string {
  return text.replaceAll(/[\s\u200b\u2060]+/g, "");
}
