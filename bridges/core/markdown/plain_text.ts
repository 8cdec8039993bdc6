import type { Nodes, Parents } from "mdast";
import { isHardToParse, parseMarkdown } from "./parse.ts";

/** Code, an escape, or a spoiler: the first two hold none. */
const SPOILER = /(`+)[^]*?\1|\\[^]|\|\|[^]+?(\|\||$)/g;

/**
 * The words of a text without what formats them, line by line, and without its spoilers. `mayBeCut`: within a spoiler, which
 * then has no end.
 */
export function plainText(content: string, mayBeCut: boolean): string {
  const source = content.replace(SPOILER, (text, _ticks, end?: string) => {
    const isSpoiler = end === "||" || (end === "" && mayBeCut);
    return isSpoiler ? "[spoiler]" : text;
  });
  return isHardToParse(source) ? source : wordsOf(parseMarkdown(source), source);
}

const BLOCKS = new Set(["root", "blockquote", "list", "listItem"]);

function wordsOf(node: Nodes, source: string): string {
  const { start, end } = node.position ?? {};
  const typed = source.slice(start?.offset, end?.offset);
  const inside = (parent: Parents) =>
    parent.children
      .map((child) => wordsOf(child, source))
      .join(BLOCKS.has(parent.type) ? "\n" : "");
  switch (node.type) {
    case "text":
      // As typed: Discord decodes no entities.
      return typed.replace(/\\([!-/:-@[-`{-~])/g, "$1");
    case "inlineCode":
    case "code":
      return node.value;
    case "image":
      return node.alt ?? "";
    case "thematicBreak":
    case "definition":
      return "";
    case "listItem":
      return `${/^\d+[.)] /.exec(typed)?.[0] ?? ""}${inside(node)}`;
    case "emphasis":
    case "strong":
    case "delete":
      return isName(typed, source, start?.offset ?? 0) ? typed : inside(node);
    case "root":
    case "blockquote":
    case "list":
    case "paragraph":
    case "heading":
    case "link":
      return inside(node);
    default:
      return typed;
  }
}

/** Whether marks are a part of words: `__init__`, `2*3*4`. Discord knows no `~` alone. */
function isName(typed: string, source: string, at: number): boolean {
  const around = source.charAt(at - 1) + source.charAt(at + typed.length);
  return /^__\w+__$|^~[^~]/.test(typed) || /[\p{L}\p{N}]/u.test(around);
}
