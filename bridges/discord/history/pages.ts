import { RESTJSONErrorCodes as Code } from "discord-api-types/v10";
import { idAt } from "../../../convex/model/shared/positions.ts";
import type {
  HistoryPage,
  Mapping,
  MessageEvent,
  ReactionsEvent,
  ThreadRef,
} from "../../platform.ts";
import { isCode } from "../sdk_errors.ts";
import {
  type Names,
  normaliseMessage,
  positionOf,
  type WireMessage,
} from "../inbound/normalise.ts";
import { countsIn } from "../inbound/reactions.ts";
import { type HistoryRequests, MAX_PAGE, type Source } from "./requests.ts";

export interface PagesOptions {
  readonly names: Names;
  readonly botId: () => string;
  readonly appId: () => string;
  /** A message could not be read. */
  readonly unreadable: (mapping: Mapping, externalId: string) => void;
  /** A message holds something of a kind that the bridge does not know. */
  readonly unknown: (mapping: Mapping, kind: string) => void;
}

/** Reads the messages of one channel or thread, as events. */
export class Pages {
  readonly #source: Source;

  constructor(
    private readonly requests: HistoryRequests,
    private readonly options: PagesOptions,
    private readonly mapping: Mapping,
    private readonly thread: ThreadRef | undefined,
  ) {
    this.#source = { channel: mapping.externalId, thread };
  }

  /** Everything after the position `after`, oldest first. */
  async *after(after: string, signal: AbortSignal): AsyncGenerator<HistoryPage> {
    for (let last = idAt("discord", after), isFirst = true; ; isFirst = false) {
      const range = { after: last, limit: MAX_PAGE };
      const { messages, size } = await this.#messages(range, signal);
      if (isFirst && size === 0) await this.#checkReadable(last, signal);
      if (messages.length === 0) return;
      const page = await this.#toPage(messages, signal);
      yield page;
      const next = idAt("discord", page.upTo);
      // A page that does not move on would be read for ever.
      if (size < MAX_PAGE || positionOf(next) <= positionOf(last)) return;
      last = next;
    }
  }

  /** The newest `count` messages, as one page. */
  async newest(count: number, signal: AbortSignal): Promise<HistoryPage> {
    const found: WireMessage[] = [];
    while (found.length < count) {
      const before = found.at(-1)?.id;
      const limit = Math.min(MAX_PAGE, count - found.length);
      const range = { limit, ...(before === undefined ? {} : { before }) };
      const { messages, size } = await this.#messages(range, signal);
      found.push(...messages);
      if (size < limit || messages.at(-1) === undefined || messages.at(-1)?.id === before) break;
    }
    return await this.#toPage(found, signal);
  }

  /** A page, newest first. Reports the messages without an id. */
  async #messages(range: Parameters<HistoryRequests["messages"]>[1], signal: AbortSignal) {
    const page = await this.requests.messages(this.#source, range, signal);
    for (const id of page.unreadable) this.options.unreadable(this.mapping, id);
    return page;
  }

  /** Without Read Message History, pages are empty, without an error. Throws if there are messages after `after`. */
  async #checkReadable(after: string, signal: AbortSignal): Promise<void> {
    const { last_message_id: last } = await this.requests.channel(this.#source, signal);
    if (last === undefined || positionOf(last) <= positionOf(after)) return;
    try {
      await this.requests.message(this.#source, last, signal);
    } catch (error) {
      if (!isCode(error, Code.UnknownMessage)) throw error;
    }
  }

  async #toPage(newestFirst: readonly WireMessage[], signal: AbortSignal): Promise<HistoryPage> {
    const readAt = Date.now();
    const messages = newestFirst.toSorted((a, b) => (positionOf(a.id) < positionOf(b.id) ? -1 : 1));
    const guildId = await this.requests.guildIdOf(this.mapping.externalId, signal);
    return {
      events: messages.flatMap((message) => this.#toEvents(guildId, message)),
      ids: messages.map(({ id }) => id),
      reactions: messages.map((message) => this.#reactionsOf(message, readAt)),
      upTo: positionOf(messages.at(-1)?.id ?? "0"),
    };
  }

  #reactionsOf({ id: externalId, reactions }: WireMessage, at: number): ReactionsEvent {
    const { mappingId } = this.mapping;
    return { type: "reactions", mappingId, externalId, reactions: countsIn(reactions), at };
  }

  /** One event, or none for a message that is not mirrored or can't be read. */
  #toEvents(guildId: string, message: WireMessage): MessageEvent[] {
    const { mapping, thread } = this;
    const { botId, appId, names, unknown, unreadable } = this.options;
    try {
      const result = normaliseMessage(message, {
        place: {
          mappingId: mapping.mappingId,
          ...(thread === undefined ? {} : { threadId: thread.id }),
          ...(thread?.name === undefined ? {} : { threadName: thread.name }),
        },
        guildId,
        botId: botId(),
        appId: appId(),
        names,
        unknown: (kind) => unknown(mapping, kind),
      });
      if (!("event" in result)) return [];
      const { event } = result;
      // Messages in history have no nickname.
      return [{ ...event, author: { ...event.author, provisional: true } }];
    } catch {
      unreadable(mapping, message.id);
      return [];
    }
  }
}
