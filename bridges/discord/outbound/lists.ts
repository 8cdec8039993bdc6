import type { List, ListItem } from "mdast";
import type { Change } from "../../core/markdown/rewrite.ts";

/** Numbers the items explicitly where the list contains code, because code ends a list on Discord. */
export function numberChanges({ children, start: first }: List, source: string): Change[] {
  if (!children.some((item) => item.children.some(({ type }) => type === "code"))) return [];
  return children.flatMap((item, index) => {
    const start = item.position?.start.offset ?? 0;
    const typed = /^\d{1,9}/.exec(source.slice(start, start + 9))?.[0];
    const number = String((first ?? 1) + index);
    if (typed === undefined || typed === number) return [];
    return [{ start, end: start + typed.length, text: number }];
  });
}

/** Markers that Discord renders, and boxes for tasks. `start`: the item's offset in the source. */
export function itemChanges({ checked }: ListItem, source: string, start: number): Change[] {
  const changes: Change[] = [];
  const marker = /^(?:(\+)|\d{1,9}(\)))/.exec(source.slice(start, start + 12));
  if (marker?.[1] !== undefined) changes.push({ start, end: start + 1, text: "-" });
  if (marker?.[2] !== undefined) {
    const at = start + marker[0].length - 1;
    changes.push({ start: at, end: at + 1, text: "." });
  }
  const box = /\[[ xX\t]\]/.exec(source.slice(start, start + 24));
  if (typeof checked === "boolean" && box !== null) {
    const at = start + box.index;
    changes.push({ start: at, end: at + 3, text: checked ? "☑" : "☐" });
  }
  return changes;
}
