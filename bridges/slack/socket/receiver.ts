import type { App, Receiver } from "@slack/bolt";
import type { Logger } from "pino";
import { settledWithin } from "../../core/shared/backoff.ts";
import { failureCode, FatalError } from "../../core/shared/errors.ts";
import type { SlackConfig } from "../web.ts";
import type { EventDispatcher } from "./dispatcher.ts";
import { UNREADABLE } from "./frames.ts";
import { type Envelope, ReconnectingSocket } from "./socket.ts";
import { SocketStagger } from "./stagger.ts";

/** How long `stop` waits for pending acknowledgements. */
const LAST_ACKS_MS = 1_000;

export interface ReceiverOptions {
  /** How much older the first socket is than the second, at least, in ms. */
  readonly ageGapMs: number;
  /** No socket was open for a while. Called once one is open again. */
  readonly gap: () => void;
  readonly fatal: (error: FatalError) => void;
  readonly events: Pick<EventDispatcher, "bodyFor" | "finished">;
  /** Something arrived that says nothing of what it is about. Resolves once that is reported. */
  readonly unreadable: () => Promise<void>;
}

/**
 * Bolt's receiver for Socket Mode, with one difference: an event is acknowledged only after its listener has finished,
 * which is after Convex has committed. Bolt's own receiver acknowledges first, and a crash in between loses the event.
 * An event whose listener fails is not acknowledged; Slack redelivers it at once, after 1 and after 5 minutes. An
 * acknowledgement after Slack's limit of 3 s, or on a closed socket, leads to a redelivery, which is harmless.
 *
 * Slack sends each event to any one of the open sockets. The receiver keeps two of different age: Slack replaces each
 * every few hours, and the other one receives events meanwhile: docs/races.md#slack-replaces-a-socket
 */
export class CommitReceiver implements Receiver {
  readonly #sockets: readonly ReconnectingSocket[];
  /** Events that are being processed and not acknowledged yet. */
  readonly #pending = new Set<Promise<void>>();
  #app: App | undefined;
  #accepting = true;

  constructor(
    config: SlackConfig,
    private readonly log: Logger,
    private readonly options: ReceiverOptions,
  ) {
    const stagger = new SocketStagger(options.ageGapMs, options.gap);
    this.#sockets = [0, 1].map(
      (index) =>
        new ReconnectingSocket(config, log, {
          envelope: (envelope: Envelope) => this.#receive(envelope),
          // Not awaited: there is nothing to acknowledge.
          unreadable: () => void options.unreadable().catch(() => undefined),
          fatal: options.fatal,
          waitForTurn: (signal) => stagger.waitForTurn(index, signal),
          opened: () => stagger.opened(index),
          closed: () => stagger.closed(index),
        }),
    );
  }

  init(app: App): void {
    this.#app = app;
  }

  /** Resolves once the first socket is open; the second one opens later. Rejects with `FatalError`. */
  async start(): Promise<void> {
    const [first, ...others] = this.#sockets;
    await first?.open();
    for (const socket of others) {
      socket.open().catch((error: unknown) => {
        if (error instanceof FatalError) this.options.fatal(error);
      });
    }
  }

  /** Acknowledges no further events, so Slack keeps them. The sockets stay open for pending acknowledgements. */
  stopAccepting(): void {
    this.#accepting = false;
  }

  /** Closes the sockets. Safe to call twice, and before `start` has resolved. */
  async stop(): Promise<void> {
    this.stopAccepting();
    await settledWithin(Promise.all(this.#pending), LAST_ACKS_MS);
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }

  #receive(envelope: Envelope): void {
    const app = this.#app;
    if (!this.#accepting || app === undefined) return;
    const processing = this.#process(app, envelope).finally(() => this.#pending.delete(processing));
    this.#pending.add(processing);
  }

  /** Never rejects: nothing awaits it. */
  async #process(app: App, envelope: Envelope): Promise<void> {
    const { type, ack } = envelope;
    const { events, unreadable } = this.options;
    try {
      const body = events.bodyFor(envelope.body);
      if (body !== undefined) {
        // Bolt acknowledges before the listeners run.
        await app.processEvent({ body, ack: () => Promise.resolve() });
        await events.finished(body);
      } else if (type === "events_api" || type === UNREADABLE) await unreadable();
    } catch (error) {
      this.log.debug(
        { code: failureCode(error) },
        "event not acknowledged, Slack will redeliver it",
      );
      return;
    }
    try {
      await ack();
    } catch {
      this.log.debug("socket closed before the acknowledgement, Slack will redeliver the event");
    }
  }
}
