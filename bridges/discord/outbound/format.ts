import { flankingChanges, unflankingChanges } from "../../core/markdown/flanking.ts";
import { labelChanges } from "../../core/markdown/safety/labels.ts";
import { pingChanges } from "../../core/markdown/safety/pings.ts";
import { renderedPieces } from "../../core/markdown/rendering.ts";
import { withoutPings } from "../../core/markdown/safety/pings.ts";
import { missingFiles, possibleLines, withLines } from "../../core/outbox/file_lines.ts";
import { header } from "../../core/outbox/header.ts";
import type { Delivery, Piece } from "../../platform.ts";
import { dialectChanges, PINGS } from "./dialect.ts";

/** Changes with every change of where content is split: docs/races.md#a-long-reply-resumes */
export const FORMAT = "discord-10";

/** https://discord.com/developers/docs/resources/message#create-message: 2,000 characters. */
const LIMIT = 2_000;

/** Twice what 20 messages hold: markup that Discord does not show is left out. */
const READABLE = 80_000;

/** What pings or deceives is looked for in what people will read: the dialect leaves out tags and decodes characters. */
export const REWRITES = [
  flankingChanges,
  dialectChanges,
  unflankingChanges,
  labelChanges,
  (text: string) => pingChanges(text, PINGS),
] as const;

/** Canonical Markdown in Discord's dialect, in pieces that fit into a message. */
export function render(content: string, from: number, room = 0): Piece[] {
  const rendering = { limit: LIMIT, readable: READABLE, rewrites: REWRITES };
  return renderedPieces(content, from, rendering, room);
}

/** What is posted of a piece, with what stands before it, and lines for the files that do not go along. */
export function postText(delivery: Delivery, piece: Piece, by: "webhook" | "bot"): string {
  const text = relayHeader(delivery, piece, by) + piece.text;
  if (piece.files === undefined) return text;
  const lines = missingFiles(delivery, piece).map((line) => withoutPings(line, PINGS));
  return withLines(text, lines, LIMIT);
}

/** Every line that may be below a post of a delivery. */
export function fileLines(delivery: Delivery): string[] {
  return possibleLines(delivery).map((line) => withoutPings(line, PINGS));
}

/**
 * What stands before a relayed message. A webhook shows the author's name, and can answer no message; the bot can, and
 * shows its own name.
 */
export function relayHeader(
  delivery: Delivery,
  { isFirst = false, text }: Piece,
  by: "webhook" | "bot",
): string {
  const isAnswer = by === "bot" && delivery.replyTo !== undefined;
  const style = { named: by === "bot", quoted: !isAnswer, gap: "\n" } as const;
  return isFirst ? withoutPings(header(delivery, text, style), PINGS) : "";
}
