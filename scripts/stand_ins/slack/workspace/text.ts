import type { Block, Message } from "./workspace.ts";

const ENTITIES: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** Undoes the three escapes of Slack's text, in one pass, so that `&amp;lt;` stays `&lt;`. */
function unescapeText(text: string): string {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity);
}

interface BlockText {
  readonly text: string;
  /** A Markdown block's text is as it was sent, a section's has Slack's escapes. */
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

/** What people read: the blocks if there are any, since `text` is then only the notification's. */
export function shownText(message: Pick<Message, "text" | "blocks">): string {
  const texts = blockTexts(message);
  if (texts.length === 0) return unescapeText(message.text);
  return texts.map(({ text, escaped }) => (escaped ? unescapeText(text) : text)).join("\n\n");
}

/**
 * Whom a post would ping: user and group ids, `everyone`, `channel`, `here`. Errs on the side of yes: it looks at
 * the notification text as well as the blocks, and leaves out code only.
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
