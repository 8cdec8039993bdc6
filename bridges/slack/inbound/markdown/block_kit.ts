import { trimNewlines } from "../../../core/markdown/trailing_newlines.ts";
import { quoted } from "../../../core/markdown/containers.ts";
import {
  type Attachment,
  type Block,
  type BlockPart,
  readParts,
  readRows,
  type TextObject,
} from "./block_payload.ts";
import { toCanonical } from "./mrkdwn.ts";
import { markdownLink } from "./link.ts";
import { type Collector, richText } from "./rich_text.ts";

/** The text of a message's blocks, in order, as canonical Markdown. */
export function blocksText(blocks: readonly Block[], collect: Collector): string {
  return paragraphs(blocks.map((block) => blockText(block, collect)));
}

function blockText(block: Block, collect: Collector): string {
  switch (block.type) {
    case "rich_text":
      return richText(block.elements, collect);
    case "section":
      return paragraphs([
        labelText(block.text, collect),
        block.fields.map((each) => labelText(each, collect)).join("\n"),
      ]);
    case "header": {
      const title = labelText(block.text, collect).replaceAll("\n", " ");
      return title === "" ? "" : `### ${title}`;
    }
    case "markdown":
      return typeof block.text === "string" ? block.text : labelText(block.text, collect);
    case "context":
      return joined(
        " ",
        readParts(block.elements).map((part) => contextPart(part, collect)),
      );
    case "divider":
      return "---";
    case "image":
      return markdownLink(block.image_url ?? "", `image: ${titleOf(block, collect)}`);
    case "video":
      return markdownLink(block.title_url ?? "", `video: ${titleOf(block, collect)}`);
    case "actions":
    case "context_actions":
      return joined(
        " ",
        readParts(block.elements).map((part) => action(part, collect)),
      );
    case "table":
      return tableText(block, collect);
    case "call":
      return "[call]";
    case "input":
      return choice("input", block.label, collect);
    case "file":
      return labelText(block.text, collect);
    default:
      collect.unknown(`block ${block.type}`);
      return labelText(block.text, collect);
  }
}

function contextPart(
  { type, text, alt_text: altText = "" }: BlockPart,
  collect: Collector,
): string {
  if (type !== "image") return labelText(text, collect);
  return altText === "" ? "" : `[image: ${altText}]`;
}

function action({ text, placeholder }: BlockPart, collect: Collector): string {
  return choice("button", text, collect) || choice("menu", placeholder, collect);
}

/** An interactive element: a button, a menu or an input. */
function choice(kind: string, label: TextObject | string | undefined, collect: Collector): string {
  const text = labelText(label, collect);
  return text === "" ? "" : `[${kind}: ${text}]`;
}

function titleOf({ title, alt_text: altText = "" }: Block, collect: Collector): string {
  return labelText(title, collect) || altText;
}

function tableText({ rows }: Block, collect: Collector): string {
  const [head, ...body] = readRows(rows).map((row) => {
    const cells = row.map((cell) =>
      cell.type === "raw_text" && typeof cell.text === "string"
        ? cell.text
        : blockText(cell, collect),
    );
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  });
  if (head === undefined) return "";
  const columns = readRows(rows)[0]?.length ?? 1;
  return [head, `|${" --- |".repeat(columns)}`, ...body].join("\n");
}

function labelText(label: TextObject | string | undefined, collect: Collector): string {
  if (label === undefined) return "";
  if (typeof label === "string") return label;
  return label.type === "mrkdwn" ? mrkdwn(label.text, collect) : label.text;
}

function mrkdwn(text: string, collect: Collector): string {
  const { content, mentions } = toCanonical(text);
  mentions.forEach((mention) => collect.mention(mention));
  return content;
}

/** A message's attachments (an app's, or shared messages), each as a quote. */
export function attachmentsText(attachments: readonly Attachment[], collect: Collector): string {
  return paragraphs(
    attachments.filter((each) => !isPreview(each)).map((each) => attachmentText(each, collect)),
  );
}

/** A link's preview: text of the page, not of the author. */
function isPreview({ from_url, is_msg_unfurl, is_share }: Attachment): boolean {
  return from_url !== undefined && is_msg_unfurl !== true && is_share !== true;
}

function attachmentText(attachment: Attachment, collect: Collector): string {
  const { pretext = "", title = "", title_link: link, fields, fallback = "" } = attachment;
  const { image_url: image = "", footer = "" } = attachment;
  const shared = attachment.message_blocks?.flatMap(({ message }) => message.blocks) ?? [];
  const blocks = blocksText([...(attachment.blocks ?? []), ...shared], collect);
  const heading = link === undefined ? `**${title}**` : `**${markdownLink(link, title)}**`;
  const by = attachment.author_name ?? "";
  const body = joined("\n", [
    by === "" ? "" : `${by}:`,
    title === "" ? "" : heading,
    blocks === "" ? mrkdwn(attachment.text ?? "", collect) : blocks,
    ...fields.map((each) => `**${each.title ?? ""}** ${mrkdwn(each.value ?? "", collect)}`.trim()),
    markdownLink(image, image === "" ? "" : "image"),
    footer,
  ]);
  const shown = body === "" ? mrkdwn(fallback, collect) : body;
  return paragraphs([mrkdwn(pretext, collect), shown === "" ? "" : quoted(trimNewlines(shown))]);
}

function paragraphs(texts: readonly string[]): string {
  return joined("\n\n", texts);
}

/** The texts that are not empty, joined. */
function joined(separator: string, texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join(separator);
}
