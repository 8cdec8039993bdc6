import { App } from "@slack/bolt";
import type { Logger } from "pino";
import { BridgeError, type FatalError } from "../core/errors.ts";
import { UnknownKinds } from "../core/unknown_kinds.ts";
import type { Intake, Mapping, MessageEvent } from "../platform.ts";
import { SlackHistory } from "./history.ts";
import { followChannels } from "./channels.ts";
import { type Identity, identify, profileOf } from "./identity.ts";
import { normaliseEvent, normaliseMessage } from "./normalise.ts";
import { slackEvent, type SlackMessage } from "./payload.ts";
import { People } from "./people.ts";
import { revokedError } from "./errors.ts";
import { CommitReceiver } from "./receiver.ts";
import { sdkLogger } from "./sdk_log.ts";
import { createWebClient, type SlackConfig, webOptions } from "./web.ts";

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
      unreadable: (mapping, ts) => this.#unreadable(mapping, ts),
    });
  }

  /** Resolves once events flow; waits out an unreachable Slack. Rejects with `FatalError`, or when closed before. */
  async start(intake: Intake, fatal: (error: FatalError) => void): Promise<void> {
    const identity = await identify(this.#config, this.#log, this.#closing.signal);
    if (this.#closing.signal.aborted)
      throw new BridgeError("CLOSED", "closed before Slack was reached");
    const receiver = new CommitReceiver(this.#config, this.#log, {
      ageGapMs: this.options.ageGapMs ?? AGE_GAP_MS,
      gap: () => intake.gap("no Slack socket for a moment"),
      fatal,
    });
    this.#reading = { identity, intake };
    this.#receiver = receiver;
    const web = createWebClient(this.#config, this.#log);
    this.#people = new People({
      lookUp: (userId) => profileOf(web, userId),
      learned: (person) => intake.named(person),
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
    this.#listen(app, identity, intake, fatal, this.#people);
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
    app: App,
    identity: Identity,
    intake: Intake,
    fatal: (error: FatalError) => void,
    people: People,
  ): void {
    const unknown = new UnknownKinds(intake, this.#log);
    followChannels(app, identity, intake);
    app.event("user_change", async ({ event }) => people.changed(event.user));
    app.event("message", async ({ event, body }) => {
      const mapping = intake.mappingOf(event.channel);
      if (mapping === undefined) return;
      const parsed = slackEvent.safeParse(event);
      if (!parsed.success) {
        this.#unreadable(mapping, event.ts);
        return;
      }
      const { mappingId, externalId: channel } = mapping;
      const normalised = normaliseEvent(parsed.data, {
        ...identity,
        appId: body.api_app_id,
        mappingId,
        channel,
        unknown: (kind) => unknown.tell(mappingId, kind),
      });
      if (normalised === undefined) return;
      // A rejection leaves the event to Slack, so it must reach the receiver.
      await intake.push(normalised.type === "message" ? people.name(normalised) : normalised);
    });
    app.event("app_uninstalled", async () => fatal(revokedError()));
    app.event("tokens_revoked", async ({ event }) => {
      if (event.tokens.bot?.includes(identity.botUserId)) fatal(revokedError());
    });
  }

  /** As the live events are read; the app's id, which history doesn't tell, is known by the bot's. */
  #fromHistory(message: SlackMessage, mapping: Mapping): MessageEvent | undefined {
    if (this.#reading === undefined || this.#people === undefined)
      throw new BridgeError("NOT_STARTED", "history is read only once Slack is connected");
    const { mappingId, externalId: channel } = mapping;
    const { identity } = this.#reading;
    const event = normaliseMessage(message, { ...identity, appId: undefined, mappingId, channel });
    return event && this.#people.name(event);
  }

  #unreadable({ mappingId }: Mapping, ts: string | undefined): void {
    this.#reading?.intake.problem({
      mappingId,
      kind: "unreadable_event",
      ...(ts === undefined ? {} : { externalId: ts }),
      reason: "Slack sent a message the bridge cannot read",
    });
  }
}
