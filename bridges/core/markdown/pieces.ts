import type { Piece } from "../../platform.ts";

/** Longer replies end with a note: some 40,000 characters on Discord, 200,000 on Slack. */
export const MAX_PIECES = 20;

/** The piece at an offset of the content; `undefined`: nothing is left. */
export type NextPiece = (from: number) => Piece | undefined;

/**
 * The pieces from offset `from` to the content's end. Where the whole has more than 20, what would follow on the 20th is left
 * out, and a last piece says so: that place follows from the content alone, wherever one starts again [C5].
 */
export function piecesFrom(content: string, from: number, next: NextPiece): Piece[] {
  const end = endOf(content, next);
  const pieces: Piece[] = [];
  let at = from;
  while (at < end) {
    const piece = next(at);
    if (piece === undefined) return pieces;
    pieces.push(piece);
    at = piece.upTo;
  }
  if (at < content.length) pieces.push(note(content.length - at, content.length));
  return pieces;
}

/** Where the last piece that may be posted ends. */
function endOf(content: string, next: NextPiece): number {
  let at = 0;
  for (let count = 0; count < MAX_PIECES; count += 1) {
    const piece = next(at);
    if (piece === undefined) return content.length;
    at = piece.upTo;
  }
  return next(at) === undefined ? content.length : at;
}

function note(left: number, upTo: number): Piece {
  const count = left.toLocaleString("en");
  return { text: `_This is too long to be posted whole: ${count} characters are left out._`, upTo };
}
