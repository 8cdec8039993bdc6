import type { Change } from "../../core/markdown/rewrite.ts";

/** The Markdown for each tag. Tags that only affect layout are removed. */
const SIGNS: Readonly<Record<string, string>> = {
  ...{ b: "**", strong: "**", i: "*", em: "*", u: "__", ins: "__" },
  ...{ s: "~~", del: "~~", strike: "~~", code: "`", kbd: "`" },
  ...{ p: "", div: "", span: "", sub: "", sup: "", small: "", center: "", font: "" },
  ...{ details: "", summary: "**", br: "\n", hr: "──────────" },
};

const TAG = /<!--[\s\S]*?-->|<\/?([A-Za-z][A-Za-z0-9]{0,10})(?:\s[^<>]*)?\/?>/g;

/** Replaces HTML tags, which Discord would show, by Markdown. Unknown names stay: `List<String>` contains no tag. */
export function htmlChanges(source: string, start: number, end: number): Change[] {
  return [...source.slice(start, end).matchAll(TAG)].flatMap(({ 0: tag, 1: name, index }) => {
    const text = name === undefined ? "" : signOf(name.toLowerCase());
    const at = start + index;
    return text === undefined ? [] : [{ start: at, end: at + tag.length, text }];
  });
}

function signOf(name: string): string | undefined {
  return Object.hasOwn(SIGNS, name) ? SIGNS[name] : undefined;
}
