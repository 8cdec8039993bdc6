import type { Logger } from "pino";
import { z } from "zod";
import { positionAt, timeAt } from "../../../convex/model/shared/positions.ts";
import { backoffMs, pause } from "../../core/shared/backoff.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import { THREAD_WINDOW_MS } from "../../core/catch_up/windows.ts";
import type {
  History,
  HistoryPage,
  Mapping,
  MessageEvent,
  ChannelActivity,
  ThreadRef,
} from "../../platform.ts";
import { ARCHIVED } from "../inbound/channels.ts";
import { platformError } from "../failures.ts";
import { slackMessage } from "../inbound/payload.ts";
import { AWAY, createWebClient, type SlackConfig } from "../web.ts";

/** Messages asked for at once: all that Slack allows, because it counts the calls. It gives some apps no more than 15. */
const PAGE = 999;
/** Messages kept while walking back to where reading begins, because Slack begins with the newest. */
const KEPT = 10_000;
/** Slack delivers again for about 6 minutes, and each event to any one of the sockets there are [A5]. */
const EVENT_DELAY_MS = 10 * 60_000;
/** Failures in a row, rate limits aside, after which it is left for later. */
const TRIES = 4;

const historyMessage = slackMessage.extend({
  latest_reply: z.string().optional().catch(undefined),
});
type Read = z.infer<typeof historyMessage>;

const answerForm = z.object({
  messages: z.array(z.unknown()).catch([]),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional().catch(undefined),
});

export interface HistoryOptions {
  readonly config: SlackConfig;
  readonly log: Logger;
  /** Reads a message as the live events are read. */
  readonly normalise: (message: Read, mapping: Mapping) => MessageEvent | undefined;
  /** A message of a form nobody foresaw. */
  readonly unreadable: (mapping: Mapping, ts: string | undefined) => void;
  /** The channel is called otherwise than Convex knows. */
  readonly renamed: (mapping: Mapping, name: string) => void;
  /** The id the mapping's channel has now. */
  readonly idOf: (mapping: Mapping) => string;
}

const infoForm = z.object({
  channel: z.object({
    name: z.string().optional().catch(undefined),
    is_archived: z.boolean().catch(false),
  }),
});

type Method = "conversations.history" | "conversations.replies" | "conversations.info";
type Range = Readonly<Record<string, string | number | boolean>>;

/**
 * Slack's history over the Web API: a channel's own messages, and each thread by itself. Nothing lists the threads
 * spoken in lately, so only those are found whose root is of the last days, and those Convex knows [A6].
 * https://docs.slack.dev/reference/methods/conversations.history
 */
export class SlackHistory implements History {
  readonly eventDelayMs = EVENT_DELAY_MS;
  readonly #options: HistoryOptions;
  /** When a method may be called again (ms, monotonic): its limit is the app's, not the channel's. */
  readonly #notBefore = new Map<Method, number>();

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  async activity(mapping: Mapping, after: string, signal: AbortSignal): Promise<ChannelActivity> {
    const now = Date.now();
    const windowStart = positionAt("slack", now - THREAD_WINDOW_MS);
    const oldest = after < windowStart ? after : windowStart;
    const threads: ThreadRef[] = [];
    let channel: ChannelActivity["channel"] = "quiet";
    const walk = this.#pages("conversations.history", mapping, { oldest }, signal);
    for await (const messages of walk) {
      for (const { ts, thread_ts: root, latest_reply: reply } of messages) {
        if (ts > after) channel = "active";
        if (reply !== undefined && reply > after && (root ?? ts) === ts) threads.push({ id: ts });
      }
    }
    const gapMs = now - timeAt("slack", after);
    const hasOlder = gapMs > EVENT_DELAY_MS && (await this.#hasOlder(mapping, oldest, signal));
    const trouble = (await this.#look(mapping, signal)) ? { trouble: ARCHIVED } : {};
    const missed = hasOlder ? { missed: unseen(after, oldest) } : {};
    return { channel, threads, ...missed, ...trouble };
  }

  /** What may have become of the channel unheard: whether it is archived, and its name. An archived one can be read. */
  async #look(mapping: Mapping, signal: AbortSignal): Promise<boolean> {
    try {
      const { channel } = infoForm.parse(
        await this.#call("conversations.info", { channel: this.#options.idOf(mapping) }, signal),
      );
      const { name, is_archived: isArchived } = channel;
      const { externalName = name } = mapping;
      if (name !== undefined && name !== externalName) this.#options.renamed(mapping, name);
      return isArchived;
    } catch (error) {
      // Reading went well, so not being told this is no trouble of the mapping's.
      if (signal.aborted) throw error;
      return false;
    }
  }

  async *read(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    after: string,
    signal: AbortSignal,
  ): AsyncGenerator<HistoryPage> {
    if (thread === undefined) yield* this.#readChannel(mapping, after, signal);
    else yield* this.#readThread(mapping, thread.id, after, signal);
  }

  async newest(mapping: Mapping, count: number, signal: AbortSignal): Promise<HistoryPage> {
    const found: Read[] = [];
    for await (const messages of this.#pages("conversations.history", mapping, {}, signal)) {
      found.push(...messages);
      if (found.length >= count) break;
    }
    return this.#page(mapping, found.slice(0, count));
  }

  async exists(
    mapping: Mapping,
    threadId: string | undefined,
    externalId: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const range = { oldest: externalId, latest: externalId, inclusive: true };
    const walk =
      threadId === undefined
        ? this.#pages("conversations.history", mapping, range, signal)
        : this.#threadPages(mapping, threadId, range, signal);
    for await (const messages of walk)
      if (messages.some((message) => message.ts === externalId && !isTombstone(message)))
        return true;
    return false;
  }

  /** Oldest first, though Slack gives the newest first: walks back, then comes again for what it could not keep. */
  async *#readChannel(
    mapping: Mapping,
    after: string,
    signal: AbortSignal,
  ): AsyncGenerator<HistoryPage> {
    for (let oldest = after, isLast = false; !isLast;) {
      const kept: Read[][] = [];
      let count = 0;
      isLast = true;
      for await (const page of this.#pages("conversations.history", mapping, { oldest }, signal)) {
        kept.push(page);
        count += page.length;
        if (count <= KEPT) continue;
        count -= kept.shift()?.length ?? 0;
        isLast = false;
      }
      for (const messages of kept.reverse()) {
        if (messages.length === 0) continue;
        const page = this.#page(mapping, messages);
        yield page;
        oldest = page.upTo;
      }
    }
  }

