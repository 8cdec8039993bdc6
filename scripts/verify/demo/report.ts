import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import { cut } from "../../../convex/model/shared/text.ts";
import type { VisibleMessage } from "../../stand_ins/chat.ts";
import { groupBy } from "./group_by.ts";
import { type TextStyle, markdownLines, wrapped } from "./terminal_markdown.ts";
import { displayed, type Names, plainText } from "./plain_text.ts";
import type { ChatTranscript } from "./transcripts.ts";

/** The longest conversation that is shown in full, in messages. For longer ones, only the first and last `ENDS`. */
const SHOWN = 30;
const ENDS = 6;
/** The longest message that is shown in full, in lines. */
const MOST_LINES = 36;
const FIRST_LINES = 8;
const LAST_LINES = 3;

const TITLES = { discord: "Discord", slack: "Slack" } as const;

/** Describes what people see on a platform now, channel by channel. */
export function describePlatform(
  transcripts: readonly ChatTranscript[],
  names: Names,
  style: TextStyle,
): string {
  const [first] = transcripts;
  if (first === undefined) return "";
  const shown = transcripts.filter(({ messages }) => messages.length > 0);
  const lines = shown.flatMap((transcript) => [
    "",
    `  ${style.bold(transcript.label)}`,
    ...shorten(
      transcript.messages.map((message) => describeMessage(message, transcript, names, style)),
    )
      .flat()
      .map((line) => `    ${line}`.trimEnd()),
  ]);
  return [style.bold(`What people see on ${TITLES[first.platform]}`), ...lines].join("\n");
}

function describeMessage(
  message: VisibleMessage,
  transcript: ChatTranscript,
  names: Names,
  style: TextStyle,
): string[] {
  const { author, fromBot, edited, inPersona } = message;
  const [mark, relayed] = inPersona ? ["", " (relayed)"] : [fromBot ? "🤖 " : "", ""];
  const who = `${mark}${style.bold(author)}${relayed}${replyNote(message, transcript)}:`;
  const note = edited ? style.dim(" (edited)") : "";
  const lines = (width?: number) =>
    fromBot
      ? markdownLines(message.text, style, width)
      : asTyped(message.text, transcript, names, width);
  const [only = "", ...more] = lines(Infinity);
  const shown =
    more.length === 0 ? wrapped(`${who} ${only}${note}`) : [`${who}${note}`, ...middleOut(lines())];
  return shown.map((line, at) => (at === 0 ? line : `  ${line}`));
}

/** A note on the message that this one replies to, as the platform shows it above the text. */
function replyNote(
  { replyTo, thread }: VisibleMessage,
  { messages, thread: here }: ChatTranscript,
): string {
  if (replyTo !== undefined) {
    const answered = messages.find(({ id }) => id === replyTo);
    return answered ? ` ↩ ${answered.author}` : " ↩ a deleted message";
  }
  if (thread === undefined || thread === here) return "";
  const root = messages.find(({ id }) => id === thread);
  return root ? `, in the thread “${excerpt(root.text)}”` : "";
}

/** What a person typed, as displayed: names instead of ids, no formatting marks, code unchanged. */
function asTyped(
  text: string,
  { platform }: ChatTranscript,
  names: Names,
  width?: number,
): string[] {
  const parts = plainText(platform, text, names).split(/(```[\s\S]*?```)/);
  return parts
    .filter((part) => part.trim() !== "")
    .flatMap((part) => {
      const code = /^```\n?([\s\S]*?)\n?```$/.exec(part)?.[1];
      if (code !== undefined) return code.split("\n").map((line) => `│ ${line}`.trimEnd());
      return wrapped(part.trim().split("\n").map(displayed).join("\n"), width);
    });
}

function middleOut(lines: readonly string[]): string[] {
  if (lines.length <= MOST_LINES) return [...lines];
  const left = lines.length - FIRST_LINES - LAST_LINES;
  const [begin, end] = [lines.slice(0, FIRST_LINES), lines.slice(-LAST_LINES)];
  return [...begin, `⋮ ${left.toString()} more lines`, ...end];
}

/** Describes what Convex holds, conversation by conversation. */
export function describeConvex(
  rows: readonly TranscriptRow[],
  transcripts: readonly ChatTranscript[],
  style: TextStyle,
): string {
  const conversations = groupBy(rows, (row) => `${row.channel ?? ""} ${row.threadId ?? ""}`);
  const lines = transcripts.flatMap(({ platform, channel, thread, label, messages: shown }) => {
    const here = new Set(shown.map(({ id }) => id));
    const messages = conversations.get(`${channel} ${thread ?? ""}`);
    if (!messages) return [];
    const inOrder = messages.toSorted(byPosition);
    const count = `${messages.length.toString()} ${messages.length === 1 ? "message" : "messages"}`;
    return [
      "",
      `  ${style.bold(label)} on ${TITLES[platform]}: ${count}`,
      ...shorten(inOrder.map((row) => describeRow(row, here))).map((line) => `    ${line}`),
    ];
  });
  return [style.bold("What Convex holds, as Markdown"), ...lines].join("\n");
}

function byPosition(a: TranscriptRow, b: TranscriptRow): number {
  return (a.position ?? "") < (b.position ?? "") ? -1 : 1;
}

/** `here`: what is shown in the row's own place, which leaves out its posts elsewhere. */
function describeRow(
  { author, content, editedAt, deletedAt, posts }: TranscriptRow,
  here: ReadonlySet<string>,
): string {
  if (deletedAt !== undefined) return `${author ?? "AI"}: (deleted)`;
  const text = excerpt(content, 84);
  const parts = posts.filter((id) => here.has(id)).length;
  const notes = [
    ...(text.endsWith("…") ? [`${content.length.toString()} characters`] : []),
    ...(editedAt === undefined ? [] : ["edited"]),
    ...(parts > 1 ? [`posted as ${parts.toString()} messages`] : []),
  ];
  return `${author ?? "AI"}: ${text}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`;
}

/** The beginning of a text on one line, cut between words. */
export function excerpt(text: string, length = 40): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  if (line.length <= length) return line;
  const end = line.lastIndexOf(" ", length);
  return `${cut(line, end > length / 2 ? end : length)} …`;
}

function shorten<T extends string | readonly string[]>(entries: readonly T[]): (T | string)[] {
  if (entries.length <= SHOWN) return [...entries];
  const left = `… ${(entries.length - 2 * ENDS).toString()} more messages …`;
  return [...entries.slice(0, ENDS), left, ...entries.slice(-ENDS)];
}
