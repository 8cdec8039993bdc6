import { App } from "@slack/bolt";
import type { Logger } from "pino";
import { BridgeError, type FatalError } from "../../core/shared/errors.ts";
import { ChannelTroubles } from "../../core/catch_up/channel_troubles.ts";
import { UnknownKinds } from "../../core/ingest/unknown_kinds.ts";
import type { Intake, Mapping, MessageEvent } from "../../platform.ts";
import { SlackHistory } from "../history/history.ts";
import { followChannels } from "./channels.ts";
import { type Identity, identify, profileOf } from "../identity.ts";
import { Listeners } from "../socket/listeners.ts";
import { Moves } from "./moves.ts";
import { normaliseEvent, normaliseMessage } from "./normalise.ts";
import { slackEvent, type SlackMessage } from "./payload.ts";
import { People } from "./people.ts";
import { revokedError } from "../failures.ts";
import { CommitReceiver } from "../socket/receiver.ts";
import { sdkLogger } from "../sdk_log.ts";
import { createWebClient, type SlackConfig, webOptions } from "../web.ts";

/** How much the ages of the two sockets differ at least, in ms. Slack replaces a socket after some hours. */
const AGE_GAP_MS = 10 * 60_000;

export interface GatewayOptions {
  readonly ageGapMs?: number;
}

/** Listens to Slack and hands what concerns a mapped channel to the core. */
export class Gateway {
  readonly #config: SlackConfig;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #receiver: CommitReceiver | undefined;
  #people: People | undefined;
  #reading: { readonly identity: Identity; readonly intake: Intake } | undefined;
  readonly history: SlackHistory;
  readonly moves = new Moves();
  readonly troubles = new ChannelTroubles();

  constructor(
    config: SlackConfig,
    log: Logger,
    private readonly options: GatewayOptions = {},
  ) {
    this.#config = config;
    this.#log = log;
    this.history = new SlackHistory({
      config,
      log,
      normalise: (message, mapping) => this.#fromHistory(message, mapping),
      unreadable: (mapping, ts) => void this.#unreadable(mapping, ts).catch(() => undefined),
      renamed: ({ mappingId }, name) => void this.#reading?.intake.channel({ mappingId, name }),
      idOf: ({ externalId }) => this.moves.now(externalId),
    });
  }

  /** Resolves once events flow; waits out an unreachable Slack. Rejects with `FatalError`, or when closed before. */
  async start(intake: Intake, fatal: (error: FatalError) => void): Promise<void> {
    const identity = await identify(this.#config, this.#log, this.#closing.signal);
    if (this.#closing.signal.aborted)
      throw new BridgeError("CLOSED", "closed before Slack was reached");
    const listeners = new Listeners();
    const receiver = new CommitReceiver(this.#config, this.#log, {
      done: (body) => listeners.done(body),
      ageGapMs: this.options.ageGapMs ?? AGE_GAP_MS,
      gap: () => intake.gap("no Slack socket for a moment"),
      fatal,
    });
    this.#reading = { identity, intake };
    this.#receiver = receiver;
    const web = createWebClient(this.#config, this.#log);
    this.#people = new People({
      lookUp: (userId) => profileOf(web, userId),
      learned: (person) => intake.person(person),
      log: this.#log,
    });
    const app = new App({
      receiver,
      token: this.#config.botToken,
      botId: identity.botId,
      botUserId: identity.botUserId,
      tokenVerificationEnabled: false,
      convoStore: false,
      // Bolt looks only at the outer event, and would drop the deletion of an answer. `normalise` decides.
      ignoreSelf: false,
      logger: sdkLogger(this.#log),
      clientOptions: webOptions(this.#config),
    });
    // Without this Bolt logs the error whole; swallowed instead of thrown on, it would count as a success.
    app.error((error) => Promise.reject(error));
    listeners.hear(app);
    this.#listen(listeners, identity, intake, fatal, this.#people);
    await app.start();
  }

  stopIntake(): void {
    this.#receiver?.stopAccepting();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#people?.stop();
    await this.#receiver?.stop();
  }

  #listen(
    on: Listeners,
    identity: Identity,
    intake: Intake,
    fatal: (error: FatalError) => void,
    people: People,
  ): void {
    const unknown = new UnknownKinds(intake, this.#log);
    const mappingOf = (channel: string) => this.#mappingOf(channel);
    const { moves, troubles } = this;
    followChannels(on, { identity, intake, moves, troubles, mappingOf });
    on.event("user_change", async ({ event }) => people.changed(event.user));
    on.event("message", async ({ event, appId }) => {
      const mapping = mappingOf(event.channel);
      if (mapping === undefined) return;
      const parsed = slackEvent.safeParse(event);
      if (!parsed.success) {
        // Like an event: Slack keeps it until it is known that it was not read [B6].
        await this.#unreadable(mapping, event.ts);
        return;
      }
      const { mappingId } = mapping;
      const { channel } = event;
      const normalised = normaliseEvent(parsed.data, {
        ...identity,
        appId,
        mappingId,
        channel,
        unknown: (kind) => unknown.report(mappingId, kind),
      });
      if (normalised === undefined) return;
      // A rejection leaves the event to Slack, so it must reach the receiver.
      await intake.push(normalised.type === "message" ? people.name(normalised) : normalised);
    });
    on.event("app_uninstalled", async () => fatal(revokedError()));
    on.event("tokens_revoked", async ({ event }) => {
      if (event.tokens.bot?.includes(identity.botUserId)) fatal(revokedError());
    });
  }

  /** As the live events are read; the app's id, which history doesn't tell, is known by the bot's. */
  #fromHistory(message: SlackMessage, mapping: Mapping): MessageEvent | undefined {
    if (this.#reading === undefined || this.#people === undefined)
      throw new BridgeError("NOT_STARTED", "history is read only once Slack is connected");
    const { mappingId } = mapping;
    const channel = this.moves.now(mapping.externalId);
    const { identity } = this.#reading;
    const event = normaliseMessage(message, { ...identity, appId: undefined, mappingId, channel });
    return event && this.#people.name(event);
  }

  #mappingOf(channel: string): Mapping | undefined {
    for (const id of this.moves.ids(channel)) {
      const mapping = this.#reading?.intake.mappingOf(id);
      if (mapping !== undefined) return mapping;
    }
    return undefined;
  }

  /** `ts`: whatever stood there. A report that Convex can't take would be sent for ever. */
  async #unreadable({ mappingId }: Mapping, ts: unknown): Promise<void> {
    await this.#reading?.intake.problem({
      mappingId,
      kind: "unreadable_event",
      ...(typeof ts === "string" && { externalId: ts }),
      reason: "Slack sent a message the bridge cannot read",
    });
  }
}
