import type {
  GatewayMessageDeleteBulkDispatchData,
  GatewayMessageDeleteDispatchData,
} from "discord-api-types/v10";
import type { Logger } from "pino";
import type { BridgeEvent, Intake } from "../../platform.ts";
import type { DeletedThread } from "../gateway.ts";
import {
  type Names,
  normaliseDelete,
  normaliseMessage,
  normaliseUpdate,
  type Place,
  type WireMessage,
} from "./normalise.ts";
import { UnknownKinds } from "../../core/ingest/unknown_kinds.ts";
import { isThread, type Threads } from "./threads.ts";

/** Events that may wait at once for Discord to say which channel a thread hangs on. */
const MAX_WAITING = 1_000;

type Handle = (place: Place) => void;

/**
 * From dispatches to events, synchronously and in arrival order: a channel's events never
 * overtake each other. Events of a channel that is neither mapped nor known wait for one look-up, in their order.
 */
export class Inbound {
  #botId: string | undefined;
  #stopped = false;
  readonly #unknown;
  #waitingCount = 0;
  readonly #waiting = new Map<string, Handle[]>();

  constructor(
    private readonly intake: Intake,
    private readonly threads: Threads,
    private readonly names: Names,
    private readonly log: Logger,
    /** A message in this channel or thread is being answered. */
    private readonly asked: (channelId: string) => void = () => {},
  ) {
    this.#unknown = new UnknownKinds(intake, log);
  }

  /** Who the bot is, as READY tells. No message comes before it. */
  identify(botId: string): void {
    this.#botId = botId;
  }

  /** Throws before `identify`. */
  get botId(): string {
    if (this.#botId === undefined) throw new Error("Discord has not said yet who the bot is");
    return this.#botId;
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
  }

  created(message: WireMessage): void {
    this.#message(message, normaliseMessage);
  }

  updated(message: WireMessage): void {
    this.#message(message, normaliseUpdate);
  }

  deleted({ id, channel_id: channelId }: GatewayMessageDeleteDispatchData): void {
    this.#place(channelId, (place) => this.#push(normaliseDelete(id, place)));
  }

  deletedMany({ ids, channel_id: channelId }: GatewayMessageDeleteBulkDispatchData): void {
    this.#place(channelId, (place) => {
      for (const id of ids) this.#push(normaliseDelete(id, place));
    });
  }

  threadDeleted({ thread, isPost }: DeletedThread): void {
    const { id } = thread;
    this.threads.learn(thread);
    this.#place(id, (place) => {
      this.#push({ ...normaliseDelete(id, place), thread: true });
      if (isPost) this.#push(normaliseDelete(id, place));
    });
  }

  #message(message: WireMessage, normalise: typeof normaliseMessage): void {
    const { guild_id: guildId, channel_type: type } = message;
    const botId = this.#botId;
    // No server: a direct message, which can't be mapped.
    if (guildId === undefined || botId === undefined || message.author?.id === botId) return;
    if (
      type !== undefined &&
      !isThread(type) &&
      this.threads.known(message.channel_id) === undefined
    )
      this.threads.learn({ id: message.channel_id, type });
    this.#place(message.channel_id, (place) => {
      const result = this.#try(place, message.id, () =>
        normalise(message, {
          ...place,
          botId,
          guildId,
          names: this.names,
          unknown: (kind) => this.#unknown.report(place.mappingId, kind),
        }),
      );
      if (result !== undefined && "event" in result) this.#push(result.event, message.channel_id);
    });
  }

  /** A message of a form nobody foresaw is set aside, so that it stops nothing and is not forgotten [B6]. */
  #try<T>(place: Place, externalId: string, normalise: () => T): T | undefined {
    try {
      return normalise();
    } catch {
      this.unreadable(place, externalId);
      return undefined;
    }
  }

  /** Tells of a message, live or from history, that can't be read. */
  unreadable({ mappingId }: Pick<Place, "mappingId">, externalId: string): void {
    const reason = "the message has a form the bridge does not know";
    this.log.error({ mappingId, externalId, reason }, "an event was set aside");
    void this.intake.problem({ mappingId, kind: "unreadable", externalId, reason });
  }

  /** Calls `handle` with the channel's mapping: now if it can be told, else after the look-up, or never. */
  #place(channelId: string, handle: Handle): void {
    if (this.#stopped) return;
    const waiting = this.#waiting.get(channelId);
    if (waiting !== undefined || !this.#tryPlace(channelId, handle))
      this.#wait(channelId, waiting, handle);
  }

  /** False when it takes a look-up to tell whether the channel is a thread of a mapped one. */
  #tryPlace(channelId: string, handle: Handle): boolean {
    const direct = this.intake.mappingOf(channelId);
    if (direct !== undefined) {
      handle({ mappingId: direct.mappingId });
      return true;
    }
    const known = this.threads.known(channelId);
    if (known?.kind === "thread") {
      const mapping = this.intake.mappingOf(known.parentId);
      if (mapping !== undefined)
        handle({
          mappingId: mapping.mappingId,
          threadId: channelId,
          ...(known.name === undefined ? {} : { threadName: known.name }),
        });
    }
    return known !== undefined;
  }

  #wait(channelId: string, waiting: Handle[] | undefined, handle: Handle): void {
    if (this.#waitingCount >= MAX_WAITING) {
      this.#missed(
        channelId,
        "too many events waited for Discord to tell which channel a thread is in",
      );
      return;
    }
    this.#waitingCount++;
    if (waiting !== undefined) {
      waiting.push(handle);
      return;
    }
    const handles = [handle];
    this.#waiting.set(channelId, handles);
    // A dispatch may have told meanwhile, so that it also goes on when Discord did not answer.
    const flush = () => {
      this.#waiting.delete(channelId);
      this.#waitingCount -= handles.length;
      if (this.#stopped) return;
      const placed = handles.map((each) => this.#tryPlace(channelId, each));
      if (placed.includes(false))
        this.#missed(channelId, "Discord did not tell which channel a thread is in");
    };
    this.threads.lookUp(channelId).then(flush, flush);
  }

  #missed(channelId: string, reason: string): void {
    this.log.warn({ channelId, reason }, "events not taken");
    const why = "a thread could not be placed";
    this.intake.gap(why);
    const told = this.intake.problem({ kind: "thread_unknown", externalId: channelId, reason });
    // Once more: what is caught up with after the problem was told mends it.
    told.then(
      () => this.intake.gap(why),
      () => undefined,
    );
  }

  #push(event: BridgeEvent, channelId?: string): void {
    // Discord wants no acknowledgement. What the queue refuses is fetched again by catching up, and the
    // intake knows that it refused.
    const pushed = this.intake.push(event).then((outcome) => {
      if (outcome === "asked" && channelId !== undefined && !this.#stopped) this.asked(channelId);
    });
    pushed.catch((error: unknown) => {
      const { mappingId, externalId } = event;
      this.log.debug({ mappingId, externalId, err: error }, "an event was not taken");
    });
  }
}
