import type { Block } from "./workspace.ts";

/*
 * Slack's own clients also send a message's text as blocks. This creates the blocks from the text that people type in
 * the playground: styles, code, quotes, lists, links and mentions.
 */

type Json = Readonly<Record<string, unknown>>;

/** The `rich_text` block of a person's message. */
export function richTextOf(text: string): Block[] {
  const elements = text.split(/(```[\s\S]+?```)/).flatMap((part) => {
    const code = /^```\n?([\s\S]+?)\n?```$/.exec(part)?.[1];
    if (code !== undefined) return [preformatted(code)];
    return proseOf(part);
  });
  return elements.length === 0 ? [] : [{ type: "rich_text", block_id: "b1", elements }];
}

function preformatted(code: string): Json {
  return { type: "rich_text_preformatted", elements: inline(code, true), border: 0 };
}

/** Quotes and lists are elements of their own; the lines between them form one section. */
function proseOf(text: string): Json[] {
  const out: Json[] = [];
  let lines: string[] = [];
  let kind: Kind = "section";
  const end = () => {
    const body = lines.join("\n");
    if (body.trim() !== "") out.push(elementOf(kind, lines));
    lines = [];
  };
  for (const line of text.replace(/^\n|\n$/g, "").split("\n")) {
    const next: Kind = line.startsWith("&gt; ")
      ? "quote"
      : line.startsWith("• ")
        ? "list"
        : "section";
    if (next !== kind) end();
    kind = next;
    lines.push(line);
  }
  end();
  return out;
}

type Kind = "section" | "quote" | "list";

function elementOf(kind: Kind, lines: readonly string[]): Json {
  switch (kind) {
    case "section":
      return { type: "rich_text_section", elements: inline(lines.join("\n")) };
    case "quote": {
      const text = lines.map((line) => line.slice("&gt; ".length)).join("\n");
      return { type: "rich_text_quote", elements: inline(text) };
    }
    case "list": {
      const items = lines.map((line) => ({
        type: "rich_text_section",
        elements: inline(line.slice("• ".length)),
      }));
      return { type: "rich_text_list", style: "bullet", indent: 0, border: 0, elements: items };
    }
  }
}

const PIECE =
  /<[^<>\n]+>|(?<![\w`])`[^`\n]+`(?![\w`])|(?<![\w*])\*(?=\S)[^*\n]*?\S\*(?![\w*])|(?<![\w_])_(?=\S)[^_\n]*?\S_(?![\w_])|(?<![\w~])~(?=\S)[^~\n]*?\S~(?![\w~])/g;

type Style = Readonly<Record<string, true>>;

function inline(text: string, isCode = false, style: Style = {}): Json[] {
  const out: Json[] = [];
  const styled = Object.keys(style).length > 0 ? { style } : {};
  let at = 0;
  const plain = (end: number) => {
    if (end > at) out.push({ type: "text", text: decoded(text.slice(at, end)), ...styled });
  };
  for (const { 0: piece, index } of text.matchAll(PIECE)) {
    const found = isCode && !piece.startsWith("<") ? undefined : elementsOf(piece, isCode, style);
    if (found === undefined) continue;
    plain(index);
    out.push(...found);
    at = index + piece.length;
  }
  plain(text.length);
  return out;
}

function elementsOf(piece: string, isCode: boolean, style: Style): Json[] | undefined {
  const inner = piece.slice(1, -1);
  switch (piece[0]) {
    case "<":
      return tokenOf(inner, style);
    case "`":
      return inline(inner, true, { ...style, code: true });
    case "*":
      return inline(inner, isCode, { ...style, bold: true });
    case "_":
      return inline(inner, isCode, { ...style, italic: true });
    default:
      return inline(inner, isCode, { ...style, strike: true });
  }
}

/** https://docs.slack.dev/messaging/formatting-message-text */
function tokenOf(inner: string, style: Style): Json[] | undefined {
  const styled = Object.keys(style).length > 0 ? { style } : {};
  const [target = "", label] = inner.split("|", 2);
  const id = target.slice(1);
  if (target.startsWith("@")) return [{ type: "user", user_id: id, ...styled }];
  if (target.startsWith("#")) return [{ type: "channel", channel_id: id, ...styled }];
  if (target.startsWith("!subteam^")) return [{ type: "usergroup", usergroup_id: id.slice(8) }];
  if (target.startsWith("!")) return [{ type: "broadcast", range: id, ...styled }];
  if (!/^[a-z][a-z0-9+.-]*:\S/i.test(target)) return undefined;
  const text = label === undefined ? {} : { text: decoded(label) };
  return [{ type: "link", url: decoded(target), ...text, ...styled }];
}

function decoded(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
