import type { Nodes, Parents } from "mdast";
import { cut } from "../../../convex/model/shared/text.ts";
import { isHardToParse, parseMarkdown } from "../../core/markdown/parse.ts";
import { withoutPings } from "../../core/markdown/safety/pings.ts";
import { PINGS } from "./dialect.ts";

/** What is read of a text for a name, in UTF-16 units. */
const MAX_READ = 4_000;

/**
 * A thread's name: the first line of words of the question, or of the answer if it has none, as people read it. At most 60
 * characters as they count them, and of the 100 that Discord allows, which counts each mark and each part of an emoji.
 * https://discord.com/developers/docs/resources/channel#start-thread-from-message
 */
export function threadName(question: string, answer = ""): string {
  const line = lineOf(question) ?? lineOf(answer);
  return line === undefined ? "Reply" : shortened(withoutPings(line, PINGS));
}

function lineOf(content: string): string | undefined {
  const lines = plainText(cut(content, MAX_READ))
    .split("\n")
    .map((line) => line.replace(TOKEN, (_, emoji?: string) => emoji ?? ""))
    .map((line) => line.replace(/[\s\p{Cc}]+/gu, " ").trim());
  return (
    lines.find((line) => /[\p{L}\p{N}]/u.test(line)) ??
    lines.find((line) => /[^\p{Default_Ignorable_Code_Point}\s]/u.test(line))
  );
}

function shortened(plain: string): string {
  let name = "";
  let count = 0;
  for (const { segment } of graphemes.segment(plain)) {
    const isLast = name.length + segment.length === plain.length;
    if (name.length + segment.length > (isLast ? 100 : 99) || count === (isLast ? 60 : 59))
      return name === "" ? "Reply" : `${name.trimEnd()}…`;
    name += segment;
    count += 1;
  }
  return name;
}

const graphemes = new Intl.Segmenter();

/** A mention of which nobody knows the name, or an emoji of a server. */
const TOKEN = /<(?:[@#][!&]?\d+|a?(:\w+:)\d+)>/g;

/** Code, an escape, or a spoiler: the first two hold none. */
const SPOILER = /(`+)[^]*?\1|\\[^]|\|\|[^]+?(\|\||$)/g;
/** A longer text may have been cut within a spoiler. Convex cuts a question near here. */
const MAY_BE_CUT = 990;

/** The words of a text without what formats them, line by line. */
function plainText(content: string): string {
  const source = content.replace(SPOILER, (text, _ticks, end?: string) => {
    const isSpoiler = end === "||" || (end === "" && content.length > MAY_BE_CUT);
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
      // Discord decodes no entities.
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
