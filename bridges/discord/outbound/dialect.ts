import type { Heading, Nodes, Table } from "mdast";
import { parseParts } from "../../core/markdown/parse.ts";
import type { Pings } from "../../core/markdown/safety/pings.ts";
import type { Change } from "../../core/markdown/rewrite.ts";
import { codeChanges } from "./code_blocks.ts";
import { textChanges } from "./escapes.ts";
import { hasRaw, inlineCodeChanges, markChanges } from "./marks.ts";
import { htmlChanges } from "./html.ts";
import { itemChanges, numberChanges } from "./lists.ts";
import { quoteChanges } from "./quotes.ts";
import { tableChanges } from "./tables.ts";

/** The longest replacement text: it fits into one message and leaves room for more. */
const MAX_CHANGE = 900;

/** Mentions of people and roles stay readable: `allowed_mentions` keeps all of them from notifying anybody. */
export const PINGS: Pings = { words: /everyone|here/iy };

/**
 * The changes that make Discord show Markdown as it is meant. What Discord renders stays as written.
 * https://support.discord.com/hc/en-us/articles/210298617 lists that.
 */
export function dialectChanges(content: string): Change[] {
  const endsItalic = ENDS_ITALIC.test(content);
  const worth = { test: (part: string) => isForeign(part, endsItalic) };
  return parseParts(content, worth).flatMap(({ start, source, tree }) =>
    [
      ...changesOf(tree, { source, endsItalic, ...TOP }).filter(isShort),
      ...quoteChanges(source),
    ].map((change) => ({ ...change, start: change.start + start, end: change.end + start })),
  );
}

/**
 * Without any of these, Discord shows a text as it is meant: most texts, lists of links too, need not be parsed. Lines
 * of nothing but marks are rules or underline headings; other marks and tasks may follow those of an outer item.
 */
const FOREIGN =
  /[#|<>&]|!\[|```|~~~|__|\\[\r\n]|^(?: {0,3}\t| {4}|=|[ \t]*(?:(?:[-*]|\d{1,9}\.)[ \t]{1,4}){0,10}(?:[ \t]{4}|[-*_=][-*_= \t]*\r?$|\[[ \txX]\]|\+|\d{1,9}\)))/m;

/** Marks as most people write them, which Discord reads like Markdown: code, then bold and italic words. */
const USUAL = [
  /(?<![`\\])`(?:[^`*~|\\_\n]|_(?=[A-Za-z\d]))+`(?!`)/g,
  /(?<![\w*\\])(\*{1,2})(?=[^\s*])[^*_`~|\n]*(?<=[^\s*\p{P}])\1(?![\w*])/gu,
] as const;

/** Stands for such marks. */
const REPLACED = "\ufffc";

/** Signs that Discord could read as other marks than Markdown does. */
const STRAY = /`|\*\*|(?<=\S)\*|\*(?=\S)|_(?![A-Za-z\d])|~~|\\(?:[^ -~\s]|$)|^-# /m;

function isForeign(part: string, endsItalic: boolean): boolean {
  return (
    FOREIGN.test(part) ||
    (endsItalic && part.includes("_")) ||
    STRAY.test(USUAL.reduce((text, form) => text.replace(form, REPLACED), part))
  );
}

const isShort = ({ text }: Change) => text.length <= MAX_CHANGE;

interface Context {
  readonly source: string;
  /** In a quote or a list. */
  readonly isNested: boolean;
  readonly isQuoted: boolean;
  /** Whether an underscore could end emphasis on Discord, one in code too. */
  readonly endsItalic: boolean;
  /** The kinds of emphasis around it. */
  readonly marks: readonly Nodes["type"][];
}

/** An underscore at the end of a word, or code for whose asterisk underscores may be used around it. */
const ENDS_ITALIC = /_(?![A-Za-z\d])|`[^`\n]*\*/;

const TOP = { isNested: false, isQuoted: false, marks: [] } as const;

function changesOf(node: Nodes, context: Context): Change[] {
  const { source, isNested } = context;
  const { start, end } = rangeOf(node);
  switch (node.type) {
    case "heading":
      return heading(node, context);
    case "thematicBreak":
      return [{ start, end, text: "──────────" }];
    case "table":
      return table(node, context);
    case "code":
      return codeChanges(node, source, { start, end, isNested });
    case "html":
      return htmlChanges(source, start, end).map((change) =>
        change.text === "**" && context.marks.includes("strong") ? { ...change, text: "" } : change,
      );
    case "image":
      return [{ start, end, text: node.alt ? `[${node.alt}](${node.url})` : node.url }];
    case "text":
      return textChanges(source, { start, end }, { ...context, inMarks: context.marks.length > 0 });
    case "link":
      // A bare address is no text.
      return source[start] === "[" ? childChanges(node.children, context) : [];
    case "break":
      // Discord would show the back slash.
      return source[start] === "\\" ? [{ start, end: start + 1, text: "" }] : [];
    case "strong":
    case "emphasis":
    case "delete":
      return [
        ...markChanges(node, source, context.marks.includes(node.type)),
        ...childChanges(node.children, { ...context, marks: [...context.marks, node.type] }),
      ];
    case "inlineCode":
      return inlineCodeChanges(node, source);
    case "list": {
      const numbers = node.ordered === true ? numberChanges(node, source) : [];
      return [...numbers, ...childChanges(node.children, { ...context, isNested: true })];
    }
    case "listItem":
      return [...itemChanges(node, source, start), ...childChanges(node.children, context)];
    case "blockquote":
      return childChanges(node.children, { ...context, isNested: true, isQuoted: true });
    default:
      return "children" in node ? childChanges(node.children, context) : [];
  }
}

function childChanges(children: readonly Nodes[], context: Context): Change[] {
  return children.flatMap((child) => changesOf(child, context));
}

/** A node's place. Every parsed node has one. */
function rangeOf(node: Nodes): { readonly start: number; readonly end: number } {
  return { start: node.position?.start.offset ?? 0, end: node.position?.end.offset ?? 0 };
}

/** All changes of a table or none: half of them would be neither form. */
function table(node: Table, { source, isQuoted }: Context): Change[] {
  const changes = tableChanges(node, source, isQuoted ? "> " : "");
  return changes.every(isShort) ? changes : [];
}

/** Discord renders three levels, and only lines that begin with number signs. */
function heading(node: Heading, context: Context): Change[] {
  const { source } = context;
  const first = node.children[0];
  const last = node.children.at(-1);
  if (first === undefined || last === undefined) return [];
  const { start, end } = rangeOf(node);
  const isBold = node.depth > 3 && !hasRaw(node, /\*\*/);
  const marks = isBold ? [...context.marks, "strong" as const] : context.marks;
  const inside = childChanges(node.children, { ...context, marks });
  if (node.depth <= 3 && /^#+\s/.test(source.slice(start, start + 4))) return inside;
  const title = applied(source, rangeOf(first).start, rangeOf(last).end, inside);
  const line = title.replaceAll(/\s*\n\s*/g, " ");
  if (node.depth <= 3) return [{ start, end, text: `${"#".repeat(node.depth)} ${line}` }];
  return [{ start, end, text: isBold ? `**${line}**` : line }];
}

/** A section of the source with the changes applied; of those that overlap, the first. */
function applied(source: string, from: number, to: number, changes: readonly Change[]): string {
  const out: string[] = [];
  let at = from;
  for (const { start, end, text } of changes.toSorted((a, b) => a.start - b.start)) {
    if (start < at) continue;
    out.push(source.slice(at, start), text);
    at = end;
  }
  return [...out, source.slice(at, to)].join("");
}
