import { ENTITY } from "../../../core/markdown/entities.ts";
import { hiddenLineSign } from "../../../core/markdown/hidden.ts";
import { utcOf } from "../../../core/shared/utc.ts";
import { blockOnItsLines } from "./code_blocks.ts";

export interface Tokens {
  /** Whether the id is that of a mentioned person. */
  isMentioned(userId: string): boolean;
}

/** Text without any of these needs no change: most messages. */
const SPECIAL = /[<`\\&]|^-# |^>>> |^> |^ *(?:[-=]+ *$|\[[^\]\n]+\]:)/m;

/**
 * Discord's Markdown as canonical Markdown, in one pass and linear time: custom emoji, timestamps and commands become
 * what they show, small print becomes text, `>>>` a quote of each line. What only Markdown would read, and not show, is
 * escaped: HTML, references, definitions, underlines of headings. Code stays byte for byte, with the fences of a block
 * on separate lines. https://discord.com/developers/docs/reference#message-formatting
 */
export function toCanonical(text: string, tokens: Tokens): string {
  if (!SPECIAL.test(text)) return text;
  const out: string[] = [];
  const codeEnds = findCode(text);
  const line = { isQuoting: false };
  let at = startLine(0);
  while (at < text.length) {
    const special = nextSpecial(text, at);
    out.push(text.slice(at, special));
    at = special;
    if (text[at] === "\n") {
      out.push(line.isQuoting ? "\n> " : endsQuote(text, at) ? "\n\n" : "\n");
      at = startLine(at + 1);
    } else if (text[at] === "`") {
      const end = codeEnds.get(at) ?? endOfTicks(text, at);
      const code = blockOnItsLines(text, at, end) ?? { text: text.slice(at, end), end };
      out.push(line.isQuoting ? code.text.replaceAll("\n", "\n> ") : code.text);
      at = code.end;
    } else if (at < text.length) {
      const [shown, length] = readSign(text, at, tokens);
      out.push(shown);
      at += length;
    }
  }
  return out.join("");

  /** Where the line's text begins, after the marks that only Discord has. */
  function startLine(from: number): number {
    const begins = !line.isQuoting && text.startsWith(">>> ", from);
    if (begins) line.isQuoting = true;
    const quote = begins ? 4 : text.startsWith("> -# ", from) ? 2 : 0;
    if (quote > 0) out.push("> ");
    if (text.startsWith("-# ", from + quote)) return from + quote + 3;
    const hidden = hiddenLineSign(text, from);
    if (hidden === undefined) return from + quote;
    out.push(text.slice(from, hidden), "\\");
    return hidden;
  }
}

function readSign(text: string, at: number, tokens: Tokens): [shown: string, length: number] {
  switch (text[at]) {
    case "<":
      return readToken(text, at, tokens);
    case "&":
      return [startsAt(REFERENCE, text, at) && !isInAddress(text, at) ? "\\&" : "&", 1];
    default: {
      if (text.startsWith(SHRUG, at - 1)) return ["\\\\\\_(ツ)\\_", SHRUG.length - 3];
      // Of an escape of another sign than Markdown's, only the sign is shown.
      const next = text.charAt(at + 1);
      // Markdown would hide it, and break the line.
      if (next === "\n") return ["\\\\", 1];
      return next > "\u007f" && /\S/.test(next) ? ["", 1] : [text.slice(at, at + 2), 2];
    }
  }
}

