import type { Logger } from "pino";
import { UnknownKinds } from "../../core/ingest/unknown_kinds.ts";
import type { BridgeEvent, Intake, MessageEvent, ReactionEvent } from "../../platform.ts";
import { type Fields, isShort, list, NO_ID } from "./fields.ts";
import {
  type Names,
  normaliseDelete,
  normaliseMessage,
  normaliseUpdate,
  type Place,
  type WireMessage,
} from "./normalise.ts";
import { Placement } from "./placement.ts";
import { reactionEmoji, reactor } from "./reactions.ts";
import { isThread, type Threads, type WireChannel } from "./threads.ts";

/** Messages of apps that are remembered: one that is forgotten costs a call to Convex. */
const MAX_POSTED = 1_000;

interface RouterOptions {
  readonly intake: Intake;
  readonly threads: Threads;
  readonly names: Names;
  readonly log: Logger;
  /** A message in this channel or thread requested a reply. */
  readonly asked?: (channelId: string) => void;
}

/** Where a message was deleted. */
interface Deleted {
  readonly channel_id?: unknown;
  readonly guild_id?: unknown;
}

/** What somebody reacted to, and when (ms since 1970). */
type ReactedTo = Pick<ReactionEvent, "mappingId" | "externalId" | "at">;

/** Turns dispatches of mapped channels into events for the core. Events of one channel keep their order. */
export class Router {
  #botId: string | undefined;
  #appId: string | undefined;
  #isStopped = false;
  readonly #unknown;
  readonly #placement;
  /** The last messages of apps: an update that is no edit says nothing new of them. */
  readonly #posted = new Set<string>();
  /** When the last reaction arrived, in ms since 1970. */
  #reactedAt = 0;

