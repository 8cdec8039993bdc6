import type { Heading, Nodes, Table, TableCell } from "mdast";
import { htmlChanges } from "../../core/markdown/links/html.ts";
import type { LinkStyle } from "../../core/markdown/links/form.ts";
import { Links } from "../../core/markdown/links/links.ts";
import { parseParts, rangeInside, rangeOf } from "../../core/markdown/parse.ts";
import type { Pings } from "../../core/markdown/safety/pings.ts";
import { applied, type Change, moved } from "../../core/markdown/rewrite.ts";
import { codeChanges } from "./code_blocks.ts";
import { spoilersIn, textChanges } from "./escapes.ts";
import { itemChanges, numberChanges } from "./lists.ts";
import { hasRaw, inlineCodeChanges, markChanges } from "./marks.ts";
import { quoteChanges } from "./quotes.ts";
import { tableChanges } from "./tables.ts";

/** The longest replacement text: it fits into one message and leaves room for more. */
const MAX_CHANGE = 900;

/** Mentions of people and roles stay readable: `allowed_mentions` keeps all of them from notifying anybody. */
export const PINGS: Pings = { words: /everyone|here/iy };

/** Discord shows a link as it is written if its label holds an address, an emoji, a token or an escape. */
const LINKS: LinkStyle = {
  linked: /^https?:\/\/[^\s/?#]/i,
  unshown: /https?:\/\/\S|\p{Emoji_Presentation}|\uFE0F|\\|<(?:[@#:]|\/[^<>]*:\d|a:|t:|id:)/iu,
};

/**
 * The changes that make Discord show Markdown as it is meant. What Discord renders stays as written.
 * https://support.discord.com/hc/en-us/articles/210298617 lists that.
 */
export function dialectChanges(content: string): Change[] {
  const endsItalic = ENDS_ITALIC.test(content);
  const parsed = parseParts(content, { test: (part) => isForeign(part, endsItalic) });
  const links: Links = new Links(LINKS, parsed, (node, source) =>
    insideOf(node, { ...outermost(source), isNested: true }),
  );
  const outermost = (source: string): Context => ({
    source,
    links,
    endsItalic,
    spoilers: spoilersIn(source),
    ...TOP,
  });
  return parsed.parts.flatMap(({ start, source, tree }) => {
    const changes = changesOf(tree, outermost(source)).filter(isShort);
    return moved([...changes, ...quoteChanges(source)], start);
  });
}

/**
 * Without any of these, Discord shows a text as it is meant: most texts, lists of links too, need not be parsed. Lines
 * of nothing but marks are rules or underline headings; other marks and tasks may follow those of an outer item.
 */
const FOREIGN = new RegExp(
  [
    /[#|<>&\\]|!\[|```|~~~|__|(?<!~)~(?!~)/u,
    /^(?: {0,3}\t| {4}|=|[ \t]*(?:(?:[-*]|\d{1,9}\.)[ \t]{1,4}){0,10}(?:[ \t]{4}|[-*_=][-*_= \t]*\r?$|\[[ \txX]\]|\+|\d{1,9}\)))/u,
    // Links that Discord does not show, and notes.
    /\[\^|\]:|\[\s*\]\(|\]\((?!https?:\/\/[^\s()]+\))|(?::\/\/|[\p{Emoji_Presentation}\uFE0F])[^[\]\n]{0,300}\]\(/u,
  ]
    .map(({ source }) => source)
    .join("|"),
  "mu",
);

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

type Range = Pick<Change, "start" | "end">;

const isShort = ({ text }: Change) => text.length <= MAX_CHANGE;

interface Context {
  readonly source: string;
  readonly links: Links;
  /** In a quote or a list. */
  readonly isNested: boolean;
  readonly isQuoted: boolean;
  /** Whether an underscore could end emphasis on Discord, one in code too. */
  readonly endsItalic: boolean;
  /** See `spoilersIn`. */
  readonly spoilers: ReadonlyMap<number, string>;
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
      return html({ start, end }, context);
    case "link":
    case "linkReference":
    case "image":
    case "imageReference":
    case "definition":
    case "footnoteReference":
    case "footnoteDefinition":
      return context.links.changes(node, source, (inner) =>
        insideOf(inner, inLabel(inner, context)),
      );
    case "text":
      return text({ start, end }, context);
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
      return insideOf(node, context);
  }
}

function childChanges(children: readonly Nodes[], context: Context): Change[] {
  return children.flatMap((child) => changesOf(child, context));
}

/** Discord reads a label by itself: nothing outside of it ends what begins in it. */
function inLabel(node: Nodes, context: Context): Context {
  if (node.type !== "link" && node.type !== "linkReference") return context;
  const range = rangeInside(node);
  const label = range ? context.source.slice(range.start, range.end) : "";
  return { ...context, endsItalic: ENDS_ITALIC.test(label) };
}

function insideOf(node: Nodes, context: Context): Change[] {
  return "children" in node ? childChanges(node.children, context) : [];
}

/** All changes of a table or none: half of them would be neither form. */
function table(node: Table, context: Context): Change[] {
  const { source, isQuoted } = context;
  const inside = (cell: TableCell) => childChanges(cell.children, context);
  const changes = tableChanges(node, { source, margin: isQuoted ? "> " : "", inside });
  return changes.every(isShort) ? changes : [];
}

/** Discord renders three levels, and only lines that begin with number signs. */
function heading(node: Heading, context: Context): Change[] {
  const { source } = context;
  const { start, end } = rangeOf(node);
  const range = rangeInside(node);
  if (range === undefined) return [];
  const isBold = node.depth > 3 && !hasRaw(node, /\*\*/);
  const marks = isBold ? [...context.marks, "strong" as const] : context.marks;
  const inside = childChanges(node.children, { ...context, marks });
  if (node.depth <= 3 && /^#+\s/.test(source.slice(start, start + 4))) return inside;
  const title = applied(source, range.start, range.end, inside);
  const line = title.replaceAll(/\s*\n\s*/g, " ");
  if (node.depth <= 3) return [{ start, end, text: `${"#".repeat(node.depth)} ${line}` }];
  return [{ start, end, text: isBold ? `**${line}**` : line }];
}

/** Tags, and the text between them. */
function html(range: Range, context: Context): Change[] {
  const tags = htmlChanges(context.source, range, LINKS).map(({ start, end, text }) => ({
    start,
    end,
    text:
      text === "**" && context.marks.includes("strong")
        ? ""
        : text.replaceAll("\n", context.isQuoted ? "\n> " : "\n"),
  }));
  const isFree = (at: Change) => tags.every(({ start, end }) => at.end <= start || at.start >= end);
  return [...tags, ...text(range, context).filter(isFree)];
}

function text(range: Range, context: Context): Change[] {
  return textChanges(context.source, range, { ...context, inMarks: context.marks.length > 0 });
}
