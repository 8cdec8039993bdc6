import { cut } from "../../../convex/model/shared/text.ts";
import type { Piece } from "../../platform.ts";
import { piecesFrom } from "./splitting/pieces.ts";
import { type Change, Layers } from "./rewrite.ts";
import { Splitter } from "./splitting/splitter.ts";

/** The pieces of a text that is posted in another form than it is stored in. */
export interface Rendering {
  /** The most UTF-16 units that a message holds, and that are read of the whole text. */
  readonly limit: number;
  readonly readable: number;
  /** What is changed, in this order: each is given what the one before it has made. */
  readonly rewrites: readonly ((text: string) => Change[])[];
}

/** The pieces from offset `from` to the content's end, each of which leaves `room` of the limit free. */
export function renderedPieces(
  content: string,
  from: number,
  rendering: Rendering,
  room = 0,
): Piece[] {
  const { readable, rewrites } = rendering;
  const limit = rendering.limit - room;
  const read = cut(content, readable);
  const shown = new Layers(read, rewrites);
  const splitter = new Splitter(shown.text);
  const next = (at: number) => nextPiece(splitter, shown, shown.toText(at), limit);
  return piecesFrom(content, from, next, read.length);
}

/** A piece must end where the next attempt can resume: not within a rewritten section. */
function nextPiece(
  splitter: Splitter,
  shown: Layers,
  at: number,
  limit: number,
): Piece | undefined {
  let piece = splitter.next(at, limit);
  for (let tries = 0; piece !== undefined && tries < limit; tries += 1) {
    const { text, breakAt, upTo, low } = piece;
    const end = [upTo, breakAt].find((each) => shown.changeAround(each) === undefined);
    if (end !== undefined) return { text, upTo: shown.toSource(end) };
    const around = shown.changeAround(breakAt) ?? { start: at, end: upTo };
    piece = splitter.next(at, limit, around.start > low ? around.start : around.end);
  }
  return piece && { text: piece.text, upTo: shown.toSource(piece.upTo) };
}
