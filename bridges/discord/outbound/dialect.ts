import type { Code, Heading, List, ListItem, Nodes, Table, Text } from "mdast";
import { parseParts } from "../../core/markdown/parse.ts";
import type { Change } from "../../core/markdown/rewrite.ts";
import { htmlChanges } from "./html.ts";
import { quoteChanges } from "./quotes.ts";
import { tableChanges } from "./tables.ts";

/** What is rewritten as one: short enough for a message, with room for more beside it. */
const MAX_CHANGE = 900;

/** Stands between two back ticks, so that three of them end no block. */
const JOINER = "\u200b";

/**
 * What has to change for Discord to show Markdown as it is meant. Everything it shows by itself stays as it was
 * written. https://support.discord.com/hc/en-us/articles/210298617 lists what it knows.
 */
export function dialectChanges(content: string): Change[] {
  return parseParts(content).flatMap(({ start, source, tree }) => {
    const found: Change[] = [];
    visit(tree, { source, depth: 0, isQuoted: false }, (change) => {
      if (change.text.length <= MAX_CHANGE) found.push(change);
    });
    found.push(...quoteChanges(source));
    return found.map((change) => ({
      ...change,
      start: change.start + start,
      end: change.end + start,
    }));
  });
}

interface Where {
  readonly source: string;
  /** Quotes and lists around. */
  readonly depth: number;
  readonly isQuoted: boolean;
}

type Emit = (change: Change) => void;

function visit(node: Nodes, where: Where, emit: Emit): void {
  const { source } = where;
  const { start, end } = rangeOf(node);
  const replace = (text: string) => emit({ start, end, text });
  switch (node.type) {
    case "heading":
      heading(node, where, emit);
      return;
    case "thematicBreak":
      replace("──────────");
      return;
    case "table":
      table(node, where, emit);
      return;
    case "code":
      code(node, where, emit);
      return;
    case "html":
      htmlChanges(source, start, end).forEach(emit);
      return;
    case "image":
      replace(node.alt ? `[${node.alt}](${node.url})` : node.url);
      return;
    case "text":
      text(node, source, emit);
      return;
    case "break":
      // The back slash would show.
      if (source[start] === "\\") emit({ start, end: start + 1, text: "" });
      return;
    case "strong":
      // Two underscores underline.
      if (source.startsWith("__", start)) {
        emit({ start, end: start + 2, text: "**" });
        emit({ start: end - 2, end, text: "**" });
      }
      break;
    case "list":
      if (node.ordered === true) numbers(node, source, emit);
      break;
    case "listItem":
      listItem(node, source, emit);
      break;
    default:
      break;
  }
  if (!("children" in node)) return;
  const isBox = node.type === "blockquote" || node.type === "list";
  const isQuoted = where.isQuoted || node.type === "blockquote";
  const inside = { source, depth: where.depth + (isBox ? 1 : 0), isQuoted };
  for (const child of node.children) visit(child, inside, emit);
}

/** A node's place. Every node that was parsed has one. */
function rangeOf(node: Nodes): { readonly start: number; readonly end: number } {
  return { start: node.position?.start.offset ?? 0, end: node.position?.end.offset ?? 0 };
}

/** All of a table or none: half of it would be neither. */
function table(node: Table, { source, isQuoted }: Where, emit: Emit): void {
  const changes = tableChanges(node, source, isQuoted ? "> " : "");
  if (changes.every(({ text }) => text.length <= MAX_CHANGE)) changes.forEach(emit);
}

/** Discord knows three levels, and only lines that begin with number signs. */
function heading(node: Heading, where: Where, emit: Emit): void {
  const { source } = where;
  const first = node.children[0];
  const last = node.children.at(-1);
  if (first === undefined || last === undefined) return;
  const inside: Change[] = [];
  for (const child of node.children) visit(child, where, (change) => inside.push(change));
  const { start, end } = rangeOf(node);
  if (node.depth <= 3 && source[start] === "#") {
    inside.forEach(emit);
    return;
  }
  const title = changed(source, rangeOf(first).start, rangeOf(last).end, inside);
  const text = title.replaceAll(/\s*\n\s*/g, " ");
  const isDeep = node.depth > 3;
  const bold = () => `**${text.replaceAll(/\*\*|__/g, "")}**`;
  emit({ start, end, text: isDeep ? bold() : `${"#".repeat(node.depth)} ${text}` });
}

