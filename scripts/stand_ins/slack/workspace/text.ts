import type { Block, Message } from "./workspace.ts";

const ENTITIES: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** Decodes the three escapes of Slack's text in one pass, so that `&amp;lt;` becomes `&lt;`. */
function unescapeText(text: string): string {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity);
}

interface BlockText {
  readonly text: string;
  /** The text of a Markdown block is not escaped; that of a section has Slack's escapes. */
  readonly escaped: boolean;
}

function blockText({ type, text }: Block): BlockText | undefined {
  if (type === "markdown" && typeof text === "string") return { text, escaped: false };
  const hasText = typeof text === "object" && text !== null && "text" in text;
  return hasText && typeof text.text === "string" ? { text: text.text, escaped: true } : undefined;
}

function blockTexts({ blocks = [] }: Pick<Message, "blocks">): BlockText[] {
  return blocks.map(blockText).filter((text) => text !== undefined);
}

/** The text that people read: that of the blocks if there are any, because `text` then only serves notifications. */
export function shownText(message: Pick<Message, "text" | "blocks">): string {
  const texts = blockTexts(message);
  if (texts.length === 0) return unescapeText(message.text);
  return texts.map(({ text, escaped }) => (escaped ? unescapeText(text) : text)).join("\n\n");
}

/**
 * The people and groups that a post would ping: user and group ids, `everyone`, `channel`, `here`. Prefers false
 * positives: it searches the notification text as well as the blocks, and skips only code.
 */
export function pingsOf(message: Pick<Message, "text" | "blocks">, linksNames: boolean): string[] {
  const texts = [message.text, ...blockTexts(message).map(({ text }) => text)];
  const prose = texts.map((text) => text.replace(/```[\s\S]*?```|`[^`\n]*`/g, "")).join("\n");
  const tokens = prose.matchAll(
    /<(?:@([UW][A-Z0-9]+)|!subteam\^(S[A-Z0-9]+)|!(everyone|channel|here))(?:\|[^>]*)?>/g,
  );
  const names = linksNames ? prose.matchAll(/@(everyone|channel|here)\b/g) : [];
  const pinged = [...tokens, ...names].flatMap((match) => match[1] ?? match[2] ?? match[3] ?? []);
  return [...new Set(pinged)];
}
