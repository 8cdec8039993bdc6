import type { REST } from "@discordjs/rest";
import { ChannelType, RESTJSONErrorCodes as Code } from "discord-api-types/v10";
import { timeAt } from "../../../convex/model/shared/positions.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import type { History, HistoryPage, Mapping, MessageEvent, ThreadRef } from "../../platform.ts";
import { isCode } from "../sdk_errors.ts";
import { positionOf } from "../inbound/normalise.ts";
import { Pages, type PagesOptions } from "./pages.ts";
import { HistoryRequests, type HistoryChannel } from "./requests.ts";

/** An app may answer a command for 15 minutes; its message is empty until then. Clocks differ, and look-ups take time. */
const EVENT_DELAY_MS = 16 * 60_000;

const FORUMS: ReadonlySet<number> = new Set([ChannelType.GuildForum, ChannelType.GuildMedia]);
const HAS_THREADS: ReadonlySet<number> = new Set([
  ChannelType.GuildText,
  ChannelType.GuildAnnouncement,
  ...FORUMS,
]);

export interface HistoryOptions extends PagesOptions {
  /** Waits out rate limits and repeats failed requests. */
  readonly reader: REST;
  readonly threadFound: (thread: HistoryChannel) => void;
}

/**
 * Discord's history over REST.
 * https://discord.com/developers/docs/resources/message#get-channel-messages
 */
export class DiscordHistory implements History {
  readonly eventDelayMs = EVENT_DELAY_MS;
  readonly #requests;

  constructor(private readonly options: HistoryOptions) {
    this.#requests = new HistoryRequests(options.reader);
  }

  readonly activity: History["activity"] = async (mapping, after, signal, asOf) => {
    const { channel, active } = await this.#overview(mapping.externalId, signal, asOf);
    const archived = HAS_THREADS.has(channel.type)
      ? await this.#archivedSince(channel.id, timeAt("discord", after), signal)
      : [];
    const threads = [...active, ...archived].filter((thread) => hasNewer(thread, after));
    for (const thread of threads) this.options.threadFound(thread);
    return {
      channel: FORUMS.has(channel.type) ? "none" : hasNewer(channel, after) ? "active" : "quiet",
      threads: threads.map(refOf),
    };
  };

  async *read(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    after: string,
    signal: AbortSignal,
  ): AsyncGenerator<HistoryPage | "gone"> {
    try {
      yield* this.#pages(mapping, thread).after(after, signal);
    } catch (error) {
      if (thread === undefined || !isCode(error, Code.UnknownChannel)) throw error;
      // Discord refuses a thread in the same way when the bot can't see the channel: then this request throws.
      await this.#requests.channel({ channel: mapping.externalId }, signal);
      yield "gone";
    }
  }

  readonly newest: History["newest"] = async (mapping, count, signal, asOf) => {
    const { channel, active } = await this.#overview(mapping.externalId, signal, asOf);
    if (!FORUMS.has(channel.type)) return await this.#pages(mapping).newest(count, signal);
    const { threads } = await this.#requests.archived(channel.id, undefined, signal);
    const posts = [...active, ...threads].toSorted((a, b) => (newestIn(a) < newestIn(b) ? 1 : -1));
    let found: readonly MessageEvent[] = [];
    for (const post of posts) {
      const oldest = found[0];
      // Neither this post nor any of the remaining ones has a message newer than the oldest found.
      if (found.length === count && oldest !== undefined && newestIn(post) < oldest.position) break;
      this.options.threadFound(post);
      found = [...found, ...(await this.#newestInPost(mapping, post, count, signal))]
        .toSorted((a, b) => (a.position < b.position ? -1 : 1))
        .slice(-count);
    }
    const ids = found.map(({ externalId }) => externalId);
    return { events: found, ids, upTo: found.at(-1)?.position ?? positionOf("0") };
  };

  readonly exists: History["exists"] = async (mapping, threadId, externalId, signal) => {
    const thread = threadId === undefined ? undefined : { id: threadId };
    try {
      await this.#requests.message({ channel: mapping.externalId, thread }, externalId, signal);
      return true;
    } catch (error) {
      // Any other refusal is about the bot, not about the message.
      if (!(error instanceof PlatformError) || error.retryable) throw error;
      return !isCode(error, Code.UnknownMessage);
    }
  };

  #pages(mapping: Mapping, thread?: ThreadRef): Pages {
    return new Pages(this.#requests, this.options, mapping, thread);
  }

  /** A post that can't be read has no messages: it must not stop the others, or the catch-up. */
  async #newestInPost(mapping: Mapping, post: HistoryChannel, count: number, signal: AbortSignal) {
    try {
      return (await this.#pages(mapping, refOf(post)).newest(count, signal)).events;
    } catch (error) {
      if (!(error instanceof PlatformError) || error.retryable || error.mapping) throw error;
      return [];
    }
  }

  /** The current state of the channel, and its threads that are not archived. */
  async #overview(id: string, signal: AbortSignal, asOf = 0) {
    const guild = await this.#requests.guild(await this.#requests.guildIdOf(id, signal), asOf);
    return {
      channel: guild.channels.get(id) ?? (await this.#requests.channel({ channel: id }, signal)),
      active: guild.threads.filter(({ parent_id: parent }) => parent === id),
    };
  }

  /** Public threads archived since `since` (ms since 1970). */
  async #archivedSince(channelId: string, since: number, signal: AbortSignal) {
    const found: HistoryChannel[] = [];
    for (let before: string | undefined; ;) {
      const { threads, hasMore } = await this.#requests.archived(channelId, before, signal);
      const recent = threads.filter((thread) => archivedAt(thread) >= since);
      found.push(...recent);
      const last = threads.at(-1)?.thread_metadata?.archive_timestamp;
      const isRepeated = last === before;
      if (!hasMore || recent.length < threads.length || last === undefined || isRepeated)
        return found;
      before = last;
    }
  }
}

/** ms since 1970. */
function archivedAt({ thread_metadata: metadata }: HistoryChannel): number {
  return Date.parse(metadata?.archive_timestamp ?? "") || 0;
}

/** The position of the newest message in a channel or thread. */
function newestIn({ last_message_id: last }: HistoryChannel): string {
  return positionOf(last ?? "0");
}

function hasNewer(channel: HistoryChannel, after: string): boolean {
  return typeof channel.last_message_id === "string" && newestIn(channel) > after;
}

function refOf({ id, name }: HistoryChannel): ThreadRef {
  return { id, ...(name ? { name } : {}) };
}
