import type { Container } from "./containers.ts";

/** A fenced code block. Offsets into the source. */
export interface Fence {
  /** Where the opening line begins, and its text, which is repeated if the block continues in the next piece. */
  readonly start: number;
  readonly open: string;
  readonly marker: string;
  readonly body: number;
  /** Where the closing line begins, and where it ends (before its line break). */
  readonly close: number;
  readonly end: number;
  /** Never closed: `close` and `end` are the source's length. */
  readonly isEndless: boolean;
  readonly container: Container | undefined;
}

/** Longer opening lines count as text: repeated in each piece, they would leave no room for the code. */
const MAX_OPENING = 64;

/** A line's text that opens a block. */
export function openingFence(text: string): Pick<Fence, "open" | "marker"> | undefined {
  if (text.length > 2 * MAX_OPENING) return undefined;
  const open = text.trim();
  const [, marker, info = ""] = /^(`{3,16}|~{3,16})(?![`~])(.*)$/s.exec(open) ?? [];
  if (marker === undefined || open.length > MAX_OPENING || info.includes("`")) return undefined;
  return { open, marker };
}

/** Whether a line's text closes the block. */
export function closes({ marker }: Pick<Fence, "marker">, text: string): boolean {
  if (text.length > 2 * MAX_OPENING) return false;
  const sign = text.trim();
  return /^(?:`{3,16}|~{3,16})$/.test(sign) && sign.startsWith(marker);
}

/** How many blocks end before `offset`. */
export function countEnded(fences: readonly Fence[], offset: number): number {
  let [low, high] = [0, fences.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((fences[middle]?.end ?? offset) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The block whose code contains `offset`. */
export function fenceAround(fences: readonly Fence[], offset: number): Fence | undefined {
  const fence = fences[countEnded(fences, offset)];
  if (fence === undefined || fence.body > offset) return undefined;
  return offset < fence.end || fence.isEndless ? fence : undefined;
}
