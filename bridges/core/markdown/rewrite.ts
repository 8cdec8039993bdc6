/** Replaces `source[start, end)` by `text`. The range is never empty, so each offset in the result has one origin. */
export interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The same changes in a text that has `by` more characters before them. */
export function moved(changes: readonly Change[], by: number): Change[] {
  return changes.map(({ start, end, text }) => ({ start: start + by, end: end + by, text }));
}

/** A section of the source with the changes in it applied; of those that overlap, the first. */
export function applied(
  source: string,
  from: number,
  to: number,
  changes: readonly Change[],
): string {
  return new Rewritten(source.slice(from, to), moved(changes, -from)).text;
}

interface Segment {
  readonly source: number;
  readonly text: number;
  /** Lengths; equal where the source is copied. */
  readonly sourceLength: number;
  readonly textLength: number;
  readonly copied: boolean;
}

/** A text after changes, which maps its offsets to offsets in the source and back. */
export class Rewritten {
  readonly text: string;
  readonly #segments: Segment[] = [];
  readonly #sourceLength: number;

  /** If changes overlap, only the one that begins first is applied. */
  constructor(source: string, changes: readonly Change[]) {
    const out: string[] = [];
    let at = 0;
    let length = 0;
    const add = (part: string, sourceLength: number, copied: boolean) => {
      const textLength = part.length;
      this.#segments.push({ source: at, text: length, sourceLength, textLength, copied });
      out.push(part);
      at += sourceLength;
      length += textLength;
    };
    for (const { start, end, text } of changes.toSorted((a, b) => a.start - b.start)) {
      if (start < at || end <= start) continue;
      if (start > at) add(source.slice(at, start), start - at, true);
      add(text, end - start, false);
    }
    if (at < source.length) add(source.slice(at), source.length - at, true);
    this.text = out.join("");
    this.#sourceLength = source.length;
  }

  /** The offset in the text for one in the source. For an offset within a change: the end of the change. */
  toText(offset: number): number {
    const segment = this.#find(offset, "source");
    if (segment === undefined) return this.text.length;
    const into = offset - segment.source;
    if (segment.copied || into === 0) return segment.text + into;
    return segment.text + segment.textLength;
  }

  /** The offset in the source for one in the text that is not within a change. The ends correspond. */
  toSource(offset: number): number {
    if (offset === this.text.length) return this.#sourceLength;
    const segment = this.#find(offset, "text");
    if (segment === undefined) return this.#sourceLength;
    return segment.source + (offset - segment.text);
  }

  /** The change around an offset in the text, as offsets in the text. */
  changeAround(offset: number): { readonly start: number; readonly end: number } | undefined {
    const segment = this.#find(offset, "text");
    if (segment === undefined || segment.copied || segment.text === offset) return undefined;
    return { start: segment.text, end: segment.text + segment.textLength };
  }

  /** The segment that contains `offset`. If several begin there: the first. */
  #find(offset: number, side: "source" | "text"): Segment | undefined {
    const length = side === "source" ? "sourceLength" : "textLength";
    let [low, high] = [0, this.#segments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const segment = this.#segments[middle];
      const isBefore = segment !== undefined && segment[side] + segment[length] <= offset;
      const isEmptyThere = segment?.[side] === offset && segment[length] === 0;
      if (isBefore && !isEmptyThere) low = middle + 1;
      else high = middle;
    }
    return this.#segments[low];
  }
}

/** A text after several rewrites, each of what the one before it has made. */
export class Layers {
  readonly text: string;
  readonly #layers: Rewritten[] = [];

  constructor(source: string, rewrites: readonly ((text: string) => Change[])[]) {
    let text = source;
    for (const rewrite of rewrites) {
      const layer = new Rewritten(text, rewrite(text));
      this.#layers.push(layer);
      text = layer.text;
    }
    this.text = text;
  }

  toText(offset: number): number {
    return this.#up(offset, 0);
  }

  toSource(offset: number): number {
    return this.#layers.reduceRight((at, layer) => layer.toSource(at), offset);
  }

  /** The change around an offset in the text, in whichever layer, as offsets in the text. */
  changeAround(offset: number): { readonly start: number; readonly end: number } | undefined {
    let at = offset;
    for (const [index, layer] of [...this.#layers.entries()].reverse()) {
      const around = layer.changeAround(at);
      if (around !== undefined)
        return { start: this.#up(around.start, index + 1), end: this.#up(around.end, index + 1) };
      at = layer.toSource(at);
    }
    return undefined;
  }

  #up(offset: number, from: number): number {
    return this.#layers.slice(from).reduce((at, layer) => layer.toText(at), offset);
  }
}
