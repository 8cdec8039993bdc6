import type { Container, Item } from "./containers.ts";
import { closes, type Fence, openingFence } from "./fences.ts";

/** A line of Markdown, and the containers around it. Offsets into the source. */
export interface Line {
  readonly start: number;
  /** Before its line break. */
  readonly end: number;
  /** `blank`: nothing but quote marks. `code`: inside a fenced block, including its last line. */
  readonly kind: "blank" | "text" | "heading" | "fence" | "code";
  /** The innermost container that continues from the line before, and where the text within it begins. */
  readonly outer: Container | undefined;
  readonly outerText: number;
  /** The innermost container, and where the line's own text begins. */
  readonly inner: Container | undefined;
  readonly text: number;
  /** The first container that begins here. */
  readonly begun: Container | undefined;
  /** Continues a paragraph of its containers without their marks (CommonMark: a lazy continuation line). */
  readonly isLazy: boolean;
}

/** The structure of a text. */
export interface Blocks {
  readonly lines: readonly Line[];
  readonly fences: readonly Fence[];
}

/** Deeper marks count as text: nobody nests so deep, and reopened containers must leave room for the text. */
const MAX_DEPTH = 10;

/**
 * The source's lines with their quotes, list items and code blocks, by the rules of CommonMark
 * (https://spec.commonmark.org/0.31.2/#appendix-a-parsing-strategy), except that a code block ends only at its closing
 * line or with its quote, because chat clients show it like that however its lines are indented. Linear time.
 */
export function scanBlocks(source: string): Blocks {
  const scan = new Scan(source);
  for (let start = 0; start < source.length;) {
    const newline = source.indexOf("\n", start);
    const end = newline === -1 ? source.length : newline;
    scan.line(start, end);
    start = end + 1;
  }
  return scan.finish();
}

type OpenFence = Omit<Fence, "close" | "end" | "isEndless">;

