import { Splitter } from "../../bridges/core/markdown/splitting/splitter.ts";
import type { Piece } from "../../bridges/platform.ts";

/** All pieces of a text from offset `from`, of at most `limit` UTF-16 units each. */
export function splitMarkdown(source: string, from: number, limit: number): Piece[] {
  const splitter = new Splitter(source);
  const pieces: Piece[] = [];
  for (let at = from; ;) {
    const piece = splitter.next(at, limit);
    if (piece === undefined) return pieces;
    at = piece.upTo;
    pieces.push({ text: piece.text, upTo: at });
  }
}
