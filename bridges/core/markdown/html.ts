import { characterOf, ENTITY } from "./entities.ts";
import { apart, formOf, type LinkStyle } from "./link_form.ts";
import type { Change } from "./rewrite.ts";

/** The Markdown for each tag. Tags that only affect layout are removed. */
const SIGNS: Readonly<Record<string, string>> = {
  ...{ b: "**", strong: "**", i: "*", em: "*", u: "__", ins: "__" },
  ...{ s: "~~", del: "~~", strike: "~~", code: "`", kbd: "`" },
  ...{ h1: "**", h2: "**", h3: "**", h4: "**", h5: "**", h6: "**", summary: "**" },
  ...{ p: "", div: "", span: "", sub: "", sup: "", small: "", center: "", font: "", mark: "" },
  ...{ details: "", ul: "", ol: "", li: "", a: "", br: "\n", hr: "──────────" },
};

const TAG = /<!--[\s\S]*?-->|<(\/?[A-Za-z][A-Za-z0-9]{0,10})(\s[^<>]*)?\/?>/g;

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
  return Array.from(source.slice(start, end).matchAll(TAG)).flatMap((found): Change[] => {
    const [tag, name = "", attributes = ""] = found;
    const at = { start: start + found.index, end: start + found.index + tag.length };
    switch (name.toLowerCase()) {
      case "":
        return [{ ...at, text: "" }];
      case "a":
        return [anchor(source, at, attribute("href", attributes), style)];
      case "img": {
        const [alt, src] = [attribute("alt", attributes), attribute("src", attributes)];
        return [{ ...at, text: linked(alt, src, style) }];
      }
      case "li":
        return [{ ...at, text: "- " }];
      default: {
        const text = signOf(name.toLowerCase().replace("/", ""), { ...SIGNS, ...signs });
        return text === undefined ? [] : [{ ...at, text }];
      }
    }
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
