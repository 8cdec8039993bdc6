import { App } from "@slack/bolt";
import type { Logger } from "pino";
import type { Identity } from "../identity.ts";
import { sdkLogger } from "../sdk_log.ts";
import { type SlackConfig, webOptions } from "../web.ts";
import { EventDispatcher } from "./dispatcher.ts";
import { CommitReceiver, type ReceiverOptions } from "./receiver.ts";

/** The connection to Slack: a Bolt app whose events arrive over two sockets. */
export class Connection {
  /** Register listeners before `open`. */
  readonly events = new EventDispatcher();
  readonly #receiver: CommitReceiver;

  constructor(
    private readonly config: SlackConfig,
    private readonly log: Logger,
    options: Omit<ReceiverOptions, "finished">,
  ) {
    const finished = (body: object) => this.events.finished(body);
    this.#receiver = new CommitReceiver(config, log, { ...options, finished });
  }

  /** Resolves once events arrive; waits while Slack is unavailable. Rejects with `FatalError`, or if closed before. */
  async open({ botId, botUserId }: Identity): Promise<void> {
    const app = new App({
      receiver: this.#receiver,
      token: this.config.botToken,
      botId,
      botUserId,
      tokenVerificationEnabled: false,
      convoStore: false,
      // Bolt compares only the outer event, and would drop the deletion of an answer. `normalise` decides.
      ignoreSelf: false,
      logger: sdkLogger(this.log),
      clientOptions: webOptions(this.config),
    });
    // The default handler logs the whole error. Without the rejection a failed event would be acknowledged.
    app.error((error) => Promise.reject(error));
    this.events.attachTo(app);
    await app.start();
  }

  /** Acknowledges no further events; the sockets stay open for pending acknowledgements. */
  stopAccepting(): void {
    this.#receiver.stopAccepting();
  }

  /** Closes the sockets. Safe to call twice, and before `open` has resolved. */
  async close(): Promise<void> {
    await this.#receiver.stop();
  }
}
