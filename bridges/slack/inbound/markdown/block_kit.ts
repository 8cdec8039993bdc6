import {
  type Attachment,
  type Block,
  readParts,
  readRows,
  type TextObject,
} from "./block_payload.ts";
import { toCanonical } from "./mrkdwn.ts";
import { markdownLink } from "./links.ts";
import { type Notes, quoted, richText } from "./rich_text.ts";

/** The text of a message's blocks, in order, as canonical Markdown. */
export function blocksText(blocks: readonly Block[], notes: Notes): string {
  return paragraphs(blocks.map((block) => blockText(block, notes)));
}

function blockText(block: Block, notes: Notes): string {
  switch (block.type) {
    case "rich_text":
      return richText(block.elements, notes);
    case "section":
      return paragraphs([
        labelText(block.text, notes),
        block.fields.map((each) => labelText(each, notes)).join("\n"),
      ]);
    case "header": {
      const title = labelText(block.text, notes).replaceAll("\n", " ");
      return title === "" ? "" : `### ${title}`;
    }
    case "markdown":
      return typeof block.text === "string" ? block.text : labelText(block.text, notes);
    case "context":
      return readParts(block.elements)
        .map((part) => (part.type === "image" ? alt(part.alt_text) : labelText(part.text, notes)))
        .filter((text) => text !== "")
        .join(" ");
    case "divider":
      return "---";
    case "image":
      return markdownLink(block.image_url ?? "", `image: ${titleOf(block, notes)}`);
    case "video":
      return markdownLink(block.title_url ?? "", `video: ${titleOf(block, notes)}`);
    case "actions":
    case "context_actions": {
      return readParts(block.elements)
        .map(({ text, placeholder }) => choice("button", text) || choice("menu", placeholder))
        .filter((label) => label !== "")
        .join(" ");
    }
    case "table":
      return tableText(block, notes);
    case "call":
      return "[call]";
    case "input":
      return choice("input", block.label);
    case "file":
      return labelText(block.text, notes);
    default:
      notes.unknown(`block ${block.type}`);
      return labelText(block.text, notes);
  }

  /** What a person may press, choose or fill in. */
  function choice(kind: string, label: TextObject | string | undefined): string {
    const said = labelText(label, notes);
    return said === "" ? "" : `[${kind}: ${said}]`;
  }
}

function titleOf({ title, alt_text: altText = "" }: Block, notes: Notes): string {
  return labelText(title, notes) || altText;
}

function alt(text = ""): string {
  return text === "" ? "" : `[image: ${text}]`;
}

function tableText({ rows }: Block, notes: Notes): string {
  const [head, ...body] = readRows(rows).map((row) => {
    const cells = row.map((cell) =>
      cell.type === "raw_text" && typeof cell.text === "string"
        ? cell.text
        : blockText(cell, notes),
    );
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  });
  if (head === undefined) return "";
  const columns = readRows(rows)[0]?.length ?? 1;
  return [head, `|${" --- |".repeat(columns)}`, ...body].join("\n");
}

function labelText(label: TextObject | string | undefined, notes: Notes): string {
  if (label === undefined) return "";
  if (typeof label === "string") return label;
  return label.type === "mrkdwn" ? mrkdwn(label.text, notes) : label.text;
}

function mrkdwn(text: string, notes: Notes): string {
  const { content, mentions } = toCanonical(text);
  mentions.forEach((mention) => notes.mention(mention));
  return content;
}

/** What hangs on a message: an app's attachments, or a message that was shared. Each as a quote. */
export function attachmentsText(attachments: readonly Attachment[], notes: Notes): string {
  return paragraphs(
    attachments.filter((each) => !isPreview(each)).map((each) => attachmentText(each, notes)),
  );
}

/** A link's preview: what the page says, not what the person said. */
function isPreview({
  from_url: url,
  is_msg_unfurl: message,
  is_share: share,
}: Attachment): boolean {
  return url !== undefined && message !== true && share !== true;
}

function attachmentText(attachment: Attachment, notes: Notes): string {
  const { pretext = "", title = "", title_link: link, fields, fallback = "" } = attachment;
  const { image_url: image = "", footer = "" } = attachment;
  const shared = attachment.message_blocks?.flatMap(({ message }) => message.blocks) ?? [];
  const blocks = blocksText([...(attachment.blocks ?? []), ...shared], notes);
  const heading = link === undefined ? `**${title}**` : `**${markdownLink(link, title)}**`;
  const by = attachment.author_name ?? "";
  const body = paragraphsOf(
    by === "" ? "" : `${by}:`,
    title === "" ? "" : heading,
    blocks === "" ? mrkdwn(attachment.text ?? "", notes) : blocks,
    ...fields.map((each) => `**${each.title ?? ""}** ${mrkdwn(each.value ?? "", notes)}`.trim()),
    markdownLink(image, image === "" ? "" : "image"),
    footer,
  );
  const shown = body === "" ? mrkdwn(fallback, notes) : body;
  return paragraphs([mrkdwn(pretext, notes), shown === "" ? "" : quoted(shown)]);
}

function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n\n");
}

function paragraphsOf(...lines: readonly string[]): string {
  return lines.filter((line) => line !== "").join("\n");
}
