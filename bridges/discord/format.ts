import { splitMarkdown } from "../core/split.ts";
import type { Piece } from "../platform.ts";

/** Changes whenever the same content could be cut at other places [C5]. */
export const FORMAT = "discord-1";

/** https://discord.com/developers/docs/resources/message#create-message: 2,000 characters. */
const LIMIT = 2_000;

/** Canonical Markdown in Discord's dialect, in pieces that fit. Nothing gets longer, so the pieces still fit. */
export function render(content: string, from: number): Piece[] {
  return splitMarkdown(content, from, LIMIT).map(({ text, upTo }) => ({
    text: dialect(text),
    upTo,
  }));
}

/**
 * What Discord would show as typed: headings below the third level become bold, images links. Code stays as
 * it is, so lines with a backtick are left alone.
 */
function dialect(text: string): string {
  let fence: string | undefined;
  return text
    .split("\n")
    .map((line) => {
      const marker = /^[ \t]*(`{3,}|~{3,})/.exec(line)?.[1];
      if (fence !== undefined) {
        if (marker !== undefined && marker.startsWith(fence) && line.trim() === marker)
          fence = undefined;
        return line;
      }
      if (marker !== undefined) fence = marker;
      if (line.includes("`") || marker !== undefined) return line;
      return line
        .replace(/^#{4,6} +([^#\s].*)$/, (whole, title: string) => bold(whole, title))
        .replace(/!\[(?=[^[\]]*\]\(https?:)/g, "[");
    })
    .join("\n");
}

function bold(whole: string, title: string): string {
  const text = `**${title.replaceAll("**", "").trimEnd()}**`;
  return text.length <= whole.length ? text : whole;
}
