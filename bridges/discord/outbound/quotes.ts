import { scanBlocks } from "../../core/markdown/blocks.ts";
import { pathOf } from "../../core/markdown/containers.ts";
import type { Change } from "../../core/markdown/rewrite.ts";

/**
 * Every line of a quote marked as Discord wants it: with one `>` and a space. It knows one depth of quotes, shows `>`
 * without a space, and takes a line without the mark for the quote's end.
 */
export function quoteChanges(source: string): Change[] {
  if (!source.includes(">")) return [];
  return scanBlocks(source).lines.flatMap(({ start, end, inner, isLazy }): Change[] => {
    const path = pathOf(inner);
    const other = path.findIndex(({ kind }) => kind !== "quote");
    const depth = other === -1 ? path.length : other;
    if (depth === 0) return [];
    // A line break is rewritten because nothing else is there to be.
    if (isLazy) return [{ start: start - 1, end: start, text: "\n> " }];
    const marks = new RegExp(`^(?:[ \\t]*>[ ]?){${String(depth)}}`).exec(source.slice(start, end));
    const typed = marks?.[0] ?? "";
    return typed === "" || typed === "> " ? [] : [{ start, end: start + typed.length, text: "> " }];
  });
}