class Scan {
  readonly #source: string;
  readonly #lines: Line[] = [];
  readonly #fences: Fence[] = [];
  #open: Container[] = [];
  /** The last item of the list at each depth, which determines the number of the next one. */
  readonly #last: (Item | undefined)[] = [];
  #inParagraph = false;
  #fence: OpenFence | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  finish(): Blocks {
    const end = this.#source.length;
    if (this.#fence !== undefined)
      this.#fences.push({ ...this.#fence, close: end, end, isEndless: true });
    return { lines: this.#lines, fences: this.#fences };
  }

  line(start: number, end: number): void {
    if (this.#fence !== undefined && this.#code(this.#fence, start, end)) return;
    const cursor = new Cursor(this.#source, start, end);
    let depth = 0;
    for (const each of this.#open) {
      if (!cursor.enter(each)) break;
      depth += 1;
    }
    const outerText = cursor.at;
    const begun = this.#begin(cursor, depth);
    const kind = this.#kindOf(cursor, begun.length > 0);
    const isLazy =
      begun.length === 0 && depth < this.#open.length && this.#inParagraph && kind === "text";
    if (!isLazy) this.#open = [...this.#open.slice(0, depth), ...begun];
    const outer = this.#open[isLazy ? this.#open.length - 1 : depth - 1];
    const inner = this.#open.at(-1);
    if (kind !== "blank" && begun.length === 0 && !isLazy) this.#last.length = depth;
    const text = cursor.text;
    this.#lines.push({ start, end, kind, outer, outerText, inner, text, begun: begun[0], isLazy });
    this.#inParagraph =
      kind === "text" && !cursor.isBlank && (this.#inParagraph || cursor.indent < 4);
    if (kind === "fence") {
      const opening = openingFence(this.#source.slice(text, end));
      if (opening !== undefined)
        this.#fence = { ...opening, start, body: end + 1, container: inner };
    }
  }

  /** Whether the line belongs to the code block. Otherwise the block has ended with its quote. */
  #code(fence: OpenFence, start: number, end: number): boolean {
    const cursor = new Cursor(this.#source, start, end);
    const inner = this.#open.at(-1);
    for (const each of this.#open) {
      if (each.kind === "item") cursor.skip(each.width);
      else if (!cursor.enter(each)) {
        this.#fence = undefined;
        const close = Math.max(fence.body, start - 1);
        this.#fences.push({ ...fence, close, end: close, isEndless: false });
        return false;
      }
    }
    const places = { outer: inner, outerText: cursor.at, inner, text: cursor.at };
    this.#lines.push({ start, end, kind: "code", ...places, begun: undefined, isLazy: false });
    if (closes(fence, this.#source.slice(cursor.at, end))) {
      this.#fence = undefined;
      this.#fences.push({ ...fence, close: start, end, isEndless: false });
    }
    return true;
  }

  /** The containers that begin at the cursor. */
  #begin(cursor: Cursor, depth: number): Container[] {
    const begun: Container[] = [];
    let parent = this.#open[depth - 1];
    while (depth + begun.length < MAX_DEPTH && cursor.indent < 4) {
      const at = depth + begun.length;
      const interrupts = this.#inParagraph && depth === this.#open.length && begun.length === 0;
      const quote = { kind: "quote", parent } as const;
      const item = cursor.quoteBegins ? undefined : cursor.item(interrupts);
      if (item !== undefined) {
        const before = begun.length === 0 ? this.#last[at] : undefined;
        const continues = before?.parent === parent && before?.sign === item.sign;
        const number = continues && before.number !== undefined ? before.number + 1 : item.written;
        this.#last.length = at;
        parent = this.#last[at] = { ...item, kind: "item", parent, number };
      } else if (cursor.enter(quote)) {
        this.#last.length = at;
        parent = quote;
      } else break;
      begun.push(parent);
    }
    return begun;
  }

  #kindOf(cursor: Cursor, isBegun: boolean): Line["kind"] {
    if (cursor.isBlank) return isBegun && cursor.hasItem ? "text" : "blank";
    const start = this.#source.slice(cursor.text, Math.min(cursor.end, cursor.text + 80));
    if (/^#{1,6}(?:\s|$)/.test(start) && cursor.indent < 4) return "heading";
    const isFence =
      cursor.end < this.#source.length &&
      openingFence(this.#source.slice(cursor.text, cursor.end)) !== undefined;
    return isFence ? "fence" : "text";
  }
}

/** Reads the marks at the beginning of a line. */
class Cursor {
  readonly #source: string;
  readonly end: number;
  at: number;
  #column = 0;
  hasItem = false;
  /** The white space ahead: its width in columns, and where it ends. */
  indent = 0;
  text = 0;

  constructor(source: string, start: number, end: number) {
    this.#source = source;
    this.end = end;
    this.at = start;
    this.#look();
  }

  get isBlank(): boolean {
    return this.text === this.end;
  }

  get quoteBegins(): boolean {
    return this.#source[this.text] === ">" && this.text < this.end;
  }

  /**
   * Skips the marks of a container that continues, or of a quote that begins. Returns false if the line neither
   * continues the container nor begins a quote.
   */
  enter(container: Container): boolean {
    if (container.kind === "item") {
      if (this.isBlank) return true;
      if (this.indent < container.width) return false;
      this.skip(container.width);
      return true;
    }
    if (this.indent > 3 || !this.quoteBegins) return false;
    this.#column += this.indent + 1;
    this.at = this.text + 1;
    this.#look();
    this.skip(1);
    return true;
  }

  /** Skips up to `columns` columns of white space. */
  skip(columns: number): void {
    const target = this.#column + columns;
    while (this.at < this.text && this.#column < target) {
      this.#column += widthAt(this.#source, this.at, this.#column);
      this.at += 1;
    }
    this.#look();
  }

  /** Skips the mark of an item that begins here. `interrupts`: a paragraph precedes, which not every mark can end. */
  item(interrupts: boolean): Omit<Item, "kind" | "parent" | "number"> | undefined {
    const ahead = this.#source.slice(this.text, Math.min(this.end, this.text + 12));
    const mark = /^(?:[-*+]|(\d{1,9})([.)]))(?=[ \t\r]|$)/.exec(ahead);
    if (mark === null || this.text + mark[0].length > this.end || this.#isRule()) return undefined;
    const written = mark[1] === undefined ? undefined : Number(mark[1]);
    const after = this.text + mark[0].length;
    const rest = this.#source.slice(after, Math.min(this.end, after + 6));
    if (interrupts && (rest.trim() === "" || (written ?? 1) !== 1)) return undefined;
    const lead = this.indent;
    this.#column += lead + mark[0].length;
    this.at = after;
    this.#look();
    // Five columns or more: one separates the mark from indented code, the others belong to the code.
    const space = this.isBlank || this.indent > 4 ? Math.min(1, this.indent) : this.indent;
    this.skip(space);
    this.hasItem = true;
    const width = lead + mark[0].length + Math.max(1, space);
    return { sign: mark[2] ?? mark[0], written, lead, width, content: this.at };
  }

  /** Three or more such signs, with nothing else between them, are a thematic break. */
  #isRule(): boolean {
    const sign = this.#source[this.text];
    if (sign !== "-" && sign !== "*") return false;
    let count = 0;
    for (let at = this.text; at < this.end; at += 1) {
      const char = this.#source[at];
      if (char === sign) count += 1;
      else if (char !== " " && char !== "\t" && char !== "\r") return false;
    }
    return count > 2;
  }

  #look(): void {
    let [at, column] = [this.at, this.#column];
    while (at < this.end && /[ \t\r]/.test(this.#source.charAt(at))) {
      column += widthAt(this.#source, at, column);
      at += 1;
    }
    this.indent = column - this.#column;
    this.text = at;
  }
}

function widthAt(source: string, at: number, column: number): number {
  return source[at] === "\t" ? 4 - (column % 4) : 1;
}
