/** What Discord accepts as the language. Any other first line is code. */
const LANGUAGE = /^[\w+.#-]{0,32}[ \t]*$/;

/** What may precede a block on its line: marks of quotes. */
const MARGIN = /^[ \t>]*$/;

/**
 * The code block at `at`, up to `end`, with its fences on separate lines, as Markdown requires. The code itself is unchanged.
 * The returned `end` is where the replaced text ends. `undefined`: it is not a block of several lines.
 */
export function blockOnItsLines(
  text: string,
  at: number,
  end: number,
): { readonly text: string; readonly end: number } | undefined {
  if (!text.startsWith("```", at) || !text.endsWith("```", end)) return undefined;
  const code = text.slice(at + 3, end - 3);
  if (!code.includes("\n") || code.startsWith("`")) return undefined;
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const before = text.slice(lineStart, at);
  const margin = /^> /.exec(before)?.[0] ?? "";
  const [first = ""] = code.split("\n", 1);
  const lastLine = code.slice(code.lastIndexOf("\n") + 1);
  const after = /^[ \t]*(?=\S)/.exec(text.slice(end))?.[0];
  return {
    text: [
      MARGIN.test(before) || isIndentedItem(before, code) ? "" : `\n${margin}`,
      "```",
      LANGUAGE.test(first) ? "" : `\n${margin}`,
      code,
      MARGIN.test(lastLine) ? "" : `\n${margin}`,
      "```",
      after === undefined ? "" : `\n${margin}`,
    ].join(""),
    end: end + (after?.length ?? 0),
  };
}

/** A block belongs to a list item only if its lines are indented like the item's text. */
function isIndentedItem(before: string, code: string): boolean {
  const mark = /^[ \t]*(?:[-*+]|\d{1,9}[.)]) +$/.exec(before)?.[0];
  if (mark === undefined) return false;
  const [, ...lines] = code.split("\n");
  return lines.every((line) => line.trim() === "" || line.startsWith(" ".repeat(mark.length)));
}
