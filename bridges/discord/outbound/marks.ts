import type { Delete, Emphasis, InlineCode, Nodes, Strong } from "mdast";
import { rangeOf } from "../../core/markdown/parse.ts";
import type { Change } from "../../core/markdown/rewrite.ts";

type Marked = Delete | Emphasis | Strong;

/**
 * The marks of emphasis as Discord reads them: two underscores underline there, and the first sign that could end the
 * emphasis does, even one in code or in an address. Then others are used, or none: the words matter most.
 */
export function markChanges(node: Marked, source: string, isWithinSame: boolean): Change[] {
  const { start, end } = rangeOf(node);
  const signs = source.slice(start, start + 2);
  const typed = node.type === "emphasis" || /~[^~]/.test(signs) ? signs.charAt(0) : signs;
  const text = isWithinSame ? "" : marksFor(node, source, typed);
  if (text === typed) return [];
  return [
    { start, end: start + typed.length, text },
    { start: end - typed.length, end, text },
  ];
}

function marksFor(node: Marked, source: string, typed: string): string {
  const { start, end } = rangeOf(node);
  const has = (sign: RegExp) => node.children.some((child) => hasRaw(child, sign));
  const [before, after] = [source.charAt(start - 1), source.charAt(end)];
  // More asterisks would join those of a neighbour.
  const isBeside = (before === "*") !== (after === "*");
  switch (node.type) {
    case "strong":
      if (has(/\*\*/)) return "";
      return isBeside && typed === "__" ? "__" : "**";
    case "delete":
      // Within a word, one tilde writes it lower.
      if (typed === "~" && /\w/.test(before)) return typed;
      return has(/~~/) ? "" : "~~";
    case "emphasis": {
      const within = source.slice(start + 1, end - 1);
      // Discord does not strike out what an underscore follows.
      const isFree = { "*": !isBeside && !has(/(?<!\*)\*(?!\*)/), _: !/\w|~/.test(before + after) };
      if (isFree._ && !within.includes("_") && (typed === "_" || !isFree["*"])) return "_";
      return isFree["*"] ? "*" : "";
    }
  }
}

/** Whether a sign is in what can't be escaped: code and addresses. */
export function hasRaw(node: Nodes, sign: RegExp): boolean {
  if (node.type === "inlineCode" || node.type === "html") return sign.test(node.value);
  if ((node.type === "link" || node.type === "image") && sign.test(node.url)) return true;
  return "children" in node && node.children.some((child) => hasRaw(child, sign));
}

/** Code within a line. Discord takes three back ticks for a block, wherever they are. */
export function inlineCodeChanges(node: InlineCode, source: string): Change[] {
  const { value } = node;
  const { start, end } = rangeOf(node);
  if (!source.slice(start, end).includes("```")) return [];
  const code = value.includes("```") ? value.replaceAll(/`(?=`)/g, "`\u200b") : value;
  const longest = Math.max(0, ...Array.from(code.matchAll(/`+/g), ([run]) => run.length));
  const ticks = longest === 1 ? "``" : "`";
  const space = /^`|`$/.test(code) ? " " : "";
  return [{ start, end, text: ticks + space + code + space + ticks }];
}
