import type { REST } from "@discordjs/rest";
import { ChannelType, RESTJSONErrorCodes as Code } from "discord-api-types/v10";
import { idAt, timeAt } from "../../../convex/model/shared/positions.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import type {
  History,
  HistoryPage,
  Mapping,
  MessageEvent,
  ChannelActivity,
  ThreadRef,
} from "../../platform.ts";
import {
  type Names,
  normaliseMessage,
  positionOf,
  type WireMessage,
} from "../inbound/normalise.ts";
import { HistoryRequests, PAGE, type Place, type WireThread } from "./requests.ts";

/** Clocks differ, and an event may wait for Discord to tell which channel its thread is in. */
const EVENT_DELAY_MS = 60_000;

const FORUMS: ReadonlySet<number> = new Set([ChannelType.GuildForum, ChannelType.GuildMedia]);
const HAS_THREADS: ReadonlySet<number> = new Set([
  ChannelType.GuildText,
  ChannelType.GuildAnnouncement,
  ...FORUMS,
]);

export interface HistoryOptions {
  readonly reader: REST;
  readonly names: Names;
  readonly botId: () => string;
  /** A thread seen here need not be looked up when somebody speaks in it. */
  readonly learned: (channel: WireThread) => void;
  /** A message of a form nobody foresaw. */
  readonly unreadable: (mapping: Mapping, externalId: string) => void;
}

/**
 * Discord's history over REST. The reader waits for rate limits and tries again by itself.
 * https://discord.com/developers/docs/resources/message#get-channel-messages
 */
