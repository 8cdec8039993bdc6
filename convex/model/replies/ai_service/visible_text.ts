import { cutToBytes } from "../../shared/text.ts";
import { BLANKS } from "../framing.ts";

/* What of a model's text is for people. */

/** Of an answer, in bytes. More than is ever posted, and well below what one row of Convex holds. */
const MOST_BYTES = 500_000;
/** A cut answer and its note stay below the limit, so that no second look cuts them again. */
const NOTE_BYTES = 1_000;

export const TOO_LONG = "The answer ends here: it reached the limit of its length.";
export const BROKEN_OFF = "The answer ends here: the AI service broke it off.";

/**
 * An answer as people read it: without the reasoning before it, whole characters, not too long to be stored, and with a
 * note if it is not whole. Null if nothing of it shows. `grows`: it is still being written.
 */
export function visibleText(text: string, note?: string, grows = false): string | null {
  // A service that cuts an answer by bytes or units may leave half a character, which Convex refuses to store.
  const said = withoutReasoning(text.toWellFormed(), grows);
  if (isBlank(said)) return null;
  const isWhole = cutToBytes(said, MOST_BYTES) === said;
  if (isWhole) return note === undefined ? said : withNote(said, note);
  return withNote(cutToBytes(said, MOST_BYTES - NOTE_BYTES), TOO_LONG);
}

const NAMES = "(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|seed:think)";
/** The marks around what a model thinks, as models and their servers write them. A tag that closes itself is none. */
const MARK = new RegExp(`<\\|?/?${NAMES}(?:\\s[^<>]*(?<!/))?\\|?>|\\[/?THINK\\]|◁/?think▷`, "gi");
const BEGINS = new RegExp(`^(?:${MARK.source})`, "i");
/** The marks of models that write in channels, of which `final` is for people. */
const CHANNEL = /^(?:<\|start\|>assistant)?<\|channel\|>/;
const MESSAGE = "<|message|>";
/** What some models write around the answer below their reasoning. */
const ANSWER = /^<(answer|final_answer|response|output)>([^]*)<\/\1>\s*$/i;
/** The same, not closed yet. */
const GROWING_ANSWER = /^<(answer|final_answer|response|output)>([^]*?)(?:<\/\1>\s*)?$/i;
/** Reasoning whose marks the server left out. It begins without a space. */
const BARE_REASONING = /^analysis(?:\S|$)/;
/** How models end a text, where the server does not take it out. */
const STOP =
  /(?<!>)(?:<\|(?:im_end|eot_id|eom_id|endoftext|end_of_text|end)\|>|<end_of_turn>|<\/s>)+\s*$/;

/**
 * A text without the reasoning before the answer, and the sign of its end. Marks further on stay: the answer may be about them, or show them in
 * code. Empty if the reasoning never ends, or if it is not certain that it has where the text still `grows`.
 */
export function withoutReasoning(text: string, grows = false): string {
  // It ends what was struck out.
  const said = text.includes("<s>") ? text : text.replace(STOP, "");
  const start = withoutBlankStart(said);
  if (CHANNEL.test(start)) return finalChannel(start);
  // The same, where the server left out the marks.
  const bare = /^analysis[^]*?assistantfinal/.exec(start)?.[0];
  if (bare !== undefined) return start.slice(bare.length);
  if (grows && BARE_REASONING.test(start)) return "";
  let rest = start;
  while (isOpening(BEGINS.exec(rest)))
    rest = withoutBlankStart(rest.slice(endOfReasoning(rest, grows)));
  const answer = withoutUnopened(rest === start ? said : rest);
  return answer === said
    ? said
    : answer.replace(grows ? GROWING_ANSWER : ANSWER, (_all, _name, inner: string) => inner.trim());
}

/** Marks within each other are one, and the answer to a question about them names them: at worst the last one ends it. */
function endOfReasoning(text: string, grows: boolean): number {
  let depth = 0;
  let last: number | undefined;
  for (const mark of text.matchAll(MARK)) {
    depth += isOpening(mark) ? 1 : -1;
    if (!isOpening(mark)) last = mark.index + mark[0].length;
    if (depth === 0) break;
  }
  // The one that ends it may still come.
  return (grows && depth > 0 ? undefined : last) ?? text.length;
}

/** Some servers leave out the first mark. The other one stands at the end of a line or between two words, never in a sentence. */
function withoutUnopened(text: string): string {
  const [mark] = text.matchAll(MARK);
  if (mark === undefined || isOpening(mark)) return text;
  const end = mark.index + mark[0].length;
  const [before, after] = [text[mark.index - 1] ?? "\n", text[end] ?? "\n"];
  const isAlone =
    before === "\n" || (/[^\s`'"“(]/.test(before) && /\n|[^\s`'"”.,;:!?)]/.test(after));
  const isEnd = isAlone && openFence(text.slice(0, mark.index)) === undefined;
  return isEnd ? withoutBlankStart(text.slice(end)) : text;
}

function isOpening(mark: RegExpExecArray | null): boolean {
  return mark !== null && !/^.\|?\//.test(mark[0]);
}

function finalChannel(text: string): string {
  const from = text.indexOf(MESSAGE, text.lastIndexOf("<|channel|>final"));
  const isThere = text.includes("<|channel|>final") && from !== -1;
  return isThere ? text.slice(from + MESSAGE.length).replace(/<\|(?:end|return)\|>[^]*$/, "") : "";
}

function withoutBlankStart(text: string): string {
  return text.replace(/^[\s\p{Default_Ignorable_Code_Point}]+/u, "");
}

const INVISIBLE =
  /<!--[^]*?(?:-->|$)|<\/?(?:br|p|div|span)(?:\s[^<>]*)?\/?>|&(?:nbsp|zwnj|zwj|ZeroWidthSpace|#8203|#x200b);/gi;

/** Whether a platform shows nothing of a text, or only comments. */
export function isBlank(text: string): boolean {
  return text.replace(INVISIBLE, "").replace(BLANKS, "").trim() === "";
}

/** The text, and below it a note that it is not whole. */
export function withNote(text: string, note: string): string {
  const fence = openFence(text);
  return `${text.trimEnd()}${fence === undefined ? "" : `\n${fence}`}\n\n_${note}_`;
}

/** A fence, perhaps after the mark of a list item. */
const FENCE = /^([ \t]*)((?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})(.*)$/gm;

/** The line that closes a text's last code block, if it is open. (One in a quote ends with it.) */
export function openFence(text: string): string | undefined {
  return fencesIn(text).open;
}

/** The line that closes the last code block, if it is open; where that begins (`from`), and where the one before ends. */
export function fencesIn(text: string) {
  let end = 0;
  let open: { readonly fence: string; readonly indent: string; readonly from: number } | undefined;
  for (const match of text.matchAll(FENCE)) {
    const [line, indent = "", item = "", fence = "", info = ""] = match;
    if (open === undefined) {
      const isCode = fence.startsWith("`") && info.includes("`");
      if (!isCode) open = { fence, indent: indent + " ".repeat(item.length), from: match.index };
    } else if (item === "" && fence.startsWith(open.fence) && info.trim() === "") {
      open = undefined;
      end = match.index + line.length;
    }
  }
  return { open: open && open.indent + open.fence, from: open?.from ?? text.length, end };
}
