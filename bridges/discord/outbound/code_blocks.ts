import type { Code } from "mdast";
import type { Change } from "../../core/markdown/rewrite.ts";

/** Separates back ticks, so that three of them do not end a block. */
const ZERO_WIDTH_SPACE = "\u200b";

/**
 * A block of code with fences of three back ticks, at the margin, as Discord needs it. `start`, `end`: the block's place in
 * the source. `isNested`: it is in a list or a quote.
 */
export function codeChanges(
  { value, lang }: Code,
  source: string,
  { start, end, isNested }: { start: number; end: number; isNested: boolean },
): Change[] {
  const opening = /^(`{3,}|~{3,})/.exec(source.slice(start, start + 80))?.[1];
  if (opening !== undefined) return fencedChanges(source, { start, end, opening, lang });
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  if (isNested || source.slice(lineStart, start).trim() !== "") return [];
  return [{ start: lineStart, end, text: `\`\`\`\n${withoutFences(value)}\n\`\`\`` }];
}

/** What Discord accepts as a language. It would show anything else as code. */
const LANGUAGE = /^[\w.+#-]+$/;

interface Fenced {
  readonly start: number;
  readonly end: number;
  readonly opening: string;
  readonly lang: Code["lang"];
}

function fencedChanges(source: string, { start, end, opening, lang }: Fenced): Change[] {
  const changes: Change[] = [];
  const newline = source.indexOf("\n", start);
  const bodyStart = newline === -1 ? end : Math.min(newline, end);
  const language = LANGUAGE.test(lang ?? "") ? lang : "";
  const line = `\`\`\`${language ?? ""}`;
  if (source.slice(start, bodyStart) !== line) changes.push({ start, end: bodyStart, text: line });
  if (bodyStart === end) return changes;
  const lastLine = source.lastIndexOf("\n", end - 1) + 1;
  const closing = source.slice(lastLine, end).replace(/^[ \t>]*/, "");
  const isClosed = lastLine > bodyStart && closing.startsWith(opening);
  const bodyEnd = isClosed ? lastLine : end;
  for (const { index } of source.slice(bodyStart, bodyEnd).matchAll(/```/g)) {
    const at = bodyStart + index;
    changes.push({ start: at, end: at + 3, text: withoutFences("```") });
  }
  changes.push(...unindentChanges(source, start, bodyEnd));
  if (!isClosed) return changes;
  const closeAt = end - closing.length;
  const isQuoted = source.slice(lastLine, closeAt).includes(">");
  if (closing !== "```") changes.push({ start: isQuoted ? closeAt : lastLine, end, text: "```" });
  else if (!isQuoted && closeAt > lastLine)
    changes.push({ start: lastLine, end: closeAt, text: "" });
  return changes;
}

function withoutFences(code: string): string {
  return code.replaceAll("```", ["`", "`", "`"].join(ZERO_WIDTH_SPACE));
}

/** Code in a list is indented like its item. Discord would show the indentation as part of the code. */
function unindentChanges(source: string, start: number, bodyEnd: number): Change[] {
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  const margin = source.slice(lineStart, start);
  if (margin === "" || margin.trim() !== "") return [];
  const changes = [{ start: lineStart, end: start, text: "" }];
  for (let at = source.indexOf("\n", start) + 1; at > 0 && at < bodyEnd;) {
    const spaces = /^[ \t]*/.exec(source.slice(at, at + margin.length))?.[0].length ?? 0;
    if (spaces > 0) changes.push({ start: at, end: at + spaces, text: "" });
    at = source.indexOf("\n", at) + 1;
  }
  return changes;
}
