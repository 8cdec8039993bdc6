import type { REST } from "@discordjs/rest";
import { ChannelType, RESTJSONErrorCodes as Code, Routes } from "discord-api-types/v10";
import { z } from "zod";
import { idAt, timeAt } from "../../convex/model/positions.ts";
import { PlatformError } from "../core/errors.ts";
import type { History, HistoryPage, Mapping, MessageEvent, News, ThreadRef } from "../platform.ts";
import { explain } from "./errors.ts";
import { type Names, normaliseMessage, positionOf, type WireMessage } from "./normalise.ts";

/** The most a page of messages, or of archived threads, holds. */
const PAGE = 100;
/** How long what Discord says of a server's channels serves the mappings that are caught up with together, in ms. */
const GUILD_MS = 2_000;
/** Clocks differ, and an event may wait for Discord to tell which channel its thread is in. */
const SETTLE_MS = 60_000;

const channelForm = z.object({
  id: z.string(),
  type: z.number(),
  name: z.string().nullish(),
  guild_id: z.string().nullish(),
  parent_id: z.string().nullish(),
  last_message_id: z.string().nullish(),
  thread_metadata: z.object({ archive_timestamp: z.string() }).nullish(),
});
type WireThread = z.infer<typeof channelForm>;
const channelsForm = z.array(channelForm);
const threadsForm = z.object({ threads: channelsForm, has_more: z.boolean().optional() });
/** Of a message only the ids are sure; `normaliseMessage` looks at the rest. */
const messageForm = z.custom<WireMessage>(
  (value) => z.looseObject({ id: z.string(), channel_id: z.string() }).safeParse(value).success,
);
const messagesForm = z.array(messageForm);

const FORUMS: ReadonlySet<number> = new Set([ChannelType.GuildForum, ChannelType.GuildMedia]);
const HAS_THREADS: ReadonlySet<number> = new Set([
  ChannelType.GuildText,
  ChannelType.GuildAnnouncement,
  ...FORUMS,
]);

