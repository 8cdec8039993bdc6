import { fencesIn, openFence, visibleText } from "../ai_service/visible_text.ts";

/* The beginning of an answer, as Markdown that is whole. */

/** A mark of reasoning, or of the end of a text, that is not written to its end. */
const HALF_MARK = /^\s*(?:<[|/]?|\[|◁)[\w:|/]{0,20}$/;
/** A surrogate without the other half of its character. */
const HALF_CHARACTER = /[\uD800-\uDBFF]$/;
/** A fence that may get longer. */
const HALF_FENCE = /(?:^|\n)[ \t]*(?:`{1,2}|~{1,2})$/;
/** A tag, an address or a mark that has no end yet. */
const HALF_TAG = /<[^<>\s]{0,200}$/;
/** A link or an image without its end. */
const HALF_LINK = /!?\[[^[\]\n]{0,300}(?:\](?:\([^()\s]{0,1000}(?:[ \t][^()\n]{0,200})?)?)?$/;

/** Of a paragraph, in UTF-16 units. */
const MOST_LOOKED_AT = 4_000;

/**
 * What of an answer is for people while it is written: nothing as long as the model only thinks. Open code, emphasis and
 * fences are closed; an unfinished link waits.
 */
export function partialText(text: string): string | null {
  if (HALF_MARK.test(text)) return null;
  const shown = visibleText(text.replace(HALF_CHARACTER, ""), undefined, true)?.trimEnd();
  if (shown === undefined) return null;
  const { open, from, end } = fencesIn(shown);
  // Nothing of a code block shows before its first line.
  if (open !== undefined && shown.includes("\n", from))
    return `${shown.replace(HALF_FENCE, "")}\n${open}`;
  const said = shown.slice(0, from).trimEnd();
  if (hasOpenQuote(said)) return said;
  // Emphasis and code end with their paragraph at the latest.
  const start = Math.max(paragraphIn(said), end, said.length - MOST_LOOKED_AT);
  const whole = (said.slice(0, start) + closed(said.slice(start))).trimEnd();
  return whole === "" ? null : whole;
}

/** Where the last paragraph begins. */
function paragraphIn(text: string): number {
  const tail = Math.max(text.length - MOST_LOOKED_AT, 0);
  const blank = Array.from(text.slice(tail).matchAll(/\n[ \t]*\r?\n/g)).at(-1);
  return blank === undefined ? 0 : tail + blank.index;
}

/** Whether the text ends in a quote with a code block, which ends with the quote. */
function hasOpenQuote(text: string): boolean {
  const lines = text.split("\n");
  const before = lines.findLastIndex((line) => !/^[ \t]*>/.test(line));
  const quoted = lines.slice(before + 1).map((line) => line.replace(/^[ \t]*>[ \t]?/, ""));
  return openFence(quoted.join("\n")) !== undefined;
}

/** A mark that may get longer, and one with nothing before or behind it. */
const HALF_CLOSED = /[*_~`]+$/;
const DANGLING = /(?<![^\s([{>"'])[*_~`]+$/;

/** Ends of a paragraph that are taken off, one after the other. */
const MOST_CUTS = 20;

function closed(text: string, cuts = MOST_CUTS): string {
  const bare = text.replace(HALF_FENCE, "").replace(HALF_TAG, "").replace(DANGLING, "").trimEnd();
  const marks = openMarks(bare);
  if (cuts === 0) return bare;
  // The mark at the end may be half of the one that closes.
  if (marks.length > 0 && HALF_CLOSED.test(bare))
    return closed(bare.replace(HALF_CLOSED, ""), cuts - 1);
  const isCode = marks.at(-1)?.startsWith("`") ?? false;
  const cut = isCode ? bare : bare.replace(HALF_LINK, "");
  return cut === bare ? bare + marks.toReversed().join("") : closed(cut, cuts - 1);
}

/** A backslash and what it escapes, code, or marks of emphasis. */
const TOKEN = /\\[^]|`+|\*{1,3}|_{1,3}|~~/g;

/** The marks of code and emphasis that are open at the end of a paragraph, the innermost last. */
function openMarks(paragraph: string): string[] {
  const open: string[] = [];
  for (const { 0: mark, index } of paragraph.matchAll(TOKEN)) {
    if (mark.startsWith("\\")) continue;
    const code = open.at(-1)?.startsWith("`") ? open.at(-1) : undefined;
    if (code !== undefined) {
      if (mark === code) open.pop();
      continue;
    }
    const [before, after] = [paragraph[index - 1] ?? " ", paragraph[index + mark.length] ?? " "];
    if (mark.startsWith("`")) open.push(mark);
    else if (/\S/.test(before) && open.includes(mark)) open.splice(open.lastIndexOf(mark));
    else if (/\S/.test(after) && !(mark.startsWith("_") && /\w/.test(before))) open.push(mark);
  }
  return open;
}
