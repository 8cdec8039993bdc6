import { type Block, readBlocks, readChart, readRows, readTasks } from "./block_payload.ts";
import { elementsText, inputWords } from "./elements.ts";
import { escaped, literal, MOST_CHECKED } from "./escape.ts";
import { bold, type Collector, described, joined, labelText, paragraphs, shown } from "./label.ts";
import { richText } from "./rich_text.ts";

/**
 * The text of a message's blocks, in order, as canonical Markdown. `plain` is the text that the app wrote for who can't
 * show them: it stands in for blocks without words, and beside blocks that the bridge can't read says what they say.
 */
export function blocksText(
  blocks: readonly Block[],
  collect: Collector,
  plain: () => string,
): string {
  const unread: string[] = [];
  const unknown = (kind: string) => {
    unread.push(kind);
    collect.unknown(kind);
  };
  const mention: Collector["mention"] = (each) => collect.mention(each);
  const text = allText(blocks, { mention, unknown });
  if (text === "") return plain();
  return unread.length === 0 ? text : withWordsOf(text, plain());
}

/** Both texts; only one if it has the words of the other. */
function withWordsOf(text: string, plain: string): string {
  if (hasWordsOf(text, plain)) return text;
  return hasWordsOf(plain, text) ? plain : `${text}\n\n${plain}`;
}

function hasWordsOf(text: string, other: string): boolean {
  const [own, others] = [text, other].map((each) => each.match(/[\p{L}\p{N}]+/gu) ?? []);
  const words = new Set(own);
  return others?.every((word) => words.has(word)) === true;
}

function allText(blocks: readonly Block[], collect: Collector): string {
  return paragraphs(blocks.map((block) => blockText(block, collect)));
}

function blockText(block: Block, collect: Collector): string {
  switch (block.type) {
    case "rich_text":
      return richText(block.elements, collect);
    case "header": {
      const title = shown(block.text, collect).replaceAll("\n", " ");
      return title === "" ? "" : `### ${title}`;
    }
    case "markdown":
      return typeof block.text === "string" ? block.text : labelText(block.text, collect);
    case "context":
    case "actions":
    case "context_actions":
      return elementsText(block.elements, collect);
    case "divider":
      return "---";
    case "image":
      return described("image", titleOf(block, collect), addressOf(block));
    case "video":
      return joined("\n", [
        described("video", titleOf(block, collect), addressOf(block)),
        joined(" – ", [shown(block.author_name, collect), shown(block.provider_name, collect)]),
        shown(block.description, collect),
      ]);
    case "table":
    case "data_table":
      return joined("\n\n", [shown(block.caption, collect), tableText(block, collect)]);
    case "data_visualization":
      return chartText(block, collect);
    case "call":
      return described("call", block.call?.v1?.name ?? "", block.call?.v1?.join_url);
    case "input":
      return joined(" ", [
        described(
          "input",
          joined(": ", [labelText(block.label, collect), inputWords(block.element, collect)]),
        ),
        shown(block.hint, collect),
      ]);
    case "file":
      return described("file", block.external_id ?? "");
    case "carousel":
      return allText(readBlocks(block.elements), collect);
    case "section":
    case "alert":
    case "card":
    case "container":
    case "plan":
    case "task_card":
      return partsText(block, collect);
    default:
      collect.unknown(`block ${block.type}`);
      return joined("\n\n", [partsText(block, collect), elementsText(block.elements, collect)]);
  }
}

/** Every part that a block of text, a card, a task, … can have. Also of an unknown block, which may have some. */
function partsText(block: Block, collect: Collector): string {
  const label = (each: Block["text"]) => shown(each, collect);
  const nested = (each: unknown) =>
    typeof each === "string" ? label(each) : allText(readBlocks([each]), collect);
  const elements = (each: unknown) => elementsText(each, collect);
  const status = block.status === undefined ? "" : `(${block.status.replaceAll("_", " ")})`;
  const title = nested(block.rich_text_title) || bold(label(block.title));
  return paragraphs([
    joined("\n", [
      elements([block.hero_image]),
      joined(" ", [elements([block.icon]), title, title === "" ? "" : status]),
      label(block.subtitle),
    ]),
    ...[block.text, block.body, block.description].map(label),
    block.fields.map(label).join("\n"),
    nested(block.details),
    nested(block.output),
    allText(readBlocks(block.child_blocks), collect),
    allText(readTasks(block.tasks), collect),
    elements([block.accessory, block.element]),
    elements(block.actions),
    elements(block.sources),
  ]);
}

function titleOf({ title, alt_text: altText = "" }: Block, collect: Collector): string {
  return labelText(title, collect) || altText;
}

/** Of an image or a video. */
function addressOf({ image_url, slack_file, title_url, video_url }: Block): string | undefined {
  return [image_url, slack_file?.url, title_url, video_url].find(Boolean);
}

function tableText({ rows }: Block, collect: Collector): string {
  const table = readRows(rows).filter(({ length }) => length > 0);
  const asText = table.flat().length > MOST_CHECKED ? escaped : literal;
  // Markdown leaves out the cells of a row that is longer than the first one.
  const columns = table.reduce((most, { length }) => Math.max(most, length), 0);
  const [head, ...body] = table.map((row, index) => {
    const cells = row.map((cell) => cellText(cell, collect, asText));
    while (index === 0 && cells.length < columns) cells.push("");
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  });
  if (head === undefined) return "";
  return [head, `|${" --- |".repeat(columns)}`, ...body].join("\n");
}

function cellText(cell: Block, collect: Collector, asText: (text: string) => string): string {
  switch (cell.type) {
    case "raw_text":
    case "raw_number":
      return asText(typeof cell.text === "string" ? cell.text : String(cell.value ?? ""));
    case "action":
      return partsText(cell, collect);
    default:
      return blockText(cell, collect);
  }
}

/** A chart's numbers, one line for each slice or series. */
function chartText({ title, chart }: Block, collect: Collector): string {
  const { segments = [], series = [], axis_config: axes } = readChart(chart) ?? {};
  return joined("\n", [
    described("chart", labelText(title, collect)),
    joined(", ", [axes?.x_label ?? "", axes?.y_label ?? ""]),
    ...segments.map(({ label, value }) => `- ${label}: ${value}`),
    ...series.map(({ name = "", data }) => {
      const points = data.map(({ label, value }) => `${label} ${value}`);
      return `- ${joined(": ", [name, points.join(", ")])}`;
    }),
  ]);
}
