import { cut, escapeMarkdown, onOneLine } from "../../../convex/model/shared/text.ts";
import type { Delivery, FileAlong, Piece } from "../../platform.ts";

const MOST_NAME = 100;

/** Lines for the files of a delivery that do not go along with a post, in Markdown. */
export function missingFiles({ files = [] }: Delivery, { files: along = [] }: Piece): string[] {
  return files.filter((file) => !along.some((each) => each.file === file)).map(lineOf);
}

/**
 * A text with such lines below it, in at most `limit` UTF-16 units: what does not fit is counted. The room that relayed
 * texts leave free is enough for that.
 */
export function withLines(text: string, lines: readonly string[], limit: number): string {
  for (let shown = lines.length; shown >= 0; shown -= 1) {
    const rest = shown === lines.length ? [] : [moreFiles(lines.length - shown)];
    const whole = [...(text === "" ? [] : [text]), ...lines.slice(0, shown), ...rest].join("\n");
    if (whole.length <= limit || shown === 0) return whole;
  }
  return text;
}

/** Every line that may be below a post of the delivery, in their order. */
export function possibleLines({ files = [] }: Delivery): string[] {
  return [...files.map(lineOf), ...files.map((_, index) => moreFiles(index + 1))];
}

/** Whether a text is another one with nothing but lines below it: any of `lines`, in their order. */
export function isWithLines(whole: string, text: string, lines: readonly string[]): boolean {
  if (!whole.startsWith(text)) return false;
  let rest = whole.slice(text.length).trim();
  for (const line of lines) if (rest.startsWith(line)) rest = rest.slice(line.length).trim();
  return rest === "";
}

function moreFiles(count: number): string {
  return `📎 ${count === 1 ? "1 more file" : `${count} more files`}`;
}

function lineOf({ name, size }: FileAlong["file"]): string {
  const shown = escapeMarkdown(cut(onOneLine(name), MOST_NAME));
  return `📎 ${shown} (${size < 1_000_000 ? `${Math.ceil(size / 1_000)} kB` : `${(size / 1_000_000).toFixed(1)} MB`})`;
}
