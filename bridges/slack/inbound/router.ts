import type { Logger } from "pino";
import { UnknownKinds } from "../../core/ingest/unknown_kinds.ts";
import type { FatalError } from "../../core/shared/errors.ts";
import type { ChannelTroubles } from "../../core/catch_up/channel_troubles.ts";
import type { Intake, Mapping, MessageEvent } from "../../platform.ts";
import { revokedError } from "../sdk_errors.ts";
import type { Identity } from "../identity.ts";
import type { EventDispatcher } from "../socket/dispatcher.ts";
import type { ChannelIds } from "./channel_ids.ts";
import { ChannelFollower } from "./channels.ts";
import { normaliseEvent, normaliseMessage } from "./normalise.ts";
import { slackEvent, type SlackMessage } from "./payload.ts";
import type { People } from "./people.ts";

export interface RouterOptions {
  readonly identity: Identity;
  readonly intake: Intake;
  readonly people: People;
  readonly channelIds: ChannelIds;
  readonly troubles: ChannelTroubles;
  readonly fatal: (error: FatalError) => void;
  readonly log: Logger;
}

/** Routes the socket's events of mapped channels into the core, and normalises messages of history the same way. */
export class Router {
  readonly #unknown;

  constructor(private readonly options: RouterOptions) {
    this.#unknown = new UnknownKinds(options.intake, options.log);
  }

  /** Listens to every event type the bridge needs. */
  subscribe(events: EventDispatcher): void {
    const { identity, people, fatal } = this.options;
    const mappingOf = (channel: string) => this.#mappingOf(channel);
    new ChannelFollower({ ...this.options, ...identity, mappingOf }).subscribe(events);
    events.on("user_change", async ({ event }) => people.changed(event.user));
    events.on("message", ({ event, appId }) => this.#message(event, appId));
    events.on("app_uninstalled", async () => fatal(revokedError()));
    events.on("tokens_revoked", async ({ event }) => {
      if (event.tokens.bot?.includes(identity.botUserId)) fatal(revokedError());
    });
  }

  /** A message of history. Its app's id, which history lacks, is not needed: own posts have the bot's id. */
  fromHistory(message: SlackMessage, mapping: Mapping): MessageEvent | undefined {
    const { identity, people, channelIds } = this.options;
    const { mappingId } = mapping;
    const channel = channelIds.current(mapping.externalId);
    const event = normaliseMessage(message, { ...identity, appId: undefined, mappingId, channel });
    return event && people.name(event);
  }

  /** Reports a message, live or of history, that cannot be read. Resolves once the report is stored. */
  async reportUnreadable({ mappingId }: Mapping, ts: unknown): Promise<void> {
    await this.options.intake.problem({
      mappingId,
      kind: "message_unreadable",
      // Convex would refuse a report with an id of another type, and the refused report would be retried forever.
      ...(typeof ts === "string" && { externalId: ts }),
      reason: "Slack sent a message the bridge cannot read",
    });
  }

  /** A rejection leaves the event unacknowledged, so it must reach the receiver. */
  async #message(
    event: { readonly channel: string; readonly ts: unknown },
    appId: string,
  ): Promise<void> {
    const { identity, intake, people } = this.options;
    const { channel } = event;
    const mapping = this.#mappingOf(channel);
    if (mapping === undefined) return;
    const parsed = slackEvent.safeParse(event);
    if (!parsed.success) {
      // Slack keeps the event until the report is stored: docs/races.md#an-event-that-cannot-be-stored
      await this.reportUnreadable(mapping, event.ts);
      return;
    }
    const { mappingId } = mapping;
    const unknown = (kind: string) => this.#unknown.report(mappingId, kind);
    const context = { ...identity, appId, mappingId, channel, unknown };
    const normalised = normaliseEvent(parsed.data, context);
    if (normalised === undefined) return;
    await intake.push(normalised.type === "message" ? people.name(normalised) : normalised);
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
