import type { App, Receiver } from "@slack/bolt";
import type { Logger } from "pino";
import { settledWithin } from "../../core/shared/backoff.ts";
import { FatalError } from "../../core/shared/errors.ts";
import { type Envelope, SocketLink } from "./socket.ts";
import { Shifts } from "./shifts.ts";
import type { SlackConfig } from "../web.ts";

/** How long `stop` waits for acknowledgements on their way. */
const LAST_ACKS_MS = 1_000;

/**
 * Bolt's receiver for Socket Mode, with one difference: Slack is told only after every listener is done, which
 * is after Convex has committed. Bolt's own receiver acknowledges first, and a crash in between loses the event.
 * An event whose listener fails is not acknowledged; Slack delivers it again at once, after 1 and after 5
 * minutes. An acknowledgement later than the 3 s Slack waits, or on a socket that is gone, means a redelivery,
 * which is harmless.
 *
 * Slack gives each event to any one of the open sockets. Two are held, of different age: Slack replaces each every
 * few hours, and the other hears what comes meanwhile [F2].
 */
export class CommitReceiver implements Receiver {
  readonly #links: readonly SocketLink[];
  readonly #log: Logger;
  readonly #inHand = new Set<Promise<void>>();
  readonly #fatal: (error: FatalError) => void;
  readonly #done: (body: object) => Promise<void>;
  #app: App | undefined;
  #accepting = true;

  constructor(
    config: SlackConfig,
    log: Logger,
    options: {
      /** How much younger than the first the second socket is at least, in ms. */
      readonly ageGapMs: number;
      /** For a moment there was no socket. Called once there is one again. */
      readonly gap: () => void;
      readonly fatal: (error: FatalError) => void;
      /** Once Bolt has passed an event on: resolves when all is done about it. Rejects when it could not be done. */
      readonly done: (body: object) => Promise<void>;
    },
  ) {
    this.#log = log;
    this.#fatal = options.fatal;
    this.#done = options.done;
    const shifts = new Shifts(options.ageGapMs, options.gap);
    this.#links = [0, 1].map(
      (index) =>
        new SocketLink(config, log, {
          envelope: (envelope: Envelope) => this.#take(envelope),
          fatal: options.fatal,
          turn: (signal) => shifts.turn(index, signal),
          opened: () => shifts.opened(index),
          lost: () => shifts.lost(index),
        }),
    );
  }

  init(app: App): void {
    this.#app = app;
  }

  /** Resolves once the first socket is open; the second follows when its time has come. Rejects with `FatalError`. */
  async start(): Promise<void> {
    const [first, ...others] = this.#links;
    await first?.open();
    for (const link of others) {
      link.open().catch((error: unknown) => {
        if (error instanceof FatalError) this.#fatal(error);
      });
    }
  }

  /** Leaves every further event to Slack. The sockets stay open for what is in hand. */
  stopAccepting(): void {
    this.#accepting = false;
  }

  async stop(): Promise<void> {
    this.stopAccepting();
    await settledWithin(Promise.all(this.#inHand), LAST_ACKS_MS);
    await Promise.all(this.#links.map((link) => link.close()));
  }

  #take(envelope: Envelope): void {
    const app = this.#app;
    if (!this.#accepting || app === undefined) return;
    const taken = this.#process(app, envelope).finally(() => this.#inHand.delete(taken));
    this.#inHand.add(taken);
  }

  /** Never rejects: nobody waits for it. */
  async #process(app: App, envelope: Envelope): Promise<void> {
    const { body, ack, retry_num: retryNum, retry_reason: retryReason } = envelope;
    try {
      await app.processEvent({
        body,
        // Bolt calls this before the listeners run.
        ack: () => Promise.resolve(),
        ...(retryNum === undefined ? {} : { retryNum }),
        ...(retryReason === undefined ? {} : { retryReason }),
      });
      await this.#done(body);
    } catch (error) {
      this.#log.debug({ code: codeOf(error) }, "event left to Slack, which will deliver it again");
      return;
    }
    try {
      await ack();
    } catch {
      this.#log.debug("socket gone before the acknowledgement: Slack will deliver the event again");
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
