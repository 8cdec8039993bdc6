import type { TranscriptRow } from "../../convex/model/transcripts.ts";
import type { ChatStandIn, SeenMessage } from "../playground/chat.ts";
import { groupBy } from "./group_by.ts";

/** Longer conversations are shown by their first and last messages. */
const SHOWN = 14;
const LINE_LENGTH = 100;

/** What people see on a platform now, channel by channel, threads below their channel. */
export function describePlatform(chat: ChatStandIn, channels: ReadonlyMap<string, string>): string {
  const title = chat.platform === "discord" ? "Discord" : "Slack";
  const places = [...channels].flatMap(([channel, name]) => [
    { label: `#${name}`, messages: chat.transcript(channel) },
    ...threadsOf(chat, channel).map((thread) => ({
      label: `#${name}, thread ${thread}`,
      messages: chat.transcript(channel, thread),
    })),
  ]);
  const lines = places.flatMap(({ label, messages }) => [
    `  ${label}`,
    ...shorten(messages.map(describeMessage))
      .flatMap((message) => message.split("\n"))
      .map((line) => `    ${line}`),
  ]);
  return [`What people see on ${title}`, ...lines].join("\n");
}

function threadsOf(chat: ChatStandIn, channel: string): string[] {
  const threads = chat.history.filter((act) => act.channel === channel).map(({ thread }) => thread);
  return [...new Set(threads)].filter((thread) => thread !== undefined);
}

function describeMessage({ author, text, edited, fromBot }: SeenMessage): string {
  const said = fromBot ? asShown(text) : oneLine(text);
  return `${fromBot ? "🤖 " : ""}${author}: ${said}${edited ? " (edited)" : ""}`;
}

/** Lines of a message that are shown as they stand. */
const MOST_LINES = 40;

/** A short message with formatting line by line, as people see it; a long one by how it begins. */
function asShown(text: string): string {
  const lines = text.split("\n");
  if (lines.length === 1 || lines.length > MOST_LINES) return oneLine(text);
  return ["", ...lines.map((line) => `  ${line}`.trimEnd())].join("\n");
}

/** What Convex holds, conversation by conversation. */
export function describeConvex(rows: readonly TranscriptRow[]): string {
  const conversations = groupBy(rows, (row) =>
    [row.platform, row.channel, row.threadId && `thread ${row.threadId}`].filter(Boolean).join(" "),
  );
  const lines = [...conversations].flatMap(([name, messages]) => [
    `  ${name}: ${messages.length.toString()} messages`,
    ...shorten(messages.toSorted(byPosition).map(describeRow)).map((line) => `    ${line}`),
  ]);
  return ["What Convex holds", ...lines].join("\n");
}

function byPosition(a: TranscriptRow, b: TranscriptRow): number {
  return (a.position ?? "") < (b.position ?? "") ? -1 : 1;
}

function describeRow({ author, content, editedAt, deletedAt, posts }: TranscriptRow): string {
  if (deletedAt !== undefined) return `${author ?? "AI"}: (deleted)`;
  const notes = [
    ...(editedAt === undefined ? [] : ["edited"]),
    ...(posts.length > 1 ? [`posted as ${posts.length.toString()} messages`] : []),
  ];
  return `${author ?? "AI"}: ${oneLine(content)}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, " ⏎ ");
  if (line.length <= LINE_LENGTH) return line;
  return `${line.slice(0, LINE_LENGTH)}… (${text.length.toString()} characters)`;
}

function shorten(lines: readonly string[]): string[] {
  if (lines.length <= SHOWN) return [...lines];
  const half = SHOWN / 2;
  const left = lines.length - SHOWN;
  return [...lines.slice(0, half), `… ${left.toString()} more …`, ...lines.slice(-half)];
}