export class DiscordHistory implements History {
  readonly eventDelayMs = EVENT_DELAY_MS;
  readonly #options: HistoryOptions;
  readonly #requests;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#requests = new HistoryRequests(options.reader);
  }

  async activity(
    mapping: Mapping,
    after: string,
    signal: AbortSignal,
    asOf?: number,
  ): Promise<ChannelActivity> {
    const { channel, active } = await this.#seen(mapping.externalId, signal, asOf);
    const isNew = ({ last_message_id: last }: WireThread) =>
      typeof last === "string" && positionOf(last) > after;
    const archived = HAS_THREADS.has(channel.type)
      ? await this.#archivedSince(channel.id, timeAt("discord", after), signal)
      : [];
    const threads = [...active, ...archived].filter(isNew);
    for (const thread of threads) this.#options.learned(thread);
    return {
      channel: FORUMS.has(channel.type) ? "none" : isNew(channel) ? "active" : "quiet",
      threads: threads.map(refOf),
    };
  }

  async *read(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    after: string,
    signal: AbortSignal,
  ): AsyncGenerator<HistoryPage | "gone"> {
    try {
      yield* this.#pages(mapping, thread, after, signal);
    } catch (error) {
      if (thread === undefined || !isCode(error, Code.UnknownChannel)) throw error;
      // Threads answer so too when their channel is out of sight: then that throws.
      await this.#requests.channel({ channel: mapping.externalId }, signal);
      yield "gone";
    }
  }

  async *#pages(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    after: string,
    signal: AbortSignal,
  ): AsyncGenerator<HistoryPage> {
    const place = { channel: mapping.externalId, thread };
    for (let last = idAt("discord", after), isFirst = true; ; isFirst = false) {
      const range = { after: last, limit: PAGE };
      const newestFirst = await this.#requests.messages(place, range, signal);
      // Without Read Message History there is no error, only nothing.
      if (isFirst && newestFirst.length === 0) await this.#mayRead(place, last, signal);
      if (newestFirst.length === 0) return;
      const page = await this.#page(mapping, thread, newestFirst, signal);
      yield page;
      if (newestFirst.length < PAGE) return;
      last = idAt("discord", page.upTo);
    }
  }

  async newest(
    mapping: Mapping,
    count: number,
    signal: AbortSignal,
    asOf?: number,
  ): Promise<HistoryPage> {
    const { channel, active } = await this.#seen(mapping.externalId, signal, asOf);
    if (!FORUMS.has(channel.type)) return await this.#newestIn(mapping, undefined, count, signal);
    const { threads } = await this.#requests.archived(channel.id, undefined, signal);
    const posts = [...active, ...threads].toSorted((a, b) => (lastOf(a) < lastOf(b) ? 1 : -1));
    let found: readonly MessageEvent[] = [];
    for (const post of posts) {
      const oldest = found[0];
      // Nobody has spoken there, or in those behind it, since the oldest that is taken along.
      if (found.length === count && oldest !== undefined && lastOf(post) < oldest.position) break;
      this.#options.learned(post);
      found = [...found, ...(await this.#newestInPost(mapping, post, count, signal))]
        .toSorted((a, b) => (a.position < b.position ? -1 : 1))
        .slice(-count);
    }
    const ids = found.map(({ externalId }) => externalId);
    return { events: found, ids, upTo: found.at(-1)?.position ?? positionOf("0") };
  }

  /** Nothing of a post that can't be read: it holds up neither the others nor the catch-up. */
  async #newestInPost(
    mapping: Mapping,
    post: WireThread,
    count: number,
    signal: AbortSignal,
  ): Promise<readonly MessageEvent[]> {
    try {
      return (await this.#newestIn(mapping, refOf(post), count, signal)).events;
    } catch (error) {
      if (!(error instanceof PlatformError) || error.retryable || error.mapping) throw error;
      return [];
    }
  }

  async #newestIn(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    count: number,
    signal: AbortSignal,
  ): Promise<HistoryPage> {
    const place = { channel: mapping.externalId, thread };
    const found: WireMessage[] = [];
    while (found.length < count) {
      const before = found.at(-1)?.id;
      const limit = Math.min(PAGE, count - found.length);
      const range = { limit, ...(before === undefined ? {} : { before }) };
      const page = await this.#requests.messages(place, range, signal);
      found.push(...page);
      if (page.length < limit) break;
    }
    return await this.#page(mapping, thread, found, signal);
  }

  async exists(
    mapping: Mapping,
    threadId: string | undefined,
    externalId: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const thread = threadId === undefined ? undefined : { id: threadId };
    try {
      await this.#requests.message({ channel: mapping.externalId, thread }, externalId, signal);
      return true;
    } catch (error) {
      // Any other refusal tells about the bot, not about the message.
      if (!(error instanceof PlatformError) || error.retryable) throw error;
      return !isCode(error, Code.UnknownMessage);
    }
  }

  /** The channel as it is now, and its threads that are not archived. */
  async #seen(
    id: string,
    signal: AbortSignal,
    asOf = 0,
  ): Promise<{ readonly channel: WireThread; readonly active: readonly WireThread[] }> {
    const guild = await this.#requests.guild(await this.#requests.guildIdOf(id, signal), asOf);
    return {
      channel: guild.channels.get(id) ?? (await this.#requests.channel({ channel: id }, signal)),
      active: guild.threads.filter(({ parent_id: parent }) => parent === id),
    };
  }

  /** Throws when there are messages after `after` that the bot is not shown. */
  async #mayRead(place: Place, after: string, signal: AbortSignal): Promise<void> {
    const { last_message_id: last } = await this.#requests.channel(place, signal);
    if (typeof last !== "string" || positionOf(last) <= positionOf(after)) return;
    try {
      await this.#requests.message(place, last, signal);
    } catch (error) {
      if (!isCode(error, Code.UnknownMessage)) throw error;
    }
  }

  async #page(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    newestFirst: readonly WireMessage[],
    signal: AbortSignal,
  ): Promise<HistoryPage> {
    const messages = newestFirst.toSorted((a, b) => (positionOf(a.id) < positionOf(b.id) ? -1 : 1));
    const guildId = await this.#requests.guildIdOf(mapping.externalId, signal);
    return {
      events: messages.flatMap((message) => this.#event(mapping, thread, guildId, message)),
      ids: messages.map(({ id }) => id),
      upTo: positionOf(messages.at(-1)?.id ?? "0"),
    };
  }

  #event(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    guildId: string,
    message: WireMessage,
  ): MessageEvent[] {
    const { botId, names, unreadable } = this.#options;
    try {
      const result = normaliseMessage(message, {
        mappingId: mapping.mappingId,
        ...(thread === undefined ? {} : { threadId: thread.id }),
        ...(thread?.name === undefined ? {} : { threadName: thread.name }),
        guildId,
        botId: botId(),
        names,
      });
      if (!("event" in result)) return [];
      const { event } = result;
      // History doesn't tell nicknames.
      return [{ ...event, author: { ...event.author, provisional: true } }];
    } catch {
      unreadable(mapping, message.id);
      return [];
    }
  }

  /** Public threads archived since `since` (ms since 1970). */
  async #archivedSince(
    channelId: string,
    since: number,
    signal: AbortSignal,
  ): Promise<WireThread[]> {
    const found: WireThread[] = [];
    for (let before: string | undefined; ;) {
      const { threads, hasMore } = await this.#requests.archived(channelId, before, signal);
      const recent = threads.filter((thread) => archivedAt(thread) >= since);
      found.push(...recent);
      const last = threads.at(-1)?.thread_metadata?.archive_timestamp;
      if (!hasMore || recent.length < threads.length || last === undefined) return found;
      before = last;
    }
  }
}

function archivedAt({ thread_metadata: metadata }: WireThread): number {
  return Date.parse(metadata?.archive_timestamp ?? "") || 0;
}

/** Position of what was said last in a thread. */
function lastOf({ last_message_id: last }: WireThread): string {
  return positionOf(last ?? "0");
}

function refOf({ id, name }: WireThread): ThreadRef {
  return { id, ...(name ? { name } : {}) };
}

function isCode(error: unknown, code: Code): boolean {
  return error instanceof PlatformError && error.code === String(code);
}
