import { scanBlocks } from "../../core/markdown/blocks.ts";
import { pathOf } from "../../core/markdown/containers.ts";
import type { Change } from "../../core/markdown/rewrite.ts";

/**
 * Marks every line of a quote with one `>` and a space. Discord has no nested quotes, does not recognise `>` without a space,
 * and ends a quote at a line without the mark.
 */
export function quoteChanges(source: string): Change[] {
  if (!source.includes(">")) return [];
  return scanBlocks(source).lines.flatMap(({ start, end, text, inner, isLazy }): Change[] => {
    const path = pathOf(inner);
    const other = path.findIndex(({ kind }) => kind !== "quote");
    const depth = other === -1 ? path.length : other;
    if (depth === 0) return isLazy ? [] : insideItem(source.slice(start, text), text);
    // A line that continues lazily may have fewer marks, or none.
    const least = isLazy ? 0 : depth;
    const marks = new RegExp(`^(?:[ \\t]*>[ ]?){${String(least)},${String(depth)}}`).exec(
      source.slice(start, end),
    );
    const typed = marks?.[0] ?? "";
    // A change needs something to replace, so it replaces the line break.
    if (isLazy && typed === "") return [{ start: start - 1, end: start, text: "\n> " }];
    return typed === "" || typed === "> " ? [] : [{ start, end: start + typed.length, text: "> " }];
  });
}

/** The marks of quotes in a list item, which are the last ones before a line's text. */
function insideItem(marks: string, end: number): Change[] {
  const typed = /(?:>[ \t]*)+$/.exec(marks)?.[0] ?? "";
  return typed === "" || typed === "> " ? [] : [{ start: end - typed.length, end, text: "> " }];
}
