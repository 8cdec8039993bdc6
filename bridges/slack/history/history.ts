import { z } from "zod";
import { positionAt, timeAt } from "../../../convex/model/shared/positions.ts";
import { THREAD_WINDOW_MS } from "../../core/catch_up/windows.ts";
import type {
  History,
  HistoryPage,
  Mapping,
  MessageEvent,
  ChannelActivity,
  ReactionsEvent,
  ThreadRef,
} from "../../platform.ts";
import { ARCHIVED } from "../inbound/channels.ts";
import { slackMessage } from "../inbound/payload.ts";
import { reactionList } from "../inbound/reactions/reactions.ts";
import { lenient } from "../../core/shared/lenient.ts";
import type { SlackApi } from "../web.ts";
import { HistoryRequests, type Range } from "./requests.ts";

/** Messages kept in memory while paging back to the start of a read, because Slack returns the newest first. */
const MAX_KEPT = 10_000;
/** Slack redelivers for about 6 minutes, to any one of the open sockets: docs/races.md#two-processes-share-a-cursor */
const EVENT_DELAY_MS = 10 * 60_000;

const historyMessage = slackMessage.extend({
  latest_reply: lenient(z.string()),
  reply_count: lenient(z.number()),
  reactions: reactionList,
});
/** `readAt`: when Slack answered, in ms since 1970. */
type Message = z.infer<typeof historyMessage> & { readonly readAt: number };

export interface HistoryOptions {
  /** Normalises a message as live ones are. */
  readonly normalise: (message: Message, mapping: Mapping) => MessageEvent | undefined;
  /** The reactions of a message. */
  readonly reactions: (message: Message, mapping: Mapping) => ReactionsEvent;
  /** Adds the names and addresses that the message's files lack. */
  readonly named: (event: MessageEvent) => Promise<MessageEvent>;
  /** Called for a message that cannot be read. */
  readonly unreadable: (mapping: Mapping, ts: string | undefined) => void;
  /** Called when the channel has another name than the one stored in Convex. */
  readonly renamed: (mapping: Mapping, name: string) => void;
  /** The id that the mapping's channel has now. */
  readonly channelOf: (mapping: Mapping) => string;
}

/**
 * Slack's history through the Web API: a channel's own messages, and each thread by itself. Slack cannot list the threads
 * with recent replies, so only threads with a recent root are found, besides those that Convex has stored:
 * docs/races.md#replies-in-old-threads. https://docs.slack.dev/reference/methods/conversations.history
 */
export class SlackHistory implements History {
  readonly eventDelayMs = EVENT_DELAY_MS;
  readonly #requests: HistoryRequests;

  constructor(
    api: SlackApi,
    private readonly options: HistoryOptions,
  ) {
    this.#requests = new HistoryRequests(api);
  }

