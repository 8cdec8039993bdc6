import type { REST } from "@discordjs/rest";
import { ChannelType, Routes } from "discord-api-types/v10";
import { z } from "zod";
import type { ThreadRef } from "../../platform.ts";
import { lenient, lenientList } from "../../core/shared/lenient.ts";
import { isTimely } from "../../core/shared/timely.ts";
import { explain, ownFailure } from "../sdk_errors.ts";
import { fields, id, NO_ID } from "../inbound/fields.ts";
import type { WireMessage } from "../inbound/normalise.ts";

/** Discord's limit for a page of messages, and of archived threads. */
export const MAX_PAGE = 100;
/** How long a server's channels are reused for other mappings that are caught up at the same time, in ms. */
const GUILD_REUSE_MS = 2_000;

const snowflake = z.string().regex(/^\d{1,20}$/);

/** A channel or thread in Discord's answers. */
export const channelSchema = z.object({
  id: snowflake,
  type: z.number().catch(ChannelType.GuildText),
  name: lenient(z.string()),
  guild_id: lenient(snowflake),
  parent_id: lenient(snowflake),
  last_message_id: lenient(snowflake),
  thread_metadata: lenient(z.object({ archive_timestamp: lenient(z.string()) })),
});
export type HistoryChannel = z.infer<typeof channelSchema>;
const threadSchema = channelSchema.extend({ type: z.number().catch(ChannelType.PublicThread) });

// One odd thread must not stop the catch-up of every channel of its server.
const channelsSchema = lenientList(channelSchema);
const threadsSchema = z.object({
  threads: lenientList(threadSchema),
  has_more: lenient(z.boolean()),
});
/** Only the id is checked here; `normaliseMessage` reads the rest. */
function isMessage(value: unknown): value is WireMessage {
  const messageId = id(fields(value)?.id);
  return messageId !== undefined && isTimely("discord", messageId);
}
const messagesSchema = z.array(z.unknown()).transform((items): MessagePage => {
  const messages: WireMessage[] = [];
  const unreadable: string[] = [];
  for (const item of items) {
    if (isMessage(item)) messages.push(item);
    else unreadable.push(id(fields(item)?.id) ?? NO_ID);
  }
  return { messages, size: items.length, unreadable };
});

export interface MessagePage {
  readonly messages: readonly WireMessage[];
  /** With the unreadable ones. */
  readonly size: number;
  /** Their ids, as far as they have any. */
  readonly unreadable: readonly string[];
}

interface Guild {
  readonly channels: ReadonlyMap<string, HistoryChannel>;
  /** Those that are not archived. */
  readonly threads: readonly HistoryChannel[];
}

/** A mapped channel, or a thread in it, whose messages are read. */
export interface Source {
  readonly channel: string;
  readonly thread?: ThreadRef | undefined;
}

interface GetOptions {
  readonly query?: URLSearchParams;
  readonly inThread?: boolean;
}

/** The requests of a catch-up. Every failure is a `PlatformError`. */
export class HistoryRequests {
  readonly #guildIds = new Map<string, string>();
  readonly #guilds = new Map<string, { readonly at: number; readonly answer: Promise<Guild> }>();

  constructor(private readonly reader: REST) {}

  /** Newest first, at most `MAX_PAGE`. */
  async messages(
    source: Source,
    range: { readonly limit: number; readonly after?: string; readonly before?: string },
    signal: AbortSignal,
  ): Promise<MessagePage> {
    const query = new URLSearchParams(
      Object.entries(range).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const options = { query, inThread: source.thread !== undefined };
    return await this.#get(Routes.channelMessages(idOf(source)), messagesSchema, signal, options);
  }

  /** Rejects when the bot can't see the message. */
  async message(source: Source, id: string, signal: AbortSignal): Promise<void> {
    const inThread = source.thread !== undefined;
    await this.#get(Routes.channelMessage(idOf(source), id), z.unknown(), signal, { inThread });
  }

  channel(source: Source, signal: AbortSignal): Promise<HistoryChannel> {
    const inThread = source.thread !== undefined;
    return this.#get(Routes.channel(idOf(source)), channelSchema, signal, { inThread });
  }

  /** A page of archived public threads, those archived last first. `before`: an `archive_timestamp`. */
  async archived(
    channel: string,
    before: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly threads: readonly HistoryChannel[]; readonly hasMore: boolean }> {
    const query = new URLSearchParams({ limit: String(MAX_PAGE) });
    if (before !== undefined) query.set("before", before);
    const route = Routes.channelThreads(channel, "public");
    const { threads, has_more: more } = await this.#get(route, threadsSchema, signal, { query });
    return { threads, hasMore: more === true };
  }

  async guildIdOf(channel: string, signal: AbortSignal): Promise<string> {
    const cached = this.#guildIds.get(channel);
    if (cached !== undefined) return cached;
    const { guild_id: guildId } = await this.channel({ channel }, signal);
    if (typeof guildId !== "string") throw ownFailure("no_server");
    this.#guildIds.set(channel, guildId);
    return guildId;
  }

  /** A server's channels, requested once for concurrent catch-ups. Not from before `asOf` (`performance.now()`). */
  guild(guildId: string, asOf: number): Promise<Guild> {
    const now = performance.now();
    const recent = this.#guilds.get(guildId);
    if (recent !== undefined && recent.at >= asOf && now - recent.at < GUILD_REUSE_MS)
      return recent.answer;
    const answer = this.#fetchGuild(guildId);
    this.#guilds.set(guildId, { at: now, answer });
    answer.catch(() => {
      if (this.#guilds.get(guildId)?.answer === answer) this.#guilds.delete(guildId);
    });
    return answer;
  }

  /** Without a caller's signal, because several callers may share the answer. */
  async #fetchGuild(guildId: string): Promise<Guild> {
    const { signal } = new AbortController();
    const [channels, { threads }] = await Promise.all([
      this.#get(Routes.guildChannels(guildId), channelsSchema, signal),
      this.#get(Routes.guildActiveThreads(guildId), threadsSchema, signal),
    ]);
    for (const { id } of channels) this.#guildIds.set(id, guildId);
    return { channels: new Map(channels.map((channel) => [channel.id, channel])), threads };
  }

  async #get<T>(
    route: `/${string}`,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    { query, inThread }: GetOptions = {},
  ): Promise<T> {
    let answer: unknown;
    try {
      answer = await this.reader.get(route, {
        // One for each request: the library adds listeners, which would pile up on a long-lived signal.
        signal: AbortSignal.any([signal]),
        ...(query && { query }),
      });
    } catch (error) {
      const { aborted } = signal;
      throw explain(error, { operation: "read", inThread, sent: true, aborted });
    }
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw ownFailure("malformed_answer");
  }
}

function idOf({ channel, thread }: Source): string {
  return thread?.id ?? channel;
}
