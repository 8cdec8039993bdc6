import { SocketModeClient } from "@slack/socket-mode";
import type { Logger } from "pino";
import { backoffMs, pause } from "../../core/shared/backoff.ts";
import { BridgeError, FatalError } from "../../core/shared/errors.ts";
import { fatalError, platformError } from "../failures.ts";
import { sdkLogger } from "../sdk_log.ts";
import { AWAY, type SlackConfig, webOptions } from "../web.ts";

/** One thing Slack delivers over a socket, as the client hands it out. */
export interface Envelope {
  readonly ack: () => Promise<void>;
  readonly body: Record<string, unknown>;
  readonly retry_num?: number;
  readonly retry_reason?: string;
}

export interface LinkEvents {
  readonly envelope: (envelope: Envelope) => void;
  /** Later trouble that only a person can mend. The link is closed. */
  readonly fatal: (error: FatalError) => void;
  /** Resolves when this link may open its next socket; `opened` or `lost` tells what came of it. */
  readonly turn?: (signal: AbortSignal) => Promise<void>;
  readonly opened?: () => void;
  readonly lost?: () => void;
}

/** Slack says hello within moments; a socket that does not is given up. */
const HELLO_MS = 30_000;
/** A connection that held this long was a good one: the next is opened without waiting. */
const GOOD_MS = 10_000;
/** How long a socket may take to close politely. */
const CLOSE_MS = 1_000;

/**
 * One socket to Slack, kept open: connecting -> open -> lost -> connecting … until closed or fatal.
 *
 * Each connection is a client of its own with reconnecting turned off. The client's own reconnecting waits 5 s
 * even after a polite request to reconnect, lets its waits grow without limit, and throws into nowhere when it
 * gives up (an unhandled rejection would end the process).
 */
export class SocketLink {
  readonly #config: SlackConfig;
  readonly #log: Logger;
  readonly #events: LinkEvents;
  readonly #closing = new AbortController();
  #client: SocketModeClient | undefined;
  #running: Promise<void> | undefined;

  constructor(config: SlackConfig, log: Logger, events: LinkEvents) {
    this.#config = config;
    this.#log = log;
    this.#events = events;
  }

  /** Resolves at the first hello, however long that takes. Rejects with `FatalError`, or when closed before. */
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
          if (isOpen && error instanceof FatalError) this.#events.fatal(error);
          else
            reject(error instanceof Error ? error : new BridgeError("SOCKET", "no Slack socket"));
        },
      );
    });
  }

  /** Closes the socket. Safe to call twice, and before `open` has ended. */
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
      await this.#events.turn?.(this.#closing.signal);
      if (this.#isClosing()) break;
      try {
        const { lost } = await this.#connect();
        const since = performance.now();
        this.#log.info("Slack socket open");
        opened();
        this.#events.opened?.();
        await lost;
        this.#events.lost?.();
        this.#log.info("Slack socket closed");
        failures = performance.now() - since > GOOD_MS ? 0 : failures + 1;
      } catch (error) {
        if (this.#isClosing()) break;
        this.#events.lost?.();
        const fatal = fatalError(error, "app");
        if (fatal !== undefined) throw fatal;
        const { code, retryAfterMs } = platformError(error);
        this.#log.warn({ code }, "cannot open a Slack socket yet");
        failures += 1;
        wait = retryAfterMs;
      }
      if (failures > 0) await pause(wait ?? backoffMs(failures, AWAY), this.#closing.signal);
    }
  }

  /** Opens one connection up to its hello. `lost` resolves when it is gone. */
  async #connect(): Promise<{ readonly lost: Promise<void> }> {
    const client = new SocketModeClient({
      appToken: this.#config.appToken,
      autoReconnectEnabled: false,
      logger: sdkLogger(this.#log),
      clientOptions: webOptions(this.#config, this.#closing.signal),
    });
    this.#client = client;
    const lost = new Promise<void>((resolve) => client.once("disconnected", () => resolve()));
    client.on("slack_event", (envelope: Envelope) => this.#events.envelope(envelope));
    const deadline = setTimeout(() => void this.#disconnect(), HELLO_MS);
    try {
      await client.start();
    } finally {
      clearTimeout(deadline);
    }
    // `close` may have come between the answer to apps.connections.open and the socket it led to.
    if (this.#isClosing()) await this.#disconnect();
    return { lost };
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    // Asked a second time, the client no longer waits for the other side.
    const force = setTimeout(() => void client.disconnect(), CLOSE_MS);
    await client.disconnect();
    clearTimeout(force);
  }
}
