import { Rewritten } from "../core/rewrite.ts";
import { splitMarkdown } from "../core/split.ts";
import type { Piece } from "../platform.ts";
import { dialectChanges } from "./dialect.ts";

/** Changes whenever the same content could be cut at other places [C5]. */
export const FORMAT = "discord-2";

/** https://discord.com/developers/docs/resources/message#create-message: 2,000 characters. */
const LIMIT = 2_000;

/** Canonical Markdown in Discord's dialect, in pieces that fit. */
export function render(content: string, from: number): Piece[] {
  const shown = new Rewritten(content, dialectChanges(content));
  const pieces: Piece[] = [];
  let at = shown.toText(from);
  while (at < shown.text.length) {
    const cut = splitMarkdown(shown.text, at, LIMIT);
    const bad = cut.findIndex(({ upTo }) => shown.changeAround(upTo) !== undefined);
    const good = bad === -1 ? cut : cut.slice(0, bad);
    for (const { text, upTo } of good) pieces.push({ text, upTo: shown.toSource(upTo) });
    if (bad === -1) break;
    at = good.at(-1)?.upTo ?? at;
    // A piece can end only where one can begin again: before or after what was rewritten [C5].
    const around = shown.changeAround(cut[bad]?.upTo ?? at);
    const end = around === undefined ? at : around.start > at ? around.start : around.end;
    const [shorter] = splitMarkdown(shown.text.slice(0, end), at, LIMIT);
    if (shorter !== undefined) pieces.push({ text: shorter.text, upTo: shown.toSource(end) });
    at = Math.max(end, at + 1);
  }
  return pieces;
}
