import type { Nodes, Table, TableCell } from "mdast";
import { toString } from "mdast-util-to-string";
import type { Change } from "../../core/markdown/rewrite.ts";

/** Wider lines would wrap, on a phone at the latest. */
const MAX_WIDTH = 72;

/**
 * A table as aligned code, or, where that is too wide or would lose what links point to, as a list of its rows. Discord shows no tables. `margin`: what its
 * lines begin with.
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
    const isLast = places.length === 0;
    return [
      {
        start,
        end: isLast ? end : headEnd,
        text: isLast ? top + bottom : top,
      },
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
          const said = slice(cell, source);
          const name = names[column] ?? "";
          return said === "" ? "" : name === "" ? said : `**${name}:** ${said}`;
        });
        const place = places[index] ?? { start: 0, end: 0 };
        return { ...place, text: `- ${cells.filter((cell) => cell !== "").join(" · ")}` };
      }),
    ];
  }
}

/** Whether a cell shows words in place of an address. */
function hasAddress(node: Nodes): boolean {
  if (node.type === "image") return true;
  if (node.type === "link" && toString(node) !== node.url) return true;
  return "children" in node && node.children.some(hasAddress);
}

const LINE_BREAK = /<br *\/?>/gi;

/** Where the indentation before `offset` begins: in code it would show. */
function marginBefore(source: string, offset: number): number {
  const lineStart = source.lastIndexOf("\n", offset - 1) + 1;
  return source.slice(lineStart, offset).trim() === "" ? lineStart : offset;
}

/** Where the line before the one at `offset` ends. */
function lineEndBefore(source: string, offset: number): number {
  const newline = source.lastIndexOf("\n", offset - 1);
  return newline === -1 ? offset : newline;
}

/** A cell's words: in code its Markdown would show. */
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
        // Discord shows no pictures by their address.
        .replaceAll(/!(?=\[[^[\]]*\]\()/g, "");
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How many columns a text takes in a fixed-width font: CJK and emoji two a character. */
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
