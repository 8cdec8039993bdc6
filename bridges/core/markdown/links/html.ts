import { characterOf, ENTITY } from "../entities.ts";
import { apart, formOf, type LinkStyle } from "./form.ts";
import type { Change } from "../rewrite.ts";

/** The Markdown for each tag. Tags that only affect layout are removed. */
const SIGNS: Readonly<Record<string, string>> = {
  ...{ b: "**", strong: "**", i: "*", em: "*", u: "__", ins: "__" },
  ...{ s: "~~", del: "~~", strike: "~~", code: "`", kbd: "`" },
  ...{ h1: "**", h2: "**", h3: "**", h4: "**", h5: "**", h6: "**", summary: "**" },
  ...{ p: "", div: "", span: "", sub: "", sup: "", small: "", center: "", font: "", mark: "" },
  ...{ details: "", ul: "", ol: "", li: "- ", a: "", br: "\n", hr: "──────────", blockquote: "" },
  ...{ table: "", thead: "", tbody: "", tr: "", th: "", td: "", dl: "", dt: "", dd: "" },
};

/** A comment or a tag. Without `=`, words may follow a name: `a <b and c> d`. */
const TAG = /<!--[\s\S]*?-->|<(\/?[A-Za-z][A-Za-z0-9]{0,10})(\s+(?:open|[^<>=]+=[^<>]*))?\s*\/?>/g;

const BLOCKS = "(?:h[1-6]|p|div|[uod]l|li|summary|details|blockquote|table|tr|d[td]|pre)";
/** Tags whose text stands on lines of its own. */
const BLOCK = new RegExp(`^/?${BLOCKS}$`);
const AFTER_BLOCK = new RegExp(`<${BLOCKS}(?:\\s[^<>]*)?>\\s*$`, "i");
/** Their text is bold as a whole. */
const TITLE = /^\/?(?:summary|h[1-6])$/;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** How far the end of a link is looked for. */
const MAX_LINK = 1_000;

/**
 * Replaces HTML, which people would see, by Markdown. Unknown names stay: `List<String>` contains no tag. `signs`: other
 * Markdown for some tags.
 */
export function htmlChanges(
  source: string,
  { start, end }: Range,
  style: LinkStyle,
  signs: typeof SIGNS = {},
): Change[] {
  let isTitle = false;
  return Array.from(source.slice(start, end).matchAll(TAG)).flatMap((found): Change[] => {
    const [tag, typed = "", attributes = ""] = found;
    const name = typed.toLowerCase();
    const at = { start: start + found.index, end: start + found.index + tag.length };
    if (TITLE.test(name)) isTitle = !name.startsWith("/");
    if (isTitle && /^\/?(?:b|strong)$/.test(name)) return [{ ...at, text: "" }];
    switch (name) {
      case "":
        return [{ ...at, text: "" }];
      case "a":
        return [anchor(source, at, attribute("href", attributes), style)];
      case "img": {
        const [alt, src] = [attribute("alt", attributes), attribute("src", attributes)];
        return [{ ...at, text: linked(alt, src, style) }];
      }
      case "/td":
      case "/th": {
        const gap = /^\s*(?=<t[dh])/i.exec(source.slice(at.end, at.end + 80))?.[0];
        return [{ ...at, end: at.end + (gap?.length ?? 0), text: gap === undefined ? "" : " | " }];
      }
      default: {
        const sign = signOf(name.replace("/", ""), { ...SIGNS, ...signs });
        const text = name === "/li" ? "" : sign;
        const change = code(source, at, name) ?? (text === undefined ? undefined : { ...at, text });
        return change === undefined ? [] : [onLines(source, name, change)];
      }
    }
  });
}

/** With the line breaks that a block needs where other text is beside it. */
function onLines(source: string, name: string, { start, end, text }: Change): Change {
  if (!BLOCK.test(name)) return { start, end, text };
  const before = source.slice(Math.max(0, start - MAX_BESIDE), start);
  const line = before.slice(before.lastIndexOf("\n") + 1).replaceAll(TAG, "");
  const isBeside = /[^\s>]/.test(line.replace(/^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]/, ""));
  const isFirst = name.startsWith("/") || !isBeside || AFTER_BLOCK.test(before);
  const isLast = !/^(?:\/|pre)/.test(name) || !/^[ \t]*[^\s<|]/.test(source.slice(end, end + 20));
  return { start, end, text: (isFirst ? "" : "\n") + text + (isLast ? "" : "\n") };
}

/** How far text beside a tag is looked for. */
const MAX_BESIDE = 200;

/** How far the end of code is looked for. */
const MAX_CODE = 800;

/** Code with its closing tag, in which signs are no Markdown. */
function code(source: string, at: Range, name: string): Change | undefined {
  if (!/^(?:code|kbd|pre)$/.test(name)) return undefined;
  const rest = source.slice(at.end, at.end + MAX_CODE);
  const close = new RegExp(`</${name}\\s*>`, "i").exec(rest);
  if (close === null) return undefined;
  const typed = rest.slice(0, close.index);
  const words = typed.replaceAll(TAG, "").replaceAll(ENTITY, characterOf);
  const end = at.end + close.index + close[0].length;
  if (name !== "pre") {
    const ticks = words.includes("`") ? "``" : "`";
    const space = /^`|`$/.test(words) ? " " : "";
    const text = ticks + space + words + space + ticks;
    return words.trim() === "" ? undefined : { ...at, end, text };
  }
  const language = /^\s*<code[^<>]*lang(?:uage)?-(\w+)/i.exec(typed)?.[1] ?? "";
  const body = words.replaceAll(/^\n|\s+$/g, "").replaceAll("```", "`\u200b`\u200b`");
  return { ...at, end, text: `\`\`\`${language}\n${body}\n\`\`\`` };
}

/** A text without its tags, for where Markdown would be visible too. */
export function withoutTags(text: string): string {
  return text.replaceAll(TAG, (tag: string, typed = "") => {
    const name = String(typed).toLowerCase().replace("/", "");
    if (name === "br" || BLOCK.test(name)) return " ";
    return name === "" || signOf(name, SIGNS) !== undefined ? "" : tag;
  });
}

/** A link with its label, as text: what is between the tags. */
function anchor(source: string, at: Range, url: string, style: LinkStyle): Change {
  const rest = source.slice(at.end, at.end + MAX_LINK);
  const close = /<\/a\s*>/i.exec(rest);
  if (close === null) return { ...at, text: "" };
  const label = rest
    .slice(0, close.index)
    .replaceAll(TAG, (_tag, _name, attributes = "") => attribute("alt", String(attributes)));
  return {
    start: at.start,
    end: at.end + close.index + close[0].length,
    text: linked(label, url, style),
  };
}

function linked(label: string, url: string, style: LinkStyle): string {
  const { kind, address } = formOf(label, url, style);
  if (kind === "masked") return `[${label}](${address})`;
  return kind === "apart" ? label + apart(address) : address;
}

function attribute(name: string, attributes: string): string {
  const form = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"']+))`, "i");
  const [, double, single, bare = ""] = form.exec(attributes) ?? [];
  return (double ?? single ?? bare).replaceAll(ENTITY, characterOf);
}

function signOf(name: string, signs: typeof SIGNS): string | undefined {
  return Object.hasOwn(signs, name) ? signs[name] : undefined;
}
