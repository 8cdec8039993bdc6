import type { Nodes, Table, TableCell } from "mdast";
import { toString } from "mdast-util-to-string";
import type { Change } from "../../core/markdown/rewrite.ts";

/** In columns. Wider lines would wrap. */
const MAX_WIDTH = 72;

/**
 * A table, which Discord does not render, as aligned code. Where that would be too wide, or would lose the addresses of links,
 * as a list of rows. `margin`: what precedes the table on each line.
 */
export function tableChanges(table: Table, source: string, margin: string): Change[] {
  const [head, ...body] = table.children;
  const start = table.position?.start.offset ?? 0;
  const end = table.position?.end.offset ?? 0;
  if (head === undefined) return [];
  const rows = table.children.map(({ children }) => children.map(plain));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => widthOf(row[column] ?? ""))),
  );
  const places = body.map((row) => ({
    start: marginBefore(source, row.position?.start.offset ?? end),
    end: row.position?.end.offset ?? end,
  }));
  const total = widths.reduce((sum, width) => sum + width + 2, 0);
  if (places.length > 0 && table.children.some(hasAddress)) return listed();
  if (total <= MAX_WIDTH) return aligned();
  return places.length === 0 ? [] : listed();

  function aligned(): Change[] {
    const line = (cells: readonly string[]) =>
      widths.map((width, column) => pad(cells[column] ?? "", width, table.align?.[column]));
    const lines = rows.map((row) => line(row).join("  ").trimEnd());
    const rule = widths.map((width) => "─".repeat(width)).join("──");
    const top = ["```", lines[0] ?? "", rule].join(`\n${margin}`);
    const bottom = `\n${margin}\`\`\``;
    const headEnd = lineEndBefore(source, places[0]?.start ?? end);
    if (places.length === 0) return [{ start, end, text: top + bottom }];
    return [
      { start, end: headEnd, text: top },
      ...places.map((place, index) => ({
        ...place,
        text: (lines[index + 1] ?? "") + (index === places.length - 1 ? bottom : ""),
      })),
    ];
  }

  function listed(): Change[] {
    const names = (rows[0] ?? []).map((name) => name.replaceAll("*", ""));
    return [
      { start, end: places[0]?.start ?? end, text: "" },
      ...body.map((row, index) => {
        const cells = row.children.map((cell, column) => {
          const value = slice(cell, source);
          const name = names[column] ?? "";
          return value === "" || name === "" ? value : `**${name}:** ${value}`;
        });
        const place = places[index] ?? { start: 0, end: 0 };
        return { ...place, text: `- ${cells.filter((cell) => cell !== "").join(" · ")}` };
      }),
    ];
  }
}

/** Whether a cell shows text in place of an address. */
function hasAddress(node: Nodes): boolean {
  if (node.type === "image") return true;
  if (node.type === "link" && toString(node) !== node.url) return true;
  return "children" in node && node.children.some(hasAddress);
}

const LINE_BREAK = /<br *\/?>/gi;

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
  const words = toString(cell).replaceAll(LINE_BREAK, " ");
  return words.replaceAll(/\s+/g, " ").replaceAll("```", "'''").trim();
}

function slice(cell: TableCell, source: string): string {
  const first = cell.children[0]?.position?.start.offset;
  const last = cell.children.at(-1)?.position?.end.offset;
  return first === undefined || last === undefined
    ? ""
    : source
        .slice(first, last)
        .replaceAll("\\|", "|")
        .replaceAll(LINE_BREAK, " ")
        // Discord renders images only as links.
        .replaceAll(/!(?=\[[^[\]]*\]\()/g, "");
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
