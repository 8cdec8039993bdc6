import { z } from "zod";
import { lenient, lenientList } from "../../../core/shared/lenient.ts";

/*
 * The parts of Block Kit that the bridge reads: https://docs.slack.dev/reference/block-kit/blocks. Blocks of unknown
 * types stay, and are counted.
 */

const text = lenient(z.string());
const number = lenient(z.number());
const flag = lenient(z.boolean());

/** A list without its malformed members; empty where there is no list. */
const listOf = <T extends z.ZodType>(member: T) => lenientList(member).catch([]);

const style = lenient(z.object({ bold: flag, italic: flag, strike: flag, code: flag }));

/** A part of a line: text, a link, a mention, an emoji, … */
const inlineElement = z.object({
  type: z.string(),
  text,
  url: text,
  user_id: text,
  usergroup_id: text,
  channel_id: text,
  range: text,
  name: text,
  unicode: text,
  fallback: text,
  value: text,
  style,
});
export type InlineElement = z.infer<typeof inlineElement>;

const section = z.object({ type: z.string(), elements: listOf(inlineElement) });

/** A paragraph, a list, a quote or preformatted text. Lists contain sections, the others inline elements. */
const richElement = z.object({
  type: z.string(),
  elements: z.unknown().optional(),
  style: text,
  indent: number,
  offset: number,
  language: text,
});
export type RichElement = z.infer<typeof richElement>;

/* Read only once the type of the element or block around them is clear. */
export const readInline = (elements: unknown): InlineElement[] =>
  listOf(inlineElement).parse(elements);
export const readSections = (elements: unknown): z.infer<typeof section>[] =>
  listOf(section).parse(elements);

const textObject = z.object({ type: z.string(), text: z.string() });
export type TextObject = z.infer<typeof textObject>;
const labelled = lenient(z.union([textObject, z.string()]));

/** A part of a context block, a button, … */
const blockPart = z.object({
  type: z.string(),
  text: labelled,
  placeholder: labelled,
  alt_text: text,
});

const block = z.object({
  type: z.string(),
  text: labelled,
  title: labelled,
  label: labelled,
  elements: z.unknown().optional(),
  fields: listOf(textObject),
  rows: z.unknown().optional(),
  alt_text: text,
  image_url: text,
  title_url: text,
});
export type Block = z.infer<typeof block>;

export const blockList = listOf(block);
export type BlockPart = z.infer<typeof blockPart>;
export const readParts = (elements: unknown): BlockPart[] => listOf(blockPart).parse(elements);
export const readRich = (elements: unknown): RichElement[] => listOf(richElement).parse(elements);
export const readRows = (rows: unknown): Block[][] => listOf(blockList).parse(rows);

const field = z.object({ title: text, value: text });

/** A secondary attachment: an app's legacy form, a link's preview, or a shared message. */
const attachment = z.object({
  pretext: text,
  author_name: text,
  title: text,
  title_link: text,
  text,
  fallback: text,
  fields: listOf(field),
  image_url: text,
  footer: text,
  from_url: text,
  channel_id: text,
  ts: lenient(z.union([z.string(), z.number()])),
  is_msg_unfurl: flag,
  is_share: flag,
  blocks: lenient(blockList),
  message_blocks: lenient(listOf(z.object({ message: z.object({ blocks: blockList }) }))),
});
export type Attachment = z.infer<typeof attachment>;
export const attachmentList = listOf(attachment);