  async activity(mapping: Mapping, after: string, signal: AbortSignal): Promise<ChannelActivity> {
    const now = Date.now();
    const windowStart = positionAt("slack", now - THREAD_WINDOW_MS);
    const oldest = after < windowStart ? after : windowStart;
    const threads: ThreadRef[] = [];
    let channel: ChannelActivity["channel"] = "quiet";
    for await (const messages of this.#pages(mapping, undefined, { oldest }, signal)) {
      for (const { ts, thread_ts: root, latest_reply: reply, reply_count: replies } of messages) {
        if (ts > after) channel = "active";
        // Of a thread whose newest reply is not named, every reply may be new.
        const isActive = reply === undefined ? (replies ?? 0) > 0 : reply > after;
        if (isActive && (root ?? ts) === ts) threads.push({ id: ts });
      }
    }
    const gapMs = now - timeAt("slack", after);
    const hasOlder =
      gapMs > EVENT_DELAY_MS &&
      (await this.#requests.hasOlder(this.options.channelOf(mapping), oldest, signal));
    const trouble = (await this.#checkChannel(mapping, signal)) ? { trouble: ARCHIVED } : {};
    const missed = hasOlder ? { missed: unsearched(after, oldest) } : {};
    return { channel, threads, ...missed, ...trouble };
  }

  readonly read: History["read"] = (mapping, thread, after, signal) =>
    thread === undefined
      ? this.#readChannel(mapping, after, signal)
      : this.#readThread(mapping, thread.id, after, signal);

  async newest(mapping: Mapping, count: number, signal: AbortSignal): Promise<HistoryPage> {
    const found: Message[] = [];
    for await (const messages of this.#pages(mapping, undefined, {}, signal)) {
      found.push(...messages);
      if (found.length >= count) break;
    }
    return this.#page(mapping, found.slice(0, count));
  }

  readonly exists: History["exists"] = async (mapping, threadId, externalId, signal) => {
    const range = { oldest: externalId, latest: externalId, inclusive: true };
    for await (const messages of this.#pages(mapping, threadId, range, signal))
      if (messages.some((message) => message.ts === externalId && !isTombstone(message)))
        return true;
    return false;
  };

  /** Updates the channel's name and returns whether the channel is archived. An archived channel can still be read. */
  async #checkChannel(mapping: Mapping, signal: AbortSignal): Promise<boolean> {
    try {
      const channel = this.options.channelOf(mapping);
      const { name, isArchived } = await this.#requests.channel(channel, signal);
      const { externalName = name } = mapping;
      if (name !== undefined && name !== externalName) this.options.renamed(mapping, name);
      return isArchived;
    } catch (error) {
      // The messages were readable, so the mapping works although this request failed.
      if (signal.aborted) throw error;
      return false;
    }
  }

  /** Oldest first, although Slack returns the newest first: pages back, and repeats for what it could not keep. */
  async *#readChannel(mapping: Mapping, after: string, signal: AbortSignal) {
    for (let oldest = after, isLast = false; !isLast;) {
      const kept: Message[][] = [];
      let count = 0;
      isLast = true;
      for await (const page of this.#pages(mapping, undefined, { oldest }, signal)) {
        kept.push(page);
        count += page.length;
        if (count <= MAX_KEPT) continue;
        count -= kept.shift()?.length ?? 0;
        isLast = false;
      }
      for (const messages of kept.reverse()) {
        if (messages.length === 0) continue;
        const page = await this.#page(mapping, messages);
        yield page;
        oldest = page.upTo;
      }
    }
  }

  async *#readThread(mapping: Mapping, root: string, after: string, signal: AbortSignal) {
    for await (const messages of this.#pages(mapping, root, { oldest: after }, signal)) {
      // The root is in every answer; it belongs to the channel.
      const replies = messages.filter(({ ts }) => ts !== root && ts > after);
      if (replies.length > 0) yield await this.#page(mapping, replies);
    }
  }

  /** The readable messages of the channel, or of the thread `root`. */
  async *#pages(mapping: Mapping, root: string | undefined, range: Range, signal: AbortSignal) {
    const channel = this.options.channelOf(mapping);
    const pages =
      root === undefined
        ? this.#requests.channelPages(channel, range, signal)
        : this.#requests.threadPages(channel, root, range, signal);
    for await (const messages of pages)
      yield messages.flatMap((message) => this.#readable(mapping, message));
  }

  #readable(mapping: Mapping, message: unknown): Message[] {
    const parsed = historyMessage.safeParse(message);
    if (parsed.success) return [{ ...parsed.data, readAt: Date.now() }];
    const identified = z.object({ ts: z.string() }).safeParse(message);
    this.options.unreadable(mapping, identified.data?.ts);
    return [];
  }

  async #page(mapping: Mapping, messages: readonly Message[]): Promise<HistoryPage> {
    const oldestFirst = messages.toSorted((a, b) => (a.ts < b.ts ? -1 : 1));
    const events: MessageEvent[] = [];
    for (const event of oldestFirst.flatMap((message) => this.#events(mapping, message)))
      events.push(await this.options.named(event));
    return {
      events,
      // A deleted root with replies stays behind as a tombstone.
      ids: oldestFirst.filter((message) => !isTombstone(message)).map(({ ts }) => ts),
      reactions: oldestFirst.map((message) => this.options.reactions(message, mapping)),
      upTo: oldestFirst.at(-1)?.ts ?? "0",
    };
  }

  #events(mapping: Mapping, message: Message): MessageEvent[] {
    try {
      return [this.options.normalise(message, mapping) ?? []].flat();
    } catch {
      this.options.unreadable(mapping, message.ts);
      return [];
    }
  }
}

function isTombstone({ subtype }: Message): boolean {
  return subtype === "tombstone";
}

/** What a catch-up cannot find, in words for an admin. */
function unsearched(after: string, oldest: string): string {
  const day = (position: string) =>
    new Date(timeAt("slack", position)).toISOString().replace("T", " ").slice(0, 16);
  return (
    `replies written since ${day(after)} in threads begun before ${day(oldest)} are found only if the thread ` +
    "was active in the week before"
  );
}