  async *#readThread(
    mapping: Mapping,
    root: string,
    after: string,
    signal: AbortSignal,
  ): AsyncGenerator<HistoryPage> {
    for await (const messages of this.#threadPages(mapping, root, { oldest: after }, signal)) {
      // The root comes along, whatever was asked for; it stands in the channel.
      const replies = messages.filter(({ ts }) => ts !== root && ts > after);
      if (replies.length > 0) yield this.#page(mapping, replies);
    }
  }

  /** Nothing where the thread is gone. */
  async *#threadPages(
    mapping: Mapping,
    root: string,
    range: Range,
    signal: AbortSignal,
  ): AsyncGenerator<Read[]> {
    try {
      yield* this.#pages("conversations.replies", mapping, { ...range, ts: root }, signal);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "thread_not_found") throw error;
    }
  }

  #page(mapping: Mapping, messages: readonly Read[]): HistoryPage {
    const oldestFirst = messages.toSorted((a, b) => (a.ts < b.ts ? -1 : 1));
    return {
      events: oldestFirst.flatMap((message) => this.#event(mapping, message)),
      // Of a deleted root with replies only the place is left.
      ids: oldestFirst.filter((message) => !isTombstone(message)).map(({ ts }) => ts),
      upTo: oldestFirst.at(-1)?.ts ?? "0",
    };
  }

  #event(mapping: Mapping, message: Read): MessageEvent[] {
    try {
      return [this.#options.normalise(message, mapping) ?? []].flat();
    } catch {
      this.#options.unreadable(mapping, message.ts);
      return [];
    }
  }

  async #hasOlder(mapping: Mapping, latest: string, signal: AbortSignal): Promise<boolean> {
    const { messages } = await this.#ask(
      "conversations.history",
      { channel: this.#options.idOf(mapping), latest, limit: 1 },
      signal,
    );
    return messages.length > 0;
  }

  async *#pages(
    method: Method,
    mapping: Mapping,
    range: Range,
    signal: AbortSignal,
  ): AsyncGenerator<Read[]> {
    for (let cursor: string | undefined; ;) {
      const answer = await this.#ask(
        method,
        {
          channel: this.#options.idOf(mapping),
          limit: PAGE,
          ...range,
          ...(cursor === undefined ? {} : { cursor }),
        },
        signal,
      );
      yield answer.messages.flatMap((message) => this.#readable(mapping, message));
      cursor = answer.response_metadata?.next_cursor;
      if (cursor === undefined || cursor === "") return;
    }
  }

  #readable(mapping: Mapping, message: unknown): Read[] {
    const parsed = historyMessage.safeParse(message);
    if (parsed.success) return [parsed.data];
    const named = z.object({ ts: z.string() }).safeParse(message);
    this.#options.unreadable(mapping, named.data?.ts);
    return [];
  }

  async #ask(
    method: Method,
    body: Range,
    signal: AbortSignal,
  ): Promise<z.infer<typeof answerForm>> {
    return answerForm.parse(await this.#call(method, body, signal));
  }

  /** Waits out rate limits however long they last, and a few failures. */
  async #call(method: Method, body: Range, signal: AbortSignal): Promise<unknown> {
    const { config, log } = this.#options;
    const web = createWebClient(config, log, signal);
    for (let failures = 0; ;) {
      await pause((this.#notBefore.get(method) ?? 0) - performance.now(), signal);
      try {
        return await web.apiCall(method, body);
      } catch (error) {
        const failure = platformError(error);
        if (!failure.retryable || signal.aborted) throw failure;
        if (failure.retryAfterMs !== undefined) {
          this.#notBefore.set(method, performance.now() + failure.retryAfterMs);
          continue;
        }
        failures += 1;
        if (failures === TRIES) throw failure;
        await pause(backoffMs(failures, AWAY), signal);
      }
    }
  }
}

function isTombstone({ subtype }: Read): boolean {
  return subtype === "tombstone";
}

function unseen(after: string, oldest: string): string {
  const day = (position: string) =>
    new Date(timeAt("slack", position)).toISOString().replace("T", " ").slice(0, 16);
  return (
    `replies written since ${day(after)} in threads begun before ${day(oldest)} are found only where the thread ` +
    "was active in the week before"
  );
}