interface Guild {
  readonly channels: ReadonlyMap<string, WireThread>;
  readonly threads: readonly WireThread[];
}

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
  readonly settleMs = SETTLE_MS;
  readonly #options: HistoryOptions;
  readonly #guildOf = new Map<string, string>();
  readonly #guilds = new Map<string, { readonly at: number; readonly answer: Promise<Guild> }>();

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  async news(mapping: Mapping, after: string, signal: AbortSignal): Promise<News> {
    const channelId = mapping.externalId;
    const guild = await this.#guild(await this.#guildIdOf(channelId, signal));
    const channel = guild.channels.get(channelId) ?? (await this.#channel(channelId, signal));
    const isNew = ({ last_message_id: last }: WireThread) =>
      typeof last === "string" && positionOf(last) > after;
    const archived = HAS_THREADS.has(channel.type)
      ? await this.#archivedSince(channelId, timeAt("discord", after), signal)
      : [];
    const active = guild.threads.filter(({ parent_id: parent }) => parent === channelId);
    const threads = [...active, ...archived].filter(isNew);
    for (const thread of threads) this.#options.learned(thread);
    return {
      channel: FORUMS.has(channel.type) ? "none" : isNew(channel) ? "news" : "quiet",
      threads: threads.map(({ id, name }) => ({ id, ...(name ? { name } : {}) })),
    };
  }

  async *read(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    after: string,
    signal: AbortSignal,
  ): AsyncGenerator<HistoryPage> {
    const channelId = thread?.id ?? mapping.externalId;
    for (let last = idAt("discord", after), isFirst = true; ; isFirst = false) {
      const newestFirst = await this.#messages(channelId, { after: last, limit: PAGE }, signal);
      // Without Read Message History there is no error, only nothing.
      if (isFirst && newestFirst.length === 0) await this.#mayRead(channelId, last, signal);
      if (newestFirst.length === 0) return;
      const page = await this.#page(mapping, thread, newestFirst, signal);
      yield page;
      if (newestFirst.length < PAGE) return;
      last = idAt("discord", page.upTo);
    }
  }

  async newest(mapping: Mapping, count: number, signal: AbortSignal): Promise<HistoryPage> {
    const found: WireMessage[] = [];
    while (found.length < count) {
      const before = found.at(-1)?.id;
      const limit = Math.min(PAGE, count - found.length);
      const range = { limit, ...(before === undefined ? {} : { before }) };
      const page = await this.#messages(mapping.externalId, range, signal);
      found.push(...page);
      if (page.length < limit) break;
    }
    return await this.#page(mapping, undefined, found, signal);
  }

  async stands(
    mapping: Mapping,
    threadId: string | undefined,
    externalId: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const route = Routes.channelMessage(threadId ?? mapping.externalId, externalId);
    try {
      await this.#get(route, z.unknown(), signal);
      return true;
    } catch (error) {
      // Any other refusal tells about the bot, not about the message.
      if (!(error instanceof PlatformError) || error.retryable) throw error;
      return error.code !== String(Code.UnknownMessage);
    }
  }

  /** Throws when the channel has messages after `after` that the bot is not shown. */
  async #mayRead(channelId: string, after: string, signal: AbortSignal): Promise<void> {
    const { last_message_id: last } = await this.#channel(channelId, signal);
    if (typeof last !== "string" || positionOf(last) <= positionOf(after)) return;
    try {
      await this.#get(Routes.channelMessage(channelId, last), z.unknown(), signal);
    } catch (error) {
      if (error instanceof PlatformError && error.code === String(Code.UnknownMessage)) return;
      throw error;
    }
  }

  async #page(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    newestFirst: readonly WireMessage[],
    signal: AbortSignal,
  ): Promise<HistoryPage> {
    const messages = newestFirst.toSorted((a, b) => (positionOf(a.id) < positionOf(b.id) ? -1 : 1));
    const guildId = await this.#guildIdOf(mapping.externalId, signal);
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

  /** Public threads archived since `since` (ms since 1970); Discord lists those archived last first. */
  async #archivedSince(
    channelId: string,
    since: number,
    signal: AbortSignal,
  ): Promise<WireThread[]> {
    const found: WireThread[] = [];
    for (let before: string | undefined; ;) {
      const query = new URLSearchParams({ limit: String(PAGE) });
      if (before !== undefined) query.set("before", before);
      const route = Routes.channelThreads(channelId, "public");
      const { threads, has_more: more } = await this.#get(route, threadsForm, signal, query);
      const recent = threads.filter((thread) => archivedAt(thread) >= since);
      found.push(...recent);
      const last = threads.at(-1)?.thread_metadata?.archive_timestamp;
      if (more !== true || recent.length < threads.length || last === undefined) return found;
      before = last;
    }
  }

  async #messages(
    channelId: string,
    range: { readonly limit: number; readonly after?: string; readonly before?: string },
    signal: AbortSignal,
  ): Promise<WireMessage[]> {
    const query = new URLSearchParams(
      Object.entries(range).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return await this.#get(Routes.channelMessages(channelId), messagesForm, signal, query);
  }

  async #guildIdOf(channelId: string, signal: AbortSignal): Promise<string> {
    const known = this.#guildOf.get(channelId);
    if (known !== undefined) return known;
    const { guild_id: guildId } = await this.#channel(channelId, signal);
    if (typeof guildId !== "string") {
      throw new PlatformError({
        code: "no_server",
        reason: "the channel is in no server",
        step: "map a text channel of a server instead",
        retryable: false,
        certain: true,
        mapping: true,
      });
    }
    this.#guildOf.set(channelId, guildId);
    return guildId;
  }

  /** Asked once for all mappings of a server that are caught up with together. */
  #guild(guildId: string): Promise<Guild> {
    const now = performance.now();
    const asked = this.#guilds.get(guildId);
    if (asked !== undefined && now - asked.at < GUILD_MS) return asked.answer;
    const answer = this.#askGuild(guildId);
    this.#guilds.set(guildId, { at: now, answer });
    answer.catch(() => this.#guilds.delete(guildId));
    return answer;
  }

  async #askGuild(guildId: string): Promise<Guild> {
    const signal = new AbortController().signal;
    const [channels, { threads }] = await Promise.all([
      this.#get(Routes.guildChannels(guildId), channelsForm, signal),
      this.#get(Routes.guildActiveThreads(guildId), threadsForm, signal),
    ]);
    for (const { id } of channels) this.#guildOf.set(id, guildId);
    return { channels: new Map(channels.map((channel) => [channel.id, channel])), threads };
  }

  #channel(channelId: string, signal: AbortSignal): Promise<WireThread> {
    return this.#get(Routes.channel(channelId), channelForm, signal);
  }

  async #get<T>(
    route: `/${string}`,
    form: z.ZodType<T>,
    signal: AbortSignal,
    query?: URLSearchParams,
  ): Promise<T> {
    let answer: unknown;
    try {
      answer = await this.#options.reader.get(route, {
        // Its own each time: listeners of requests would gather on the one that lasts.
        signal: AbortSignal.any([signal]),
        ...(query && { query }),
      });
    } catch (error) {
      throw explain(error, { doing: "read", sent: true, aborted: signal.aborted });
    }
    const parsed = form.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new PlatformError({
      code: "malformed_answer",
      reason: "Discord's answer could not be read",
      retryable: true,
      certain: true,
    });
  }
}

function archivedAt({ thread_metadata: metadata }: WireThread): number {
  return Date.parse(metadata?.archive_timestamp ?? "") || 0;
}
