import type { Blockquote, List, Nodes, PhrasingContent, Root, RootContent, Table } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { toString } from "mdast-util-to-string";
import { gfm } from "micromark-extension-gfm";
import { stripVTControlCharacters, styleText } from "node:util";

/** Widest line, in columns. */
const WIDTH = 92;
/** Narrowest line, in columns: in nested blocks, narrower lines would hold one word each. */
const MIN_WIDTH = 30;

/** How formatting is shown: with terminal styles, or as plain text. */
export interface TextStyle {
  readonly bold: (text: string) => string;
  readonly italic: (text: string) => string;
  readonly strike: (text: string) => string;
  readonly dim: (text: string) => string;
}

export const TERMINAL: TextStyle = {
  bold: (text) => styleText("bold", text),
  italic: (text) => styleText("italic", text),
  strike: (text) => styleText("strikethrough", text),
  dim: (text) => styleText("dim", text),
};

export const PLAIN: TextStyle = {
  bold: (text) => text,
  italic: (text) => text,
  // Combining strokes: unmarked, struck text would have the opposite meaning.
  strike: (text) => text.replaceAll(/[^\s\p{M}]/gu, "$&\u0336"),
  dim: (text) => text,
};

/** Renders Markdown as lines for a terminal, without its markup. */
export function markdownLines(markdown: string, style: TextStyle, width = WIDTH): string[] {
  const tree = fromMarkdown(markdown, {
    extensions: [gfm()],
    mdastExtensions: [gfmFromMarkdown()],
  });
  return blocks(tree, style, Math.max(width, MIN_WIDTH));
}

/** Wraps text without formatting at a width. */
export function wrapped(text: string, width = WIDTH): string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, Math.max(width, MIN_WIDTH)));
}

function blocks(
  parent: Root | Blockquote | { children: Nodes[] },
  style: TextStyle,
  width: number,
) {
  const parts = parent.children.map((child) => block(child, style, width));
  return parts.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

function block(node: RootContent | Nodes, style: TextStyle, width: number): string[] {
  switch (node.type) {
    case "paragraph":
      return wrapped(inline(node.children, style), width);
    case "heading":
      return wrapped(style.bold(inline(node.children, style)), width);
    case "blockquote":
      return blocks(node, style, width - 2).map((line) => `▏ ${line}`.trimEnd());
    case "code":
      return node.value.split("\n").map((line) => `│ ${line}`.trimEnd());
    case "list":
      return list(node, style, width);
    case "table":
      return table(node, style);
    case "thematicBreak":
      return ["─".repeat(10)];
    default:
      return wrapped(toString(node), width);
  }
}

function list({ ordered, start, children }: List, style: TextStyle, width: number): string[] {
  return children.flatMap((item, index) => {
    const number = `${((start ?? 1) + index).toString()}.`;
    const box = typeof item.checked === "boolean" ? (item.checked ? "☑" : "☐") : "•";
    const mark = ordered ? number : box;
    const lines = item.children.flatMap((child) => block(child, style, width - mark.length - 1));
    const indent = " ".repeat(mark.length + 1);
    return lines.map((line, at) => (at === 0 ? `${mark} ${line}` : `${indent}${line}`));
  });
}

function table({ children, align }: Table, style: TextStyle): string[] {
  const rows = children.map((row) => row.children.map((cell) => inline(cell.children, style)));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => columns(row[column] ?? ""))),
  );
  const lines = rows.map((row) =>
    widths.map((width, column) => pad(row[column] ?? "", width, align?.[column] === "right")),
  );
  const [head = [], ...body] = lines.map((cells) => cells.join("  ").trimEnd());
  return [head, widths.map((width) => "─".repeat(width)).join("──"), ...body].flat();
}

function inline(nodes: readonly PhrasingContent[], style: TextStyle): string {
  return nodes.map((node) => phrase(node, style)).join("");
}

function phrase(node: PhrasingContent, style: TextStyle): string {
  switch (node.type) {
    case "strong":
      return style.bold(inline(node.children, style));
    case "emphasis":
      return style.italic(inline(node.children, style));
    case "delete":
      return style.strike(inline(node.children, style));
    case "link": {
      const label = inline(node.children, style);
      return label === node.url ? label : `${label} ${style.dim(`(${node.url})`)}`;
    }
    case "image":
      return `🖼 ${node.alt ?? ""} ${style.dim(`(${node.url})`)}`;
    case "break":
      return "\n";
    default:
      return toString(node);
  }
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current !== "" && columns(longer) > width) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return [...lines, current];
}

function pad(text: string, width: number, toTheRight: boolean): string {
  const space = " ".repeat(width - columns(text));
  return toTheRight ? `${space}${text}` : `${text}${space}`;
}

/** The width of a text in terminal columns: East Asian characters take two, combining marks none. */
function columns(text: string): number {
  const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
  return Array.from(stripVTControlCharacters(text))
    .filter((character) => !/\p{M}/u.test(character))
    .reduce((sum, character) => sum + (wide.test(character) ? 2 : 1), 0);
}
