/** What Discord takes for the language: else the line is code. */
const LANGUAGE = /^[\w+.#-]{0,32}[ \t]*$/;

/** Where a block may begin without a line of its own: behind marks of quotes. */
const MARGIN = /^[ \t>]*$/;

/**
 * The code from `at` to `end` as Markdown wants it, where Discord shows a block: with its fences on lines of their own.
 * The code itself stays as it is. `end`: what of the text this stands for. `undefined`: it is no block of more lines.
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

/** An item of a list holds a block whose lines are indented like its text. */
function isIndentedItem(before: string, code: string): boolean {
  const mark = /^[ \t]*(?:[-*+]|\d{1,9}[.)]) +$/.exec(before)?.[0];
  if (mark === undefined) return false;
  const [, ...lines] = code.split("\n");
  return lines.every((line) => line.trim() === "" || line.startsWith(" ".repeat(mark.length)));
}