/** A part of the source with its changes; of those that overlap the first. */
function changed(source: string, from: number, to: number, changes: readonly Change[]): string {
  const out: string[] = [];
  let at = from;
  for (const { start, end, text } of changes.toSorted((a, b) => a.start - b.start)) {
    if (start < at) continue;
    out.push(source.slice(at, start), text);
    at = end;
  }
  return [...out, source.slice(at, to)].join("");
}

function code(node: Code, { source, depth }: Where, emit: Emit): void {
  const { start, end } = rangeOf(node);
  const marker = /^(`{3,}|~{3,})/.exec(source.slice(start, start + 80))?.[1];
  if (marker === undefined) {
    const lineStart = source.lastIndexOf("\n", start - 1) + 1;
    const isIndent = source.slice(lineStart, start).trim() === "";
    if (depth === 0 && isIndent)
      emit({ start: lineStart, end, text: `\`\`\`\n${safeCode(node.value)}\n\`\`\`` });
    return;
  }
  if (marker !== "```") emit({ start, end: start + marker.length, text: "```" });
  const bodyStart = source.indexOf("\n", start);
  if (bodyStart === -1 || bodyStart >= end) return;
  const lastLine = source.lastIndexOf("\n", end - 1) + 1;
  const closing = source.slice(lastLine, end).replace(/^[ \t>]*/, "");
  const isClosed = lastLine > bodyStart && closing.startsWith(marker);
  const bodyEnd = isClosed ? lastLine : end;
  for (const { index } of source.slice(bodyStart, bodyEnd).matchAll(/```/g)) {
    const at = bodyStart + index;
    emit({ start: at, end: at + 3, text: safeCode("```") });
  }
  unindent(source, start, bodyEnd, emit);
  if (!isClosed) return;
  const closeAt = end - closing.length;
  const isQuoted = source.slice(lastLine, closeAt).includes(">");
  if (closing !== "```") emit({ start: isQuoted ? closeAt : lastLine, end, text: "```" });
  else if (!isQuoted && closeAt > lastLine) emit({ start: lastLine, end: closeAt, text: "" });
}

function safeCode(text: string): string {
  return text.replaceAll("```", `\`${JOINER}\`${JOINER}\``);
}

/** Code in a list is indented like its item; Discord would show that as part of the code. */
function unindent(source: string, start: number, bodyEnd: number, emit: Emit): void {
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  const margin = source.slice(lineStart, start);
  if (margin === "" || margin.trim() !== "") return;
  emit({ start: lineStart, end: start, text: "" });
  for (let at = source.indexOf("\n", start) + 1; at > 0 && at < bodyEnd;) {
    const spaces = /^[ \t]*/.exec(source.slice(at, at + margin.length))?.[0].length ?? 0;
    if (spaces > 0) emit({ start: at, end: at + spaces, text: "" });
    const next = source.indexOf("\n", at);
    if (next === -1) return;
    at = next + 1;
  }
}

/** Code ends a list on Discord, so that the items after it need their own numbers. */
function numbers(list: List, source: string, emit: Emit): void {
  if (!list.children.some(({ children }) => children.some(({ type }) => type === "code"))) return;
  for (const [index, item] of list.children.entries()) {
    const { start } = rangeOf(item);
    const typed = /^\d{1,9}/.exec(source.slice(start, start + 9))?.[0];
    const number = String((list.start ?? 1) + index);
    if (typed !== undefined && typed !== number)
      emit({ start, end: start + typed.length, text: number });
  }
}

function listItem(node: ListItem, source: string, emit: Emit): void {
  const { start } = rangeOf(node);
  const mark = /^(?:(\+)|\d{1,9}(\)))/.exec(source.slice(start, start + 12));
  if (mark?.[1] !== undefined) emit({ start, end: start + 1, text: "-" });
  if (mark?.[2] !== undefined) {
    const at = start + mark[0].length - 1;
    emit({ start: at, end: at + 1, text: "." });
  }
  if (typeof node.checked !== "boolean") return;
  const box = /\[[ xX\t]\]/.exec(source.slice(start, start + 24));
  if (box === null) return;
  const at = start + box.index;
  emit({ start: at, end: at + 3, text: node.checked ? "☑" : "☐" });
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&#39;": "'",
  "&nbsp;": "\u00a0",
};

/** Discord decodes nothing, and hides what stands between two pairs of bars. */
function text(node: Text, source: string, emit: Emit): void {
  const { start, end } = rangeOf(node);
  const typed = source.slice(start, end);
  for (const { 0: found, index } of typed.matchAll(/&(?:amp|lt|gt|quot|apos|nbsp|#39);| \|\| /g)) {
    const shown = ENTITIES[found] ?? " \\|\\| ";
    emit({ start: start + index, end: start + index + found.length, text: shown });
  }
}
