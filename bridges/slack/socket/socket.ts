import { SocketModeClient } from "@slack/socket-mode";
import type { Logger } from "pino";
import { backoffMs, pause } from "../../core/shared/backoff.ts";
import { BridgeError, FatalError } from "../../core/shared/errors.ts";
import { guardFrames } from "./frames.ts";
import { explain, fatalError } from "../sdk_errors.ts";
import { sdkLogger } from "../sdk_log.ts";
import { OUTAGE_BACKOFF, type SlackConfig, webOptions } from "../web.ts";

/** What Slack delivers over a socket, as its client emits it. */
export interface Envelope {
  readonly type: string;
  readonly ack: () => Promise<void>;
  readonly body: unknown;
}

export interface SocketHandlers {
  readonly envelope: (envelope: Envelope) => void;
  /** Slack sent a frame that cannot be read, and cannot be acknowledged. */
  readonly unreadable: () => void;
  /** A failure after the first hello that only a person can fix. The socket stays closed. */
  readonly fatal: (error: FatalError) => void;
  /** Resolves when the next connection may be opened; `opened` or `closed` follows. */
  readonly waitForTurn: (signal: AbortSignal) => Promise<void>;
  readonly opened: () => void;
  readonly closed: () => void;
}

/** Slack says hello within moments. A connection without a hello is closed after this long. */
const HELLO_MS = 30_000;
/** A connection that was open this long counts as good: the next one is opened without a wait. */
const GOOD_MS = 10_000;
/** How long the closing handshake may take. */
const CLOSE_MS = 1_000;

/**
 * One Socket Mode connection to Slack that is opened again whenever it closes, until `close` or a fatal error.
 *
 * Every connection has a client of its own with reconnecting turned off. The client's own reconnecting waits 5 s
 * even when Slack announced the reconnect, has no upper limit for its waits, and throws an unhandled rejection, which
 * would end the process, when it gives up.
 */
export class ReconnectingSocket {
  readonly #closing = new AbortController();
  #client: SocketModeClient | undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly config: SlackConfig,
    private readonly log: Logger,
    private readonly handlers: SocketHandlers,
  ) {}

  /** Resolves at the first hello, however long that takes. Rejects with `FatalError`, or if closed before. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const opened = () => {
        isOpen = true;
        resolve();
      };
      this.#running = this.#run(opened).then(
        () => reject(new BridgeError("CLOSED", "closed before Slack said hello")),
        (error: unknown) => {
          if (isOpen && error instanceof FatalError) this.handlers.fatal(error);
          else
            reject(error instanceof Error ? error : new BridgeError("SOCKET", "no Slack socket"));
        },
      );
    });
  }

  /** Closes the socket. Safe to call twice, and before `open` has resolved. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#disconnect();
    await this.#running;
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  async #run(opened: () => void): Promise<void> {
    let failures = 0;
    while (!this.#isClosing()) {
      let wait: number | undefined;
      await this.handlers.waitForTurn(this.#closing.signal);
      if (this.#isClosing()) break;
      try {
        const { closed } = await this.#connect();
        const since = performance.now();
        this.log.info("Slack socket open");
        opened();
        this.handlers.opened();
        await closed;
        this.handlers.closed();
        this.log.info("Slack socket closed");
        failures = performance.now() - since > GOOD_MS ? 0 : failures + 1;
      } catch (error) {
        if (this.#isClosing()) break;
        this.handlers.closed();
        const failure = explain(error);
        const fatal = fatalError(failure, "app");
        if (fatal !== undefined) throw fatal;
        this.log.warn({ code: failure.code }, "cannot open a Slack socket, retrying");
        failures += 1;
        wait = failure.retryAfterMs;
      }
      if (failures > 0)
        await pause(wait ?? backoffMs(failures, OUTAGE_BACKOFF), this.#closing.signal);
    }
  }

  /** Opens one connection and waits for its hello. `closed` resolves when it ends. */
  async #connect(): Promise<{ readonly closed: Promise<void> }> {
    const client = new SocketModeClient({
      appToken: this.config.appToken,
      autoReconnectEnabled: false,
      logger: sdkLogger(this.log),
      clientOptions: webOptions(this.config, this.#closing.signal),
    });
    this.#client = client;
    const closed = new Promise<void>((resolve) => client.once("disconnected", () => resolve()));
    guardFrames(client, this.handlers.unreadable);
    client.on("slack_event", (envelope: Envelope) => this.handlers.envelope(envelope));
    const deadline = setTimeout(() => void this.#disconnect(), HELLO_MS);
    try {
      await client.start();
    } finally {
      clearTimeout(deadline);
    }
    // `close` may have been called between the answer to apps.connections.open and the hello.
    if (this.#isClosing()) await this.#disconnect();
    return { closed };
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    // At the second call the client no longer waits for the closing handshake.
    const force = setTimeout(() => void client.disconnect(), CLOSE_MS);
    await client.disconnect();
    clearTimeout(force);
  }
}
