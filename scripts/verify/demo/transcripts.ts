import type { PlatformName } from "../../../bridges/platform.ts";
import type { ChatStandIn, VisibleMessage } from "../../stand_ins/chat.ts";
import { excerpt } from "./report.ts";

/** What people see in a channel or a thread. */
export interface ChatTranscript {
  readonly platform: PlatformName;
  readonly channel: string;
  readonly thread?: string;
  /** Its name on the platform. */
  readonly label: string;
  /** Oldest first. */
  readonly messages: readonly VisibleMessage[];
}

/**
 * The transcripts of channels (names by id), each followed by those of its threads in order of creation. `titles`: of
 * threads, by id.
 */
export function transcriptsOf(
  chat: ChatStandIn,
  channels: ReadonlyMap<string, string>,
  titles: ReadonlyMap<string, string>,
): ChatTranscript[] {
  const { platform } = chat;
  return [...channels].flatMap(([channel, name]) => {
    const messages = chat.transcript(channel);
    const threads = threadsOf(chat, channel).map((thread) => {
      const root = messages.find(({ id }) => id === thread);
      const title = titles.get(thread) ?? (root ? excerpt(root.text) : thread);
      const label = `#${name}, ${root ? "thread" : "post"} “${title}”`;
      return { platform, channel, thread, label, messages: chat.transcript(channel, thread) };
    });
    return [{ platform, channel, label: `#${name}`, messages }, ...threads];
  });
}

function threadsOf(chat: ChatStandIn, channel: string): string[] {
  const threads = chat.history.filter((act) => act.channel === channel).map(({ thread }) => thread);
  return [...new Set(threads)].filter((thread) => thread !== undefined);
}
