/** A fenced code block. Offsets into the source; `close` and `end` are its length if it is never closed. */
export interface Fence {
  /** Where the opening line begins, and that line: said again when the block goes on in the next piece. */
  readonly start: number;
  readonly open: string;
  readonly marker: string;
  readonly body: number;
  /** Where the closing line begins, and where it ends (before its line break). */
  readonly close: number;
  readonly end: number;
}

/** Longer opening lines are text: said again in each piece, they would leave no room for the code. */
const MAX_OPENING = 64;

/** Every code block of the source, in order. Linear time. */
export function findFences(source: string): Fence[] {
  const fences: Fence[] = [];
  let opened: Omit<Fence, "close" | "end"> | undefined;
  for (let start = 0; start < source.length;) {
    const newline = source.indexOf("\n", start);
    const end = newline === -1 ? source.length : newline;
    const line = source.slice(start, end).trimEnd();
    const marker = /^[ \t]*(`{3,16}|~{3,16})(?![`~])/.exec(line)?.[1];
    if (opened === undefined) {
      const info = marker === undefined ? "" : line.slice(line.indexOf(marker) + marker.length);
      if (
        marker !== undefined &&
        line.length <= MAX_OPENING &&
        !info.includes("`") &&
        end < source.length
      )
        opened = { start, open: line, marker, body: end + 1 };
    } else if (
      marker !== undefined &&
      line.trimStart() === marker &&
      marker.startsWith(opened.marker)
    ) {
      fences.push({ ...opened, close: start, end });
      opened = undefined;
    }
    start = end + 1;
  }
  if (opened !== undefined) fences.push({ ...opened, close: source.length, end: source.length });
  return fences;
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

/** The block whose code is cut when one cuts at `offset`. */
export function fenceAround(fences: readonly Fence[], offset: number): Fence | undefined {
  const fence = fences[countEnded(fences, offset)];
  if (fence === undefined || fence.body > offset) return undefined;
  return offset < fence.end || fence.close === fence.end ? fence : undefined;
}
