import { trimNewlines } from "../../../core/markdown/trailing_newlines.ts";
import { quoted } from "../../../core/markdown/containers.ts";
import {
  type InlineElement,
  readInline,
  readItems,
  readRich,
  type RichElement,
} from "./block_payload.ts";
import { dateText } from "./dates.ts";
import { escaped, fencedCode, inlineCode, literal, MOST_CHECKED } from "./escape.ts";
import { inlineMarkdown, type Run } from "./inline.ts";
import { type Collector, described, mention } from "./label.ts";
import { markdownLink, setApart, targetOf } from "./link.ts";

/** Text from Slack's editor as canonical Markdown: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block */
export function richText(elements: unknown, collect: Collector): string {
  const out: string[] = [];
  const levels: Level[] = [];
  let last: RichElement | undefined;
  for (const element of readRich(elements)) {
    const { type } = element;
    if (type !== "rich_text_list" || (last && isInQuote(last) !== isInQuote(element)))
      levels.length = 0;
    const text = richElementText(element, levels, collect);
    if (text === undefined) continue;
    if (last !== undefined) out.push(gapAfter(last, element));
    // A quote's own border is not counted.
    out.push(isInQuote(element) && type !== "rich_text_quote" ? quoted(text) : text);
    last = element;
  }
  return out.join("");
}

/** Slack's editor puts lists and code into a quote by giving them its border. */
function isInQuote({ type, border = 0 }: RichElement): boolean {
  return type === "rich_text_quote" || border > 0;
}

/** Markdown reads text right below a list or a quote as its last line, and a list that does not begin with 1 as text. */
function gapAfter(last: RichElement, next: RichElement): string {
  const [isList, isQuote] = [last.type === "rich_text_list", isInQuote(last)];
  const blank = isQuote && isInQuote(next) ? "\n>\n" : "\n\n";
  const isOther = next.type !== last.type || isQuote !== isInQuote(next);
  if ((isList || isQuote) && isOther && next.type !== "rich_text_preformatted") return blank;
  const { indent = 0, offset = 0, style } = next;
  const { indent: depth = 0 } = last;
  const continues = isList && (indent < depth || (indent === depth && style === last.style));
  return style === "ordered" && offset > 0 && !continues ? blank : "\n";
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
      return listText(element, levels, collect) || undefined;
    case "rich_text_quote": {
      const text = trimNewlines(lineOf(readInline(element.elements), collect));
      return text === "" ? undefined : quoted(text);
    }
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
  return readItems(elements)
    .map((item) => {
      const mark = ordered ? `${level.next}. ` : "- ";
      // A numbered list after bullets begins anew.
      if (ordered) level.next += 1;
      level.width = mark.length;
      const text = trimNewlines(lineOf(item, collect));
      return margin + mark + text.replaceAll("\n", `\n${margin}${" ".repeat(mark.length)}`);
    })
    .join("\n");
}

function lineOf(elements: readonly InlineElement[], collect: Collector): string {
  return inlineMarkdown(linksApart(runsOf(joinCode(elements), collect)));
}

function runsOf(joined: readonly InlineElement[], collect: Collector): Run[] {
  return joined.map((element) => {
    const { bold, italic, strike, code } = element.style ?? {};
    const isUnchecked = joined.length > MOST_CHECKED && element.type === "text" && code !== true;
    const text = isUnchecked ? escaped(element.text ?? "") : elementText(element, collect);
    const run = { text, bold, italic, strike };
    const target = targetOf(element.url ?? "");
    if (target !== "" && text.startsWith("[")) return { ...run, inside: target };
    if (element.type !== "text") return run;
    const typed = element.text ?? "";
    return code === true && text !== typed
      ? { ...run, inside: typed }
      : { ...run, escaped: escaped(typed) };
  });
}

/** The runs, with bare addresses that do not run into what is next to them. */
function linksApart(runs: readonly Run[]): Run[] {
  const textAt = (index: number) => runs[index]?.text ?? "";
  return runs.map((run, index) => {
    // Text is as it was typed.
    if (run.escaped !== undefined) return run;
    const after = [1, 2, 3].map((next) => textAt(index + next)).join("");
    return { ...run, text: setApart(run.text, textAt(index - 1), after) };
  });
}

