import { trimNewlines } from "../../../core/markdown/trailing_newlines.ts";
import { quoted } from "../../../core/markdown/containers.ts";
import {
  type InlineElement,
  readInline,
  readRich,
  readSections,
  type RichElement,
} from "./block_payload.ts";
import { markdownLink, targetOf } from "./link.ts";
import { escaped, fencedCode, inlineCode, literal } from "./escape.ts";
import { inlineMarkdown, type Run } from "./inline.ts";
import { type Mention, mentionToken } from "./tokens.ts";

/** Collects what blocks contain besides their text. */
export interface Collector {
  mention(mention: Mention): void;
  /** A kind of content the bridge does not know. */
  unknown(kind: string): void;
}

/** Text from Slack's editor as canonical Markdown: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block */
export function richText(elements: unknown, collect: Collector): string {
  const out: string[] = [];
  const levels: Level[] = [];
  let last: RichElement | undefined;
  for (const element of readRich(elements)) {
    const { type } = element;
    if (type !== "rich_text_list") levels.length = 0;
    const text = richElementText(element, levels, collect);
    if (text === undefined) continue;
    if (last !== undefined) out.push(gapAfter(last, element));
    out.push(text);
    last = element;
  }
  return out.join("");
}

/** Markdown reads text right below a list or a quote as its last line, and a list that does not begin with 1 as text. */
function gapAfter(last: RichElement, next: RichElement): string {
  const isList = last.type === "rich_text_list";
  const absorbsText = isList || last.type === "rich_text_quote";
  if (absorbsText && next.type !== "rich_text_preformatted" && next.type !== last.type)
    return "\n\n";
  const { indent = 0, offset = 0, style } = next;
  const continues = isList && indent <= (last.indent ?? 0);
  return style === "ordered" && offset > 0 && !continues ? "\n\n" : "\n";
}

function richElementText(
  element: RichElement,
  levels: Level[],
  collect: Collector,
): string | undefined {
  switch (element.type) {
    case "rich_text_section": {
      const text = lineOf(readInline(element.elements), collect);
      return text === "" ? undefined : text.replace(/\n$/, "");
    }
    case "rich_text_list":
      return listText(element, levels, collect);
    case "rich_text_quote":
      return quoted(trimNewlines(lineOf(readInline(element.elements), collect)));
    case "rich_text_preformatted": {
      const code = readInline(element.elements).map(plainOf).join("");
      return fencedCode(code, element.language);
    }
    default:
      collect.unknown(`rich text ${element.type}`);
      return lineOf(readInline(element.elements), collect) || undefined;
  }
}

/** One depth of a list: the width of its markers, and the number of its next item. */
interface Level {
  width: number;
  next: number;
}

/** Deeper lists are shown at this depth. Slack's editor allows nine. */
const MAX_INDENT = 12;

/** A list of one depth. In Slack a nested list is an element of its own after its parent. */
function listText(element: RichElement, levels: Level[], collect: Collector): string {
  const { indent = 0, offset, elements, style } = element;
  const depth = Math.max(0, Math.min(MAX_INDENT, Math.trunc(indent)));
  const ordered = style === "ordered";
  levels.length = Math.min(levels.length, depth + 1);
  while (levels.length < depth) levels.push({ width: 0, next: 1 });
  const level = levels[depth] ?? { width: 2, next: 1 };
  if (!ordered) level.next = 1;
  else if (offset !== undefined) level.next = Math.max(0, Math.trunc(offset)) + 1;
  levels[depth] = level;
  const margin = " ".repeat(levels.slice(0, depth).reduce((sum, { width }) => sum + width, 0));
  return readSections(elements)
    .map((item) => {
      const mark = ordered ? `${level.next}. ` : "- ";
      level.next += 1;
      level.width = mark.length;
      const text = trimNewlines(lineOf(item.elements, collect));
      return margin + mark + text.replaceAll("\n", `\n${margin}${" ".repeat(mark.length)}`);
    })
    .join("\n");
}

/** Elements of one line that are looked at one by one whether they need escaping; with more, each is escaped. */
const MOST_CHECKED = 100;

function lineOf(elements: readonly InlineElement[], collect: Collector): string {
  const joined = joinCode(elements);
  return inlineMarkdown(
    joined.map((element): Run => {
      const { bold, italic, strike, code } = element.style ?? {};
      const isUnchecked = joined.length > MOST_CHECKED && element.type === "text" && code !== true;
      const text = isUnchecked ? escaped(element.text ?? "") : elementText(element, collect);
      const run = { text, bold, italic, strike };
      if (element.type === "link")
        return text.startsWith("[") ? { ...run, inside: targetOf(element.url ?? "") } : run;
      if (element.type !== "text") return run;
      const typed = element.text ?? "";
      return code === true && text !== typed
        ? { ...run, inside: typed }
        : { ...run, escaped: escaped(typed) };
    }),
  );
}

/** Joins code with the links in it, which Slack makes elements of their own. */
function joinCode(elements: readonly InlineElement[]): InlineElement[] {
  const out: InlineElement[] = [];
  for (const element of elements) {
    const last = out.at(-1);
    const isCode = element.style?.code === true && /^(?:text|link)$/.test(element.type);
    const text = element.text ?? element.url ?? "";
    if (!isCode) out.push(element);
    else if (last?.style?.code === true && last.type === "text")
      out[out.length - 1] = { ...last, text: (last.text ?? "") + text };
    else out.push({ ...element, type: "text", text });
  }
  return out;
}

function elementText(element: InlineElement, collect: Collector): string {
  const { type, text = "", style } = element;
  switch (type) {
    case "text":
      return style?.code === true ? inlineCode(text) : literal(text);
    case "link":
      return markdownLink(element.url ?? "", element.text);
    case "user":
      return mention("user", element.user_id, collect);
    case "usergroup":
      return mention("group", element.usergroup_id, collect);
    case "channel":
      return mention("channel", element.channel_id, collect);
    case "broadcast":
      return `@${element.range ?? "here"}`;
    case "emoji":
      return emojiText(element);
    case "date":
      return element.fallback ?? "";
    case "color":
      return element.value ?? "";
    case "team":
      return "";
    default:
      collect.unknown(`rich text element ${type}`);
      return literal([text, element.fallback, element.url].find(Boolean) ?? "");
  }
}

function mention(kind: Mention["kind"], id = "", collect: Collector): string {
  const token = mentionToken(kind, id);
  if (token === undefined) return "";
  collect.mention(token.mention);
  return token.text;
}

function emojiText({ name = "", unicode }: InlineElement): string {
  const points = unicode?.split("-").map((hex) => Number.parseInt(hex, 16)) ?? [];
  const isOne = points.length > 0 && points.every((point) => point > 0 && point <= 0x10ffff);
  return isOne ? String.fromCodePoint(...points) : `:${name}:`;
}

/** An element's text in code, where nothing is a token. */
function plainOf({ type, text, url, name, user_id: user, range }: InlineElement): string {
  switch (type) {
    case "link":
      return text ?? url ?? "";
    case "emoji":
      return `:${name ?? ""}:`;
    case "user":
      return `@${user ?? ""}`;
    case "broadcast":
      return `@${range ?? ""}`;
    default:
      return text ?? "";
  }
}
