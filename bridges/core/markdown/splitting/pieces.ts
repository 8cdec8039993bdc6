import type { Piece } from "../../../platform.ts";

/** Longer replies end with a note. The limit is about 40,000 characters on Discord, 200,000 on Slack. */
export const MAX_PIECES = 20;

/** Returns the piece at an offset of the content, or undefined if nothing is left. */
export type NextPiece = (from: number) => Piece | undefined;

/**
 * The pieces from offset `from` to the content's end, of which `next` reads up to `readTo`. If the whole content has more
 * than 20 pieces, or is longer, the rest is left out, and a last piece says so. Where that happens depends on the content alone, not on `from` (docs/races.md#a-long-reply-resumes).
 */
export function piecesFrom(
  content: string,
  from: number,
  next: NextPiece,
  readTo = content.length,
): Piece[] {
  const end = endOf(readTo, next);
  const pieces: Piece[] = [];
  let at = from;
  while (at < end) {
    const piece = next(at);
    at = piece?.upTo ?? end;
    if (piece !== undefined) pieces.push(piece);
  }
  if (at < content.length) pieces.push(note(content.length - at, content.length));
  return pieces;
}

/** The end of the last piece that may be posted. */
function endOf(readTo: number, next: NextPiece): number {
  let at = 0;
  for (let count = 0; count < MAX_PIECES; count += 1) {
    const piece = next(at);
    if (piece === undefined) return readTo;
    at = piece.upTo;
  }
  return next(at) === undefined ? readTo : at;
}

function note(left: number, upTo: number): Piece {
  const count = left.toLocaleString("en");
  return { text: `_This is too long to be posted whole: ${count} characters are left out._`, upTo };
}
