import type { PlatformName } from "../../../bridges/platform.ts";
import type { ChatStandIn, VisibleMessage } from "../../stand_ins/chat.ts";
import { excerpt } from "./report.ts";

/** A channel or a thread as people find it on the platform. */
export interface ChatTranscript {
  readonly platform: PlatformName;
  readonly channel: string;
  readonly thread?: string;
  /** What it is called there. */
  readonly label: string;
  /** What stands there, oldest first. */
  readonly messages: readonly VisibleMessage[];
}

/** Channels by id, each followed by its threads in the order they began. `titles`: of threads, by id. */
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
