/** A quote, or an item of a list: what a line's text stands in, and what has to be opened again after a cut. */
export type Container = Quote | Item;

interface Quote {
  readonly kind: "quote";
  readonly parent: Container | undefined;
}

export interface Item {
  readonly kind: "item";
  readonly parent: Container | undefined;
  /** `-`, `*`, `+`, or what follows the number. */
  readonly sign: string;
  /** As readers see it, and as it was written: only a list's first number counts in Markdown. */
  readonly number: number | undefined;
  readonly written: number | undefined;
  /** Columns before the mark. */
  readonly lead: number;
  /** Columns from the text around to the item's own text. */
  readonly width: number;
  /** Where its own text begins in the source. */
  readonly content: number;
}

/** What follows on what is opened again: text, which can stand on an item's own line, or a block, which can't. */
export type Next = "text" | "block" | Item;

/** Says that an item began in the piece before. */
const CONTINUED = "…";

/** Opens every container again, outermost first: what follows stands where it stood in the source. */
export function reopen(innermost: Container | undefined, next: Next): string {
  const path = pathOf(innermost);
  const out: string[] = [];
  let lead = "";
  for (const [index, container] of path.entries()) {
    const inside = path[index + 1];
    if (container.kind === "quote") {
      out.push("> ");
      lead += "> ";
      continue;
    }
    const mark = markOf(container);
    out.push(mark);
    lead += " ".repeat(mark.length);
    if (inside === undefined && next === "text") out.push(`${CONTINUED} `);
    else if (inside?.kind !== "quote") {
      const block = inside ?? (typeof next === "string" ? undefined : next);
      // Only a list that begins with 1 can follow on a paragraph.
      const gap = (block?.number ?? 1) === 1 ? "" : `${lead.trimEnd()}\n`;
      out.push(`${CONTINUED}\n${gap}${lead}`);
    }
  }
  return out.join("");
}

/** What a further line within the containers begins with. */
export function continuation(innermost: Container | undefined): string {
  return pathOf(innermost)
    .map((each) => (each.kind === "quote" ? "> " : " ".repeat(markOf(each).length)))
    .join("");
}

/** An item's mark with the number readers see, as wide as in the source where that can be. */
export function markOf({ sign, number, lead, width }: Item): string {
  const mark = number === undefined ? sign : `${String(number)}${sign}`;
  const before = Math.max(0, Math.min(lead, width - mark.length - 1));
  return `${" ".repeat(before)}${mark}`.padEnd(Math.max(width, mark.length + 1));
}

export function hasItem(innermost: Container | undefined): boolean {
  return pathOf(innermost).some(({ kind }) => kind === "item");
}

export function pathOf(innermost: Container | undefined): Container[] {
  const path: Container[] = [];
  for (let each = innermost; each !== undefined; each = each.parent) path.push(each);
  return path.reverse();
}
