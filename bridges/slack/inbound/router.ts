import type { Logger } from "pino";
import { z } from "zod";
import { cut } from "../../../convex/model/shared/text.ts";
import { UnknownKinds } from "../../core/ingest/unknown_kinds.ts";
import type { FatalError } from "../../core/shared/errors.ts";
import { lenient, lenientList } from "../../core/shared/lenient.ts";
import type { ChannelTroubles } from "../../core/catch_up/channel_troubles.ts";
import type {
  BridgeEvent,
  Intake,
  Mapping,
  MessageEvent,
  Outcome,
  ReactionEvent,
  ReactionsEvent,
} from "../../platform.ts";
import { revokedError } from "../sdk_errors.ts";
import type { Identity } from "../identity.ts";
import { EventDispatcher, type Incoming } from "../socket/dispatcher.ts";
import type { ChannelIds } from "./channel_ids.ts";
import { ChannelFollower } from "./channels.ts";
import type { Downloads } from "./downloads.ts";
import type { Files } from "./files.ts";
import { normaliseEvent, normaliseMessage } from "./normalise.ts";
import {
  normaliseReaction,
  normaliseReactions,
  reactionForm,
  type SlackReaction,
} from "./reactions/reactions.ts";
import { slackEvent, type SlackMessage } from "./payload.ts";
import type { People } from "./people.ts";

/* What events hold at the least: https://docs.slack.dev/reference/events */
const inChannel = z.looseObject({ channel: z.string() });
const aboutChannel = z.object({ channel: z.union([z.string(), z.object({ id: z.string() })]) });
const userChange = z.object({ user: z.object({ id: z.string() }) });
const tokensRevoked = z.object({
  tokens: lenient(z.object({ bot: lenient(lenientList(z.string())) })),
});

const text = lenient(z.string());
const withTs = lenient(z.object({ ts: text }));
const messageIds = z.object({
  message: withTs,
  deleted_ts: text,
  previous_message: withTs,
  ts: text,
});

/** The message that an event is about: the one inside if it was changed or deleted. */
function messageIdOf(event: unknown): string | undefined {
  const { message, deleted_ts: deleted, previous_message: previous, ts } = messageIds.parse(event);
  return message?.ts ?? deleted ?? previous?.ts ?? ts;
}

export interface RouterOptions {
  readonly identity: Identity;
  readonly intake: Intake;
  readonly people: People;
  readonly files: Files;
  readonly downloads: Downloads;
  readonly channelIds: ChannelIds;
  readonly troubles: ChannelTroubles;
  readonly fatal: (error: FatalError) => void;
  /** Called with the thread of a question that the AI is asked. */
  readonly asked?: (channel: string, thread: string) => void;
  readonly log: Logger;
}

/** Routes the socket's events of mapped channels into the core, and normalises messages of history the same way. */
export class Router {
  readonly #unknown;

  constructor(private readonly options: RouterOptions) {
    this.#unknown = new UnknownKinds(options.intake, options.log);
  }

