import { App } from "@slack/bolt";
import type { Logger } from "pino";
import { BridgeError, type FatalError } from "../core/errors.ts";
import type { Intake } from "../platform.ts";
import { type Identity, identify, profileOf } from "./identity.ts";
import { normaliseEvent } from "./normalise.ts";
import { slackEvent } from "./payload.ts";
import { People } from "./people.ts";
import { revokedError } from "./errors.ts";
import { CommitReceiver } from "./receiver.ts";
import { sdkLogger } from "./sdk_log.ts";
import { createWebClient, type SlackConfig, webOptions } from "./web.ts";

/** Sockets held to Slack. */
const LINKS = 1;

/** Listens to Slack and hands what concerns a mapped channel to the core. */
export class Gateway {
  readonly #config: SlackConfig;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #receiver: CommitReceiver | undefined;
  #people: People | undefined;

  constructor(config: SlackConfig, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  /** Resolves once events flow; waits out an unreachable Slack. Rejects with `FatalError`, or when closed before. */
  async start(intake: Intake, fatal: (error: FatalError) => void): Promise<void> {
    const identity = await identify(this.#config, this.#log, this.#closing.signal);
    if (this.#closing.signal.aborted)
      throw new BridgeError("CLOSED", "closed before Slack was reached");
    const receiver = new CommitReceiver(this.#config, this.#log, { links: LINKS, fatal });
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
    app.event("message", async ({ event, body }) => {
      const mapping = intake.mappingOf(event.channel);
      if (mapping === undefined) return;
      const parsed = slackEvent.safeParse(event);
      if (!parsed.success) {
        intake.problem({
          mappingId: mapping.mappingId,
          kind: "unreadable_event",
          externalId: event.ts,
          reason: "Slack sent a message event the bridge cannot read",
        });
        return;
      }
      const { mappingId } = mapping;
      const normalised = normaliseEvent(parsed.data, {
        ...identity,
        appId: body.api_app_id,
        mappingId,
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
}
