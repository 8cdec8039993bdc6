import type { FunctionReturnType } from "convex/server";
import type { api } from "../../../convex/_generated/api.js";
import { stripControls } from "../strip_controls.ts";

type FoundMessage = FunctionReturnType<typeof api.admin.search>[number];

/** The messages that a search found: when and where each was said, by whom, and below it the indented text. */
export function foundMessages(found: readonly FoundMessage[]): string {
  if (found.length === 0) return "No message has any of these words.";
  return found.map(foundMessage).join("\n");
}

function foundMessage(message: FoundMessage): string {
  const { sentAt, _creationTime, content } = message;
  const at = new Date(sentAt ?? _creationTime).toISOString().replace("T", " ").slice(0, 16);
  const head = stripControls(`${at}  ${placeOf(message)}  ${speakerOf(message)}`);
  return [head, ...content.split("\n").map((line) => `    ${stripControls(line)}`)].join("\n");
}

function placeOf({ platform, channel, channelName, threadId, threadName }: FoundMessage): string {
  if (platform === undefined) return "Convex";
  const name = channelName === undefined ? (channel ?? "") : `#${channelName}`;
  const thread = threadId === undefined ? "" : `, thread ${threadName ?? threadId}`;
  return `${platform} ${name}${thread}`;
}

function speakerOf({ author, kind }: FoundMessage): string {
  return author ?? (kind === "notice" ? "notice" : "AI");
}
