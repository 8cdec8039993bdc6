import type { MessageEvent } from "../../../platform.ts";
import {
  type InlineElement,
  readInline,
  readRich,
  readSections,
  type RichElement,
} from "./block_payload.ts";
import { markdownLink, targetOf } from "./links.ts";
import { escaped, fencedCode, inlineCode, inlineMarkdown, literal, type Run } from "./inline.ts";

type Mention = MessageEvent["mentions"][number];

/** What a reader of blocks tells besides their text. */
export interface Notes {
  mention(mention: Mention): void;
  /** A kind of content the bridge does not know. */
  unknown(kind: string): void;
}

/** What people type in Slack's editor, as canonical Markdown: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block */
export function richText(elements: unknown, notes: Notes): string {
  const out: string[] = [];
  const levels: Level[] = [];
  let last: RichElement | undefined;
  for (const element of readRich(elements)) {
    const { type } = element;
    if (type !== "rich_text_list") levels.length = 0;
    const text = blockText(element, levels, notes);
    if (text === undefined) continue;
    if (last !== undefined) out.push(gapAfter(last, element));
    out.push(text);
    last = element;
  }
  return out.join("");
}

/** Text right below a list or a quote would be taken for its last line, as would a list that does not begin with 1. */
function gapAfter(last: RichElement, next: RichElement): string {
  const isList = last.type === "rich_text_list";
  const stays = isList || last.type === "rich_text_quote";
  if (stays && next.type !== "rich_text_preformatted" && next.type !== last.type) return "\n\n";
  const { indent = 0, offset = 0, style } = next;
  const goesOn = isList && indent <= (last.indent ?? 0);
  return style === "ordered" && offset > 0 && !goesOn ? "\n\n" : "\n";
}

function blockText(element: RichElement, levels: Level[], notes: Notes): string | undefined {
  switch (element.type) {
    case "rich_text_section": {
      const text = lineOf(readInline(element.elements), notes);
      return text === "" ? undefined : text.replace(/\n$/, "");
    }
    case "rich_text_list":
      return listText(element, levels, notes);
    case "rich_text_quote":
      return quoted(lineOf(readInline(element.elements), notes));
    case "rich_text_preformatted": {
      const code = readInline(element.elements).map(plainOf).join("");
      return fencedCode(code, element.language);
    }
    default:
      notes.unknown(`rich text ${element.type}`);
      return lineOf(readInline(element.elements), notes) || undefined;
  }
}

/** One depth of a list: how wide its marks are, and the number its next item has. */
interface Level {
  width: number;
  next: number;
}

/** Deeper lists are shown at this depth: Slack's editor offers nine. */
const MAX_INDENT = 12;

/** A list of one depth. A nested one is a list of its own that follows its parent. */
function listText(element: RichElement, levels: Level[], notes: Notes): string {
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
      const text = lineOf(item.elements, notes).replace(/\n+$/, "");
      return margin + mark + text.replaceAll("\n", `\n${margin}${" ".repeat(mark.length)}`);
    })
    .join("\n");
}

/** Every line of a text as a quote. */
export function quoted(text: string): string {
  return text
    .replace(/\n+$/, "")
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n");
}

function lineOf(elements: readonly InlineElement[], notes: Notes): string {
  return inlineMarkdown(
    joinCode(elements).map((element): Run => {
      const { bold, italic, strike } = element.style ?? {};
      const text = elementText(element, notes);
      const run = { text, bold, italic, strike };
      if (element.type === "link")
        return text.startsWith("[") ? { ...run, inside: targetOf(element.url ?? "") } : run;
      if (element.type !== "text") return run;
      const typed = element.text ?? "";
      return element.style?.code === true && text !== typed
        ? { ...run, inside: typed }
        : { ...run, escaped: escaped(typed) };
    }),
  );
}

/** A link within code is an element of its own; the code is one all the same. */
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

function elementText(element: InlineElement, notes: Notes): string {
  const { type, text = "", style } = element;
  switch (type) {
    case "text":
      return style?.code === true ? inlineCode(text) : literal(text);
    case "link":
      return linkText(element);
    case "user":
      return mention("user", element.user_id, notes);
    case "usergroup":
      return mention("group", element.usergroup_id, notes);
    case "channel":
      return mention("channel", element.channel_id, notes);
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
      notes.unknown(`rich text element ${type}`);
      return literal([text, element.fallback, element.url].find(Boolean) ?? "");
  }
}

const TOKEN = { user: "<@", group: "<@&", channel: "<#" } as const satisfies Record<
  Mention["kind"],
  string
>;

function mention(kind: Mention["kind"], id: string | undefined, notes: Notes): string {
  if (id === undefined || !/^[A-Za-z0-9]+$/.test(id)) return "";
  notes.mention({ kind, id });
  return `${TOKEN[kind]}${id}>`;
}

function linkText({ url = "", text }: InlineElement): string {
  return markdownLink(url, text);
}

function emojiText({ name = "", unicode }: InlineElement): string {
  const points = unicode?.split("-").map((hex) => Number.parseInt(hex, 16)) ?? [];
  const isOne = points.length > 0 && points.every((point) => point > 0 && point <= 0x10ffff);
  return isOne ? String.fromCodePoint(...points) : `:${name}:`;
}

/** The text as it stands in code, where nothing is a token. */
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