/** Joins code with the links in it, which Slack makes elements of their own. */
function joinCode(elements: readonly InlineElement[]): InlineElement[] {
  const out: InlineElement[] = [];
  for (const element of elements) {
    const last = out.at(-1);
    const { type, style, url = "", text = url } = element;
    // A link with a label of its own would lose its address.
    const isTyped = [text, `${text}/`].some((end) => url.endsWith(end));
    const isCode = style?.code === true && (type === "text" || (type === "link" && isTyped));
    if (!isCode) out.push(element);
    else if (last?.style?.code === true && last.type === "text")
      out[out.length - 1] = { ...last, text: (last.text ?? "") + text };
    else out.push({ ...element, type: "text", text });
  }
  return out;
}

function elementText(element: InlineElement, collect: Collector): string {
  const { type, text = "", style, url = "" } = element;
  switch (type) {
    case "text":
      return style?.code === true ? inlineCode(text) : literal(text);
    case "user":
    case "canvas_user_mention":
      return mention("user", element.user_id, collect);
    case "usergroup":
      return mention("group", element.usergroup_id, collect);
    case "channel":
      return mention("channel", element.channel_id, collect);
    case "broadcast":
      return `@${element.range ?? "here"}`;
    case "team":
      return `@${element.team_id ?? "team"}`;
    case "emoji":
      return emojiText(element);
    case "date": {
      const date = element.fallback ?? dateText(element.timestamp ?? NaN, element.format);
      return url === "" || date === "" ? literal(date) : markdownLink(url, date);
    }
    case "color":
      return element.value ?? "";
    case "link":
    case "tag":
    case "citation":
    case "attachment_mention":
    case "work_object_mention":
    case "workflow_mention":
      return markdownLink(url, text);
    case "message_mention":
    case "canvas_message_unfurl":
      return messageText(element, collect);
    default:
      return referenceText(element, collect);
  }
}

/** A message that is shown in a line: its own words, or where it is. */
function messageText(element: InlineElement, collect: Collector): string {
  const { text = "", url = "", channel_id: channel, root_message_channel: root } = element;
  if (text !== "" || url !== "") return markdownLink(url, text);
  const place = mention("channel", channel ?? root, collect);
  return place === "" ? "[message]" : `[message in ${place}]`;
}

const REFERENCES: ReadonlyMap<string, string> = new Map([
  ["canvas", "canvas"],
  ["file", "file"],
  ["list_record", "list item"],
  ["salesforce_data_field", "Salesforce"],
]);

/** What is elsewhere in Slack, by its title or at least its id. Of unknown elements, whatever words they have. */
function referenceText(element: InlineElement, collect: Collector): string {
  const { type, text, label, fallback, url, salesforce_field_label: field } = element;
  const words = [text, label, fallback, field, element.salesforce_field_api_name].find(Boolean);
  const kind = REFERENCES.get(type);
  if (kind !== undefined) return described(kind, words ?? element.file_id ?? "", url);
  collect.unknown(`rich text element ${type}`);
  return url === undefined ? literal(words ?? "") : markdownLink(url, words);
}

function emojiText({ name = "", unicode, skin_tone: tone }: InlineElement): string {
  const points = unicode?.split("-").map((hex) => Number.parseInt(hex, 16)) ?? [];
  const isOne = points.length > 0 && points.every((point) => point > 0 && point <= 0x10ffff);
  if (isOne) return String.fromCodePoint(...points);
  return tone === undefined || name.includes("::") ? `:${name}:` : `:${name}::skin-tone-${tone}:`;
}

/** An element's text in code, where nothing is a token. */
function plainOf(element: InlineElement): string {
  const { type, text, url, name, user_id: user, range, timestamp, format } = element;
  switch (type) {
    case "emoji":
      return `:${name ?? ""}:`;
    case "user":
      return `@${user ?? ""}`;
    case "channel":
      return `#${element.channel_id ?? ""}`;
    case "usergroup":
      return `@${element.usergroup_id ?? ""}`;
    case "broadcast":
      return `@${range ?? ""}`;
    case "date":
      return element.fallback ?? dateText(timestamp ?? NaN, format);
    default:
      return [text, element.label, element.value, element.fallback, url].find(Boolean) ?? "";
  }
}
