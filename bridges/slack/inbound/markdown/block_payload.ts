import { z } from "zod";
import { lenient, lenientList } from "../../../core/shared/lenient.ts";

/*
 * The parts of Block Kit that the bridge reads: https://docs.slack.dev/reference/block-kit/blocks. Blocks of unknown
 * types stay, and are counted.
 */

const text = lenient(z.string());
const number = lenient(z.number());
const flag = lenient(z.boolean());
/** What does not say of what kind it is counts as of an unknown one. */
const kind = z.string().catch("without a type");
/** Read where the type of what it is in is clear. */
const later = z.unknown().optional();

/** A list without its malformed members; empty where there is no list. */
const listOf = <T extends z.ZodType>(member: T) => lenientList(member).catch([]);

const reader =
  <T extends z.ZodType>(list: T) =>
  (value: unknown) =>
    list.parse(value);

const style = lenient(z.object({ bold: flag, italic: flag, strike: flag, code: flag }));

/** A part of a line: text, a link, a mention, an emoji, … */
const inlineElement = z.object({
  type: kind,
  text,
  url: text,
  user_id: text,
  usergroup_id: text,
  channel_id: text,
  root_message_channel: text,
  team_id: text,
  file_id: text,
  range: text,
  name: text,
  unicode: text,
  skin_tone: number,
  timestamp: number,
  format: text,
  fallback: text,
  value: text,
  label: text,
  salesforce_field_label: text,
  salesforce_field_api_name: text,
  elements: later,
  style,
});
export type InlineElement = z.infer<typeof inlineElement>;

/** A paragraph, a list, a quote or preformatted text. Lists contain sections, the others inline elements. */
const richElement = z.object({
  type: kind,
  elements: later,
  style: text,
  indent: number,
  offset: number,
  border: number,
  language: text,
});
export type RichElement = z.infer<typeof richElement>;
export const readRich = reader(listOf(richElement));

const readElements = reader(listOf(inlineElement));
/** The elements of a line, with those that are grouped in it. */
export const readInline = (elements: unknown): InlineElement[] =>
  readElements(elements).flatMap((each) =>
    each.elements === undefined ? each : readInline(each.elements),
  );
/** The lines of a list. */
export const readItems = (elements: unknown): InlineElement[][] =>
  readElements(elements).map((item) => readInline([item]));

const textObject = z.object({ type: z.string(), text: z.string() });
const labelled = lenient(z.union([textObject, z.string()]));
/** A text object, or plain text. */
export type Label = z.infer<typeof labelled>;

const option = z.object({ text: labelled, description: labelled });
export type Option = z.infer<typeof option>;
const options = listOf(option);
const ids = listOf(z.string());

/** What is in a block: text, a button, a menu, … https://docs.slack.dev/reference/block-kit/block-elements */
const blockElement = z.object({
  type: z.string(),
  text: labelled,
  placeholder: labelled,
  accessibility_label: text,
  alt_text: text,
  url: text,
  options,
  option_groups: listOf(z.object({ label: labelled, options })),
  initial_option: lenient(option),
  initial_options: options,
  initial_value: later,
  initial_date: text,
  initial_time: text,
  initial_date_time: number,
  initial_user: text,
  initial_users: ids,
  initial_channel: text,
  initial_channels: ids,
  initial_conversation: text,
  initial_conversations: ids,
  positive_button: later,
  negative_button: later,
});
export type BlockElement = z.infer<typeof blockElement>;
export const readParts = reader(listOf(blockElement));

const block = z.object({
  type: kind,
  text: labelled,
  title: labelled,
  subtitle: labelled,
  body: labelled,
  description: labelled,
  label: labelled,
  hint: labelled,
  caption: labelled,
  fields: listOf(textObject),
  status: text,
  alt_text: text,
  image_url: text,
  slack_file: lenient(z.object({ url: text })),
  title_url: text,
  video_url: text,
  author_name: text,
  provider_name: text,
  external_id: text,
  call: lenient(z.object({ v1: lenient(z.object({ name: text, join_url: text })) })),
  value: number,
  elements: later,
  element: later,
  accessory: later,
  actions: later,
  sources: later,
  icon: later,
  hero_image: later,
  rich_text_title: later,
  child_blocks: later,
  tasks: later,
  details: later,
  output: later,
  rows: later,
  chart: later,
});
export type Block = z.infer<typeof block>;
export const blockList = listOf(block);
export const readBlocks = reader(blockList);
/** A plan's tasks, which may leave out their type. */
export const readTasks = reader(listOf(block.extend({ type: z.string().catch("task_card") })));
/** A table's cells. A malformed one keeps its place. */
export const readRows = reader(
  listOf(z.array(block.catch(() => block.parse({ type: "raw_text" })))),
);

const point = z.object({ label: z.string(), value: z.number() });
/** https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block */
const chart = z.object({
  segments: listOf(point),
  series: listOf(z.object({ name: text, data: listOf(point) })),
  axis_config: lenient(z.object({ x_label: text, y_label: text })),
});
export const readChart = reader(lenient(chart));

/** A secondary attachment: an app's legacy form, a link's preview, or a shared message. */
const attachment = z.object({
  pretext: text,
  author_name: text,
  author_subname: text,
  title: text,
  title_link: text,
  text,
  fallback: text,
  fields: listOf(z.object({ title: text, value: text })),
  actions: later,
  image_url: text,
  thumb_url: text,
  footer: text,
  from_url: text,
  is_app_unfurl: flag,
  channel_id: text,
  ts: lenient(z.union([z.string(), z.number()])),
  is_msg_unfurl: flag,
  is_share: flag,
  blocks: lenient(blockList),
  message_blocks: lenient(listOf(z.object({ message: z.object({ blocks: blockList }) }))),
  files: listOf(z.object({ name: text, title: text, permalink: text })),
});
export type Attachment = z.infer<typeof attachment>;
export const attachmentList = listOf(attachment);