/** Discord shows it as it is. */
const SHRUG = "¯\\_(ツ)_/¯";
const REFERENCE = new RegExp(`^${ENTITY.source}`);
/** A tag, a comment or the like, but no address. */
const HTML = /^<(?:\/?[A-Za-z][A-Za-z\d-]*(?:[\s/][^<>]*)?>|\?|!(?:--|[A-Za-z]|\[CDATA\[))/;

/** At the beginning of a line, the name of some tags is enough for a block of HTML, which ends at the next blank line. */
const BLOCK_TAG = /^<\/?[A-Za-z][A-Za-z\d-]*(?=\s|$)/;

function beginsLine(text: string, at: number): boolean {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  return line.length <= MAX_TOKEN && /^(?:[ \t]|[>*+-]|\d{1,9}[.)]|-# )*$/.test(line);
}

/** What is looked at, so that the time stays linear. */
const MAX_ESCAPED = 1_000;

function startsAt(form: RegExp, text: string, at: number): boolean {
  return form.test(text.slice(at, at + MAX_ESCAPED));
}

/**
 * Whether the reference at `at` is within an address, where Markdown decodes none and a back slash would be a part of it. It
 * does decode what is between the parentheses of a link, and what an address ends with.
 */
function isInAddress(text: string, at: number): boolean {
  const goesOn = /^[^;]*;[\p{L}\p{N}/%=+#?&_-]/u.test(text.slice(at, at + MAX_TOKEN));
  return goesOn && endsAddress(text, at);
}

/** Whether an address reaches up to `at`: a back slash would become its last character. */
function endsAddress(text: string, at: number): boolean {
  return ADDRESS.test(text.slice(Math.max(0, at - MAX_ESCAPED), at));
}

const ADDRESS = /(?<!\p{L}|\]\(|<)https?:\/\/[^\s<]*$|(?<!\]\()<https?:\/\/[^\s<>]*$/u;

/** Whether the line break at `at` separates a quote from text that Markdown would read as part of the quote. */
function endsQuote(text: string, at: number): boolean {
  if (!text.startsWith("> ", text.lastIndexOf("\n", at - 1) + 1)) return false;
  return !/^(?:>>>|>)? *(?:\n|$)|^(?:>>>|>) /.test(text.slice(at + 1, at + MAX_TOKEN));
}

function nextSpecial(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (char === "<" || char === "`" || char === "\\" || char === "&" || char === "\n") return at;
  }
  return text.length;
}

/** The end of each piece of code, by its start. Back ticks without a closing run are not code. */
function findCode(text: string): ReadonlyMap<number, number> {
  const runs = [...text.matchAll(/`+/g)].map(({ index, 0: ticks }) => ({
    index,
    length: ticks.length,
    // Three back ticks or more close any block.
    kind: Math.min(3, ticks.length),
  }));
  const next = new Map<number, number>();
  const closing = runs.map((_, index) => index).fill(-1);
  for (let index = runs.length - 1; index >= 0; index -= 1) {
    const kind = runs[index]?.kind ?? 0;
    closing[index] = next.get(kind) ?? -1;
    next.set(kind, index);
  }
  const ends = new Map<number, number>();
  for (let index = 0; index < runs.length; index += 1) {
    const run = runs[index];
    const close = runs[closing[index] ?? -1];
    if (run === undefined || close === undefined) continue;
    ends.set(run.index, close.index + close.length);
    index = closing[index] ?? index;
  }
  return ends;
}

/** What of a text is no code. */
export function withoutCode(text: string): string {
  const out: string[] = [];
  let at = 0;
  for (const [start, end] of findCode(text)) {
    out.push(text.slice(at, start));
    at = end;
  }
  return out.join("") + text.slice(at);
}

function endOfTicks(text: string, at: number): number {
  let end = at;
  while (text[end] === "`") end += 1;
  return end;
}

/** The longest token in angle brackets. The limit keeps the time linear. */
const MAX_TOKEN = 120;

const USER = /^<@!(\d{1,20})>/;
const EMOJI = /^<a?:(\w{1,32}):\d{1,20}>/;
const TIME = /^<t:(-?\d{1,13})(?::([tTdDfFRsS]))?>/;
const COMMAND = /^<\/([^:<>\n]{1,100}):\d{1,20}>/;
const PLACE = /^<id:(customize|browse|guide|linked-roles)(?::\d{1,20})?>/;

function readToken(text: string, at: number, tokens: Tokens): [shown: string, length: number] {
  const rest = text.slice(at, at + MAX_TOKEN);
  const user = USER.exec(rest);
  // Old clients and apps write `<@!id>`.
  if (user?.[1] !== undefined && tokens.isMentioned(user[1]))
    return [`<@${user[1]}>`, user[0].length];
  const emoji = EMOJI.exec(rest);
  if (emoji?.[1] !== undefined) return [`:${emoji[1]}:`, emoji[0].length];
  const time = TIME.exec(rest);
  const moment = time === null ? undefined : timeText(Number(time[1]), time[2]);
  if (time !== null && moment !== undefined) return [moment, time[0].length];
  const command = COMMAND.exec(rest);
  if (command?.[1] !== undefined) return [`/${command[1]}`, command[0].length];
  const place = PLACE.exec(rest);
  if (place?.[1] !== undefined) return [`#${place[1]}`, place[0].length];
  const isTag = startsAt(HTML, text, at) || (BLOCK_TAG.test(rest) && beginsLine(text, at));
  return [isTag && !endsAddress(text, at) ? "\\<" : "<", 1];
}

/** The time of a timestamp, to the minute. `undefined`: not a valid time. */
export function utc(timestamp: string | undefined): string | undefined {
  return timestamp === undefined ? undefined : timeText(Date.parse(timestamp) / 1_000, "f");
}

/** In UTC, because the reader's time zone is unknown. `undefined`: not a valid time. */
function timeText(seconds: number, style: string | undefined): string | undefined {
  const moment = utcOf(seconds);
  if (moment === undefined) return undefined;
  const { day, minute, second } = moment;
  switch (style) {
    case "d":
    case "D":
      return day;
    case "t":
      return minute;
    case "T":
      return second;
    case "S":
      return `${day} ${second}`;
    default:
      return `${day} ${minute}`;
  }
}