  constructor(private readonly options: RouterOptions) {
    const { intake, threads, log } = options;
    this.#unknown = new UnknownKinds(intake, log);
    this.#placement = new Placement({
      intake,
      threads,
      dropped: (channelId, reason) => this.#dropped(channelId, reason),
    });
  }

  /**
   * Dispatches between the last session and this one are lost: in these channels, or in all. Called before any message of
   * the session.
   */
  sessionStarted(botId: string, appId: string, channelIds?: readonly string[]): void {
    this.#botId = botId;
    this.#appId = appId;
    const { intake } = this.options;
    const why = "a new Discord session";
    if (channelIds === undefined) intake.gap(why);
    for (const channelId of channelIds ?? []) {
      const mapping = intake.mappingOf(channelId);
      if (mapping) intake.gap(why, mapping.mappingId);
    }
  }

  /** The bot's own id. Throws before the first session. */
  get botId(): string {
    if (this.#botId === undefined) throw new Error("Discord has not sent the bot's id yet");
    return this.#botId;
  }

  /** The id of the bot's application, which owns its webhooks. Throws before the first session. */
  get appId(): string {
    if (this.#appId === undefined) throw new Error("Discord has not sent the bot's id yet");
    return this.#appId;
  }

  stop(): void {
    this.#isStopped = true;
    this.#placement.stop();
  }

  messageCreated(message: WireMessage): void {
    this.#message(message, normaliseMessage);
  }

  messageUpdated(message: WireMessage): void {
    this.#message(message, normaliseUpdate);
  }

  messageDeleted({ id, channel_id: channelId }: Deleted & { readonly id?: unknown }): void {
    if (!isShort(id) || !isShort(channelId)) return this.unreadable("MESSAGE_DELETE");
    this.#placement.place(channelId, (place) => this.#push(normaliseDelete(id, place)));
  }

  messagesDeleted({ ids, channel_id: channelId }: Deleted & { readonly ids?: unknown }): void {
    const readable = list(ids, (each) => (isShort(each) ? each : undefined));
    if (!isShort(channelId) || readable.length === 0) return this.unreadable("MESSAGE_DELETE_BULK");
    this.#placement.place(channelId, (place) => {
      for (const messageId of readable) this.#push(normaliseDelete(messageId, place));
    });
  }

  /** https://discord.com/developers/docs/events/gateway-events#message-reaction-add */
  reacted(data: Fields, change: ReactionEvent["change"]): void {
    const guildId = data.guild_id;
    if (data.user_id === this.#botId) return;
    this.#reaction(data, (post) => {
      const [author, emoji] = [reactor(data, String(guildId)), reactionEmoji(data.emoji)];
      return author && emoji && { type: "reaction", ...post, author, emoji, change };
    });
  }

  /** A moderator removed every reaction. */
  reactionsCleared(data: Fields): void {
    this.#reaction(data, (post) => ({ type: "reactions", ...post, reactions: [] }));
  }

  /** A moderator removed every reaction with one emoji. */
  emojiCleared(data: Fields): void {
    const emoji = reactionEmoji(data.emoji);
    this.#reaction(data, (post) => emoji && { type: "reactions", ...post, emoji, reactions: [] });
  }

  /** Discord sends no dispatches for the messages in the thread. With a forum post its first message is deleted too. */
  threadDeleted(thread: WireChannel, isForumPost: boolean): void {
    const { id } = thread;
    this.options.threads.record(thread);
    this.#placement.place(id, (place) => {
      this.#push({ ...normaliseDelete(id, place), thread: true });
      if (isForumPost) this.#push(normaliseDelete(id, place));
    });
  }

  /** Reports a message, live or from history, that can't be read. */
  reportUnreadable({ mappingId }: Pick<Place, "mappingId">, externalId: string): void {
    const reason = "Discord sent a message the bridge cannot read";
    this.options.log.error({ mappingId, externalId, reason }, "a message was skipped");
    void this.options.intake.problem({ mappingId, kind: "message_unreadable", externalId, reason });
  }

  /** A dispatch in which nothing says what it is about. Only history shows what was missed. */
  unreadable(dispatch: string): void {
    const { intake, log } = this.options;
    const reason = `Discord sent a ${dispatch} the bridge cannot read`;
    log.error({ reason }, "a dispatch was skipped");
    intake.gap("a dispatch could not be read");
    void intake.problem({ kind: "message_unreadable", externalId: dispatch, reason });
  }

  /** Counts content, live or from history, of a kind that the bridge does not know. */
  unknown(mappingId: Place["mappingId"], kind: string): void {
    this.#unknown.report(mappingId, kind);
  }

  /** Dispatches do not say when it was: their order counts, and no two have the same time. */
  #reaction(data: Fields, read: (post: ReactedTo) => BridgeEvent | "" | undefined): void {
    const { message_id: externalId, channel_id: channelId, guild_id: guildId } = data;
    if (guildId === undefined) return;
    if (!isShort(externalId) || !isShort(channelId) || !isShort(guildId))
      return this.unreadable("reaction");
    const at = (this.#reactedAt = Math.max(Date.now(), this.#reactedAt + 0.001));
    this.#placement.place(channelId, ({ mappingId }) => {
      const event = read({ mappingId, externalId, at });
      if (event) this.#push(event);
      // History shows how many react.
      else this.options.intake.gap("a reaction could not be read", mappingId);
    });
  }

  #message(message: WireMessage, normalise: typeof normaliseMessage): void {
    const { id: messageId, channel_id: channelId, guild_id: guildId, channel_type: type } = message;
    const { intake, threads, names } = this.options;
    const [botId, appId] = [this.#botId, this.#appId];
    if (!isShort(channelId)) return this.unreadable("message");
    // Without a server it is a direct message, which can't be mapped.
    if (guildId !== undefined && !isShort(guildId)) return this.unreadable("message");
    if (guildId === undefined || botId === undefined || message.author?.id === botId) return;
    // A mapped channel is found without.
    if (
      typeof type === "number" &&
      !isThread(type) &&
      intake.mappingOf(channelId) === undefined &&
      threads.get(channelId) === undefined
    )
      threads.record({ id: channelId, type });
    this.#placement.place(channelId, (place) => {
      const unknown = (kind: string) => this.unknown(place.mappingId, kind);
      try {
        const context = { place, botId, appId, guildId, names, unknown };
        const result = normalise(message, context);
        if ("event" in result) {
          if (this.#isNew(result.event, normalise === normaliseUpdate))
            this.#push(result.event, channelId);
        } else if (result.skipped === "partial")
          intake.gap("an edit came without the message", place.mappingId);
      } catch {
        // It must neither block others nor be forgotten: docs/races.md#an-event-that-cannot-be-stored
        this.reportUnreadable(place, isShort(messageId) ? messageId : NO_ID);
      }
    });
  }

  #isNew({ externalId, fromApp, editedAt }: MessageEvent, isUpdate: boolean): boolean {
    if (isUpdate && editedAt === undefined && this.#posted.has(externalId)) return false;
    if (!fromApp) return true;
    this.#posted.add(externalId);
    const [oldest = ""] = this.#posted;
    if (this.#posted.size > MAX_POSTED) this.#posted.delete(oldest);
    return true;
  }

  #dropped(channelId: string, reason: string): void {
    const { intake, log } = this.options;
    log.warn({ channelId, reason }, "events were dropped until the next catch-up");
    const why = "events of an unknown thread were dropped";
    intake.gap(why);
    const reported = intake.problem({ kind: "thread_unknown", externalId: channelId, reason });
    // Again, because only a catch-up that begins after the report resolves the problem.
    reported.then(
      () => intake.gap(why),
      () => undefined,
    );
  }

  #push(event: BridgeEvent, channelId?: string): void {
    const { intake, log, asked } = this.options;
    intake.push(event).then(
      (outcome) => {
        if (outcome === "asked" && channelId !== undefined && !this.#isStopped) asked?.(channelId);
      },
      // Discord needs no acknowledgement. The intake reports the events that it refuses, so they are caught up.
      (error: unknown) => {
        const { mappingId, externalId } = event;
        log.debug({ mappingId, externalId, err: error }, "an event was refused");
      },
    );
  }
}
