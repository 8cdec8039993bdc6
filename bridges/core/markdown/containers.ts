/** A quote or a list item around a line's text. After a break it is reopened in the next piece. */
export type Container = Quote | Item;

/** A block quote. */
interface Quote {
  readonly kind: "quote";
  readonly parent: Container | undefined;
}

/** A list item. */
export interface Item {
  readonly kind: "item";
  readonly parent: Container | undefined;
  /** `-`, `*`, `+`, or the character after the number. */
  readonly sign: string;
  /** As it is rendered, and as it was written: Markdown uses only a list's first number. */
  readonly number: number | undefined;
  readonly written: number | undefined;
  /** Columns before the mark. */
  readonly lead: number;
  /** Columns from the surrounding text to the item's own text. */
  readonly width: number;
  /** Where its own text begins in the source. */
  readonly content: number;
}

/** What follows reopened containers: text, which can be on an item's own line, or a block, which can't. */
export type Next = "text" | "block" | Item;

/** Shows that an item began in an earlier piece. */
const CONTINUED = "…";

/** Every line of a text as a quote. */
export function quoted(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n");
}

/** The marks that reopen every container, outermost first, so that the text after them is nested as in the source. */
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
      // Only a list that begins with 1 can interrupt a paragraph.
      const gap = (block?.number ?? 1) === 1 ? "" : `${lead.trimEnd()}\n`;
      out.push(`${CONTINUED}\n${gap}${lead}`);
    }
  }
  return out.join("");
}

/** The marks at the beginning of a further line within the containers. */
export function continuation(innermost: Container | undefined): string {
  return pathOf(innermost)
    .map((each) => (each.kind === "quote" ? "> " : " ".repeat(markOf(each).length)))
    .join("");
}

/** An item's mark with its rendered number, as wide as in the source if possible. */
export function markOf({ sign, number, lead, width }: Item): string {
  const mark = number === undefined ? sign : `${String(number)}${sign}`;
  const before = Math.max(0, Math.min(lead, width - mark.length - 1));
  return `${" ".repeat(before)}${mark}`.padEnd(Math.max(width, mark.length + 1));
}

/** Whether one of the containers is a list item. */
export function hasItem(innermost: Container | undefined): boolean {
  return pathOf(innermost).some(({ kind }) => kind === "item");
}

/** The containers from the outermost to `innermost`. */
export function pathOf(innermost: Container | undefined): Container[] {
  const path: Container[] = [];
  for (let each = innermost; each !== undefined; each = each.parent) path.push(each);
  return path.reverse();
}
