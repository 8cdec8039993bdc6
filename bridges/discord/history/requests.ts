import type { REST } from "@discordjs/rest";
import { Routes } from "discord-api-types/v10";
import { z } from "zod";
import type { ThreadRef } from "../../platform.ts";
import { explain, ownFailure } from "../explain.ts";
import type { WireMessage } from "../inbound/normalise.ts";

/** The most a page of messages, or of archived threads, holds. */
export const PAGE = 100;
/** How long what Discord says of a server's channels serves the mappings that are caught up with together, in ms. */
const GUILD_MS = 2_000;

const channelForm = z.object({
  id: z.string(),
  type: z.number(),
  name: z.string().nullish(),
  guild_id: z.string().nullish(),
  parent_id: z.string().nullish(),
  last_message_id: z.string().nullish(),
  thread_metadata: z.object({ archive_timestamp: z.string() }).nullish(),
});
export type WireThread = z.infer<typeof channelForm>;
const channelsForm = z.array(channelForm);
const threadsForm = z.object({ threads: channelsForm, has_more: z.boolean().optional() });
/** Of a message only the ids are sure; `normaliseMessage` looks at the rest. */
const messageForm = z.custom<WireMessage>(
  (value) => z.looseObject({ id: z.string(), channel_id: z.string() }).safeParse(value).success,
);
const messagesForm = z.array(messageForm);

interface Guild {
  readonly channels: ReadonlyMap<string, WireThread>;
  readonly threads: readonly WireThread[];
}

/** Where messages are asked for: a mapped channel, or a thread in it. */
export interface Place {
  readonly channel: string;
  readonly thread?: ThreadRef | undefined;
}

/** What catching up asks of Discord. Every failure is a `PlatformError`. */
export class HistoryRequests {
  readonly #guildOf = new Map<string, string>();
  readonly #guilds = new Map<string, { readonly at: number; readonly answer: Promise<Guild> }>();

  constructor(private readonly reader: REST) {}

  /** Newest first. */
  async messages(
    place: Place,
    range: { readonly limit: number; readonly after?: string; readonly before?: string },
    signal: AbortSignal,
  ): Promise<WireMessage[]> {
    const query = new URLSearchParams(
      Object.entries(range).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return await this.#get(Routes.channelMessages(idOf(place)), messagesForm, signal, {
      query,
      inThread: place.thread !== undefined,
    });
  }

  /** Rejects when the message can't be seen. */
  async message(place: Place, id: string, signal: AbortSignal): Promise<void> {
    const inThread = place.thread !== undefined;
    await this.#get(Routes.channelMessage(idOf(place), id), z.unknown(), signal, { inThread });
  }

  channel(place: Place, signal: AbortSignal): Promise<WireThread> {
    const inThread = place.thread !== undefined;
    return this.#get(Routes.channel(idOf(place)), channelForm, signal, { inThread });
  }

  /** Public threads that are archived, a page of them: those archived last first. */
  async archived(
    channel: string,
    before: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly threads: readonly WireThread[]; readonly hasMore: boolean }> {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (before !== undefined) query.set("before", before);
    const route = Routes.channelThreads(channel, "public");
    const { threads, has_more: more } = await this.#get(route, threadsForm, signal, { query });
    return { threads, hasMore: more === true };
  }

  async guildIdOf(channel: string, signal: AbortSignal): Promise<string> {
    const known = this.#guildOf.get(channel);
    if (known !== undefined) return known;
    const { guild_id: guildId } = await this.channel({ channel }, signal);
    if (typeof guildId !== "string") throw ownFailure("no_server");
    this.#guildOf.set(channel, guildId);
    return guildId;
  }

  /** Asked once for all mappings of a server that are caught up with together; not before `asOf` (`performance.now()`). */
  guild(guildId: string, asOf: number): Promise<Guild> {
    const now = performance.now();
    const asked = this.#guilds.get(guildId);
    if (asked !== undefined && asked.at >= asOf && now - asked.at < GUILD_MS) return asked.answer;
    const answer = this.#askGuild(guildId);
    this.#guilds.set(guildId, { at: now, answer });
    answer.catch(() => {
      if (this.#guilds.get(guildId)?.answer === answer) this.#guilds.delete(guildId);
    });
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

  async #get<T>(
    route: `/${string}`,
    form: z.ZodType<T>,
    signal: AbortSignal,
    {
      query,
      inThread,
    }: { readonly query?: URLSearchParams; readonly inThread?: boolean | undefined } = {},
  ): Promise<T> {
    let answer: unknown;
    try {
      answer = await this.reader.get(route, {
        // Its own each time: listeners of requests would gather on the one that lasts.
        signal: AbortSignal.any([signal]),
        ...(query && { query }),
      });
    } catch (error) {
      const { aborted } = signal;
      throw explain(error, { operation: "read", inThread, sent: true, aborted });
    }
    const parsed = form.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw ownFailure("malformed_answer");
  }
}

function idOf({ channel, thread }: Place): string {
  return thread?.id ?? channel;
}
