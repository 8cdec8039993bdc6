import { piecesFrom } from "../../core/markdown/pieces.ts";
import { Rewritten } from "../../core/markdown/rewrite.ts";
import { type SplitPiece, Splitter } from "../../core/markdown/splitter.ts";
import type { Piece } from "../../platform.ts";
import { dialectChanges } from "./dialect.ts";

/** Changes whenever the same content could be cut at other places [C5]. */
export const FORMAT = "discord-4";

/** https://discord.com/developers/docs/resources/message#create-message: 2,000 characters. */
const LIMIT = 2_000;

/** Canonical Markdown in Discord's dialect, in pieces that fit. */
export function render(content: string, from: number): Piece[] {
  const shown = new Rewritten(content, dialectChanges(content));
  const splitter = new Splitter(shown.text);
  return piecesFrom(content, from, (at) => {
    const piece = nextPiece(splitter, shown, shown.toText(at));
    return piece && { text: piece.text, upTo: shown.toSource(piece.upTo) };
  });
}

/** A piece can end only where one can begin again: before or after what was rewritten [C5]. */
function nextPiece(splitter: Splitter, shown: Rewritten, at: number): Piece | undefined {
  let piece = splitter.next(at, LIMIT);
  for (let tries = 0; piece !== undefined && tries < LIMIT; tries += 1) {
    const end = endOf(piece, shown);
    if (end !== undefined) return { text: piece.text, upTo: end };
    const around = shown.changeAround(piece.breakAt) ?? { start: at, end: piece.upTo };
    piece = splitter.next(at, LIMIT, around.start > piece.low ? around.start : around.end);
  }
  return piece;
}

function endOf({ breakAt, upTo }: SplitPiece, shown: Rewritten): number | undefined {
  return [upTo, breakAt].find((end) => shown.changeAround(end) === undefined);
}