  /** A dispatcher with a listener for every event type the bridge needs. */
  events(): EventDispatcher {
    const { identity, people, fatal } = this.options;
    const events = new EventDispatcher((incoming) => this.#unreadableEvent(incoming));
    const mappingOf = (channel: string) => this.#mappingOf(channel);
    new ChannelFollower({ ...this.options, ...identity, mappingOf }).subscribe(events);
    events.on("user_change", userChange, ({ user }) => people.changed(user.id));
    events.on("message", inChannel, (event, appId) => this.#message(event, appId));
    events.on("reaction_added", reactionForm, (event) => this.#reaction(event, "added"));
    events.on("reaction_removed", reactionForm, (event) => this.#reaction(event, "removed"));
    events.on("app_uninstalled", z.unknown(), () => fatal(revokedError()));
    events.on("tokens_revoked", tokensRevoked, ({ tokens }) => {
      if (tokens?.bot?.includes(identity.botUserId)) fatal(revokedError());
    });
    return events;
  }

  /** A message of history. Its app's id, which history lacks, is not needed: own posts have the bot's id. */
  fromHistory(message: SlackMessage, mapping: Mapping): MessageEvent | undefined {
    const { identity, people, channelIds, downloads } = this.options;
    downloads.saw(message);
    const { mappingId } = mapping;
    const channel = channelIds.current(mapping.externalId);
    const unknown = (kind: string) => this.#unknown.report(mappingId, kind);
    const context = { ...identity, appId: undefined, mappingId, channel, unknown };
    const event = normaliseMessage(message, context);
    return event && people.name(event);
  }

  /** The reactions of a message of history, also of an own post. */
  reactionsIn(
    message: Parameters<typeof normaliseReactions>[0],
    { mappingId }: Mapping,
  ): ReactionsEvent {
    return normaliseReactions(message, mappingId, this.options.identity);
  }

  /**
   * Reports a message, live or of history, that cannot be read. Resolves once the report is stored. Without a mapping:
   * Slack did not say which channel it is of.
   */
  async reportUnreadable(
    mapping: Mapping | undefined,
    id?: string,
    what = "message",
  ): Promise<void> {
    const reason = `Slack sent a ${what} the bridge cannot read`;
    const about = {
      ...(mapping && { mappingId: mapping.mappingId }),
      ...(id !== undefined && { externalId: cut(id, 100) }),
    };
    this.options.log.error({ ...about, reason }, "a message was skipped");
    await this.options.intake.problem({ ...about, kind: "message_unreadable", reason });
  }

  /**
   * An envelope or event in which nothing says what it is about. Only history shows what was missed. Reported without an
   * id, because Slack gives every attempt another one, and each would be a problem of its own.
   */
  async unreadable(): Promise<void> {
    this.options.intake.gap("an event could not be read");
    // Slack keeps the event until the report is stored: docs/races.md#an-event-that-cannot-be-stored
    await this.reportUnreadable(undefined, undefined, "event");
  }

  /** Catch-ups check a channel's name and state too. */
  async #unreadableEvent({ event }: Incoming): Promise<void> {
    const channel = aboutChannel.safeParse(event).data?.channel;
    if (channel === undefined) return this.unreadable();
    const mapping = this.#mappingOf(typeof channel === "string" ? channel : channel.id);
    if (mapping === undefined) return;
    this.options.intake.gap("an event could not be read", mapping.mappingId);
    await this.reportUnreadable(mapping, undefined, `${event.type} event`);
  }

  /** A rejection leaves the event unacknowledged, so it must reach the receiver. */
  async #message(event: z.infer<typeof inChannel>, appId: string | undefined): Promise<void> {
    const mapping = this.#mappingOf(event.channel);
    if (mapping === undefined) return;
    const normalised = this.#normalise(event, mapping, appId);
    if (normalised === "unreadable") {
      // Slack keeps the event until the report is stored: docs/races.md#an-event-that-cannot-be-stored
      await this.reportUnreadable(mapping, messageIdOf(event));
    } else if (normalised !== undefined) {
      const outcome = await this.#push(normalised);
      const thread = normalised.type === "message" ? normalised.threadId : undefined;
      if (outcome === "asked" && thread !== undefined) this.options.asked?.(event.channel, thread);
    }
  }

  /** A rejection leaves the event unacknowledged, as for a message. */
  async #reaction(event: SlackReaction, change: ReactionEvent["change"]): Promise<void> {
    const { identity, intake, people } = this.options;
    const { type, channel } = event.item;
    // People also react to files.
    if (type !== "message") return;
    if (channel === undefined) return this.unreadable();
    const mapping = this.#mappingOf(channel);
    if (mapping === undefined || event.user === identity.botUserId) return;
    const { mappingId } = mapping;
    const reaction = normaliseReaction(event, change, { mappingId, teamId: identity.teamId });
    // History shows who reacted, if not who took it back.
    if (reaction === undefined) intake.gap("a reaction could not be read", mappingId);
    else await intake.push({ ...reaction, author: people.author(reaction.author) });
  }

  /** At once, so that events keep their order; only a message with files that have no address waits for their names. */
  async #push(event: BridgeEvent): Promise<Outcome> {
    const { intake, people, files } = this.options;
    if (event.type !== "message") return await intake.push(event);
    if (files.areNamed(event)) return await intake.push(people.name(event));
    return await intake.push(people.name(await files.name(event)));
  }

  #normalise(
    event: z.infer<typeof inChannel>,
    { mappingId }: Mapping,
    appId: string | undefined,
  ): BridgeEvent | "unreadable" | undefined {
    const { channel } = event;
    const unknown = (kind: string) => this.#unknown.report(mappingId, kind);
    try {
      const context = { ...this.options.identity, appId, mappingId, channel, unknown };
      const parsed = slackEvent.parse(event);
      this.options.downloads.saw(parsed.message ?? parsed);
      return normaliseEvent(parsed, context);
    } catch {
      return "unreadable";
    }
  }

  #mappingOf(channel: string): Mapping | undefined {
    const { intake, channelIds } = this.options;
    for (const id of channelIds.history(channel)) {
      const mapping = intake.mappingOf(id);
      if (mapping !== undefined) return mapping;
    }
    return undefined;
  }
}
