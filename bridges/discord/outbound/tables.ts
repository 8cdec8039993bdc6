import type { Nodes, Table, TableCell } from "mdast";
import { toString } from "mdast-util-to-string";
import { rangeInside, rangeOf } from "../../core/markdown/parse.ts";
import { withoutTags } from "../../core/markdown/links/html.ts";
import { applied, type Change } from "../../core/markdown/rewrite.ts";

/** In columns. Wider lines would wrap. */
const MAX_WIDTH = 72;
const MIN_COLUMN = 3;

interface Layout extends Surroundings {
  readonly table: Table;
  /** The cells' plain text, row by row. The first row is the head. */
  readonly rows: readonly (readonly string[])[];
  /** Of each column, in characters of a fixed-width font. */
  readonly widths: readonly number[];
  readonly head: Range;
  /** The rows below the head. */
  readonly body: readonly Range[];
}

interface Range {
  readonly start: number;
  readonly end: number;
}

interface Surroundings {
  readonly source: string;
  /** What precedes the table on each line. */
  readonly margin: string;
  /** The changes within a cell. */
  readonly inside: (cell: TableCell) => Change[];
}

/**
 * A table, which Discord does not render, as aligned code. Where that would be too wide, or would lose the addresses of links,
 * as a list of rows.
 */
export function tableChanges(table: Table, surroundings: Surroundings): Change[] {
  const { source } = surroundings;
  const { start, end } = rangeOf(table);
  const rows = table.children.map(({ children }) => children.map(plain));
  const widths = widthsOf(rows);
  const body = table.children.slice(1).map((row) => {
    const range = rangeOf(row);
    return { ...range, start: marginBefore(source, range.start) };
  });
  const head = { start, end: body[0]?.start ?? end };
  const layout = { ...surroundings, table, rows, widths, head, body };
  const isNarrow = totalOf(widths) <= MAX_WIDTH;
  if (body.length === 0) return isNarrow ? aligned(layout) : [];
  return isNarrow && !table.children.some(hasAddress) ? aligned(layout) : listed(layout);
}

/** The widths of the columns, as far as they may fit: measuring takes most of the time, and a table can be huge. */
function widthsOf(rows: Layout["rows"]): number[] {
  const widths = (rows[0] ?? []).map(() => MIN_COLUMN);
  for (const row of rows) {
    if (totalOf(widths) > MAX_WIDTH) break;
    for (const [column, cell] of row.slice(0, widths.length).entries())
      widths[column] = Math.max(widths[column] ?? MIN_COLUMN, widthOf(cell));
  }
  return widths;
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 2, 0);
}

function aligned({ table, source, margin, rows, widths, head, body }: Layout): Change[] {
  const lines = rows.map((row) =>
    widths
      .map((width, column) => pad(row[column] ?? "", width, table.align?.[column]))
      .join("  ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "─".repeat(width)).join("──");
  const top = ["```", lines[0] ?? "", rule].join(`\n${margin}`);
  const bottom = `\n${margin}\`\`\``;
  if (body.length === 0) return [{ ...head, text: top + bottom }];
  return [
    { start: head.start, end: lineEndBefore(source, head.end), text: top },
    ...body.map((range, index) => ({
      ...range,
      text: (lines[index + 1] ?? "") + (index === body.length - 1 ? bottom : ""),
    })),
  ];
}

function listed({ table, source, inside, rows, head, body }: Layout): Change[] {
  const names = (rows[0] ?? []).map((name) => name.replaceAll("*", ""));
  // Once with their links and notes.
  const heads = (table.children[0]?.children ?? []).map((cell) =>
    hasAddress(cell) ? slice(cell, source, inside(cell)).replaceAll("**", "") : undefined,
  );
  const items = body.map((range, index) => {
    const cells = (table.children[index + 1]?.children ?? []).map((cell, column) => {
      const value = slice(cell, source, inside(cell));
      const name = (index === 0 ? heads[column] : undefined) ?? names[column] ?? "";
      return value === "" || name === "" ? value : `**${name}:** ${value}`;
    });
    return { ...range, text: `- ${cells.filter(Boolean).join(" · ")}` };
  });
  return [{ ...head, text: "" }, ...items];
}

/** Whether a cell shows text in place of an address. */
function hasAddress(node: Nodes): boolean {
  if (/^(?:image|linkReference|footnoteReference)/.test(node.type)) return true;
  if (node.type === "link" && !node.url.endsWith(toString(node))) return true;
  return "children" in node && node.children.some(hasAddress);
}

/** Where the indentation before `offset` begins, which would be visible in code. */
function marginBefore(source: string, offset: number): number {
  const lineStart = source.lastIndexOf("\n", offset - 1) + 1;
  return source.slice(lineStart, offset).trim() === "" ? lineStart : offset;
}

/** Where the line before the one at `offset` ends. */
function lineEndBefore(source: string, offset: number): number {
  const newline = source.lastIndexOf("\n", offset - 1);
  return newline === -1 ? offset : newline;
}

/** A cell's text without its Markdown, which would be visible in code. */
function plain(cell: TableCell): string {
  const words = withoutTags(toString(cell));
  return words.replaceAll(/\s+/g, " ").replaceAll("```", "'''").trim();
}

function slice(cell: TableCell, source: string, changes: readonly Change[]): string {
  const range = rangeInside(cell);
  if (range === undefined) return "";
  return applied(source, range.start, range.end, changes)
    .replaceAll("\\|", "|")
    .replaceAll(/\s*\n\s*/g, " ");
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The width of a text in columns of a fixed-width font: CJK characters and emoji take two. */
function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]|\p{Emoji_Presentation}/u;

function pad(text: string, width: number, align: string | null | undefined): string {
  const left = width - widthOf(text);
  if (left <= 0) return text;
  switch (align) {
    case "right":
      return " ".repeat(left) + text;
    case "center":
      return " ".repeat(left >> 1) + text + " ".repeat(left - (left >> 1));
    default:
      return text + " ".repeat(left);
  }
}
