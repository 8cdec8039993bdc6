import { type Client, DiscordjsError, DiscordjsErrorCodes, Events } from "discord.js";
import type { Logger } from "pino";
import { type Backoff, backoffMs, pause } from "../../core/shared/backoff.ts";
import { FatalError } from "../../core/shared/errors.ts";
import { fatalError } from "../sdk_errors.ts";
import { closeFailure, SESSION_INVALIDATED, TOKEN_REFUSED } from "../failures.ts";
import type { Names } from "../inbound/normalise.ts";
import type { RestConfig } from "../rest.ts";
import { createClient } from "./client.ts";
import { describe, forwardDispatches, type Listener } from "./dispatches.ts";

/** Between attempts to connect, in ms. */
const RETRY: Backoff = { first: 1_000, cap: 30_000 };

/** One connection to Discord's gateway. discord.js keeps it open until `close` or a fatal error. */
export class Gateway {
  #client: Client | undefined;
  readonly #closing = new AbortController();

  constructor(
    private readonly config: RestConfig,
    private readonly listener: Listener,
    private readonly onFatal: (error: FatalError) => void,
    private readonly log: Logger,
  ) {}

  /** Names from the servers that the bot is in, kept up to date by discord.js. */
  readonly names: Names = {
    role: (id) => {
      const guild = this.#client?.guilds.cache.find(({ roles }) => roles.cache.has(id));
      const role = guild?.roles.cache.get(id);
      const botId = role?.tags?.botId;
      return role && { name: role.name, ...(botId === undefined ? {} : { botId }) };
    },
    channel: (id) => {
      const channel = this.#client?.channels.cache.get(id);
      return channel !== undefined && "name" in channel ? (channel.name ?? undefined) : undefined;
    },
  };

  /** Connects, and retries while Discord is unreachable. Throws `FatalError`, and an abort error after `close`. */
  async open(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      try {
        await this.#connect(signal);
        return;
      } catch (error) {
        await this.#client?.destroy();
        if (error instanceof FatalError || signal.aborted) throw error;
        const retryInMs = backoffMs(failures, RETRY);
        this.log.warn({ reason: describe(error), retryInMs }, "Discord is unreachable");
        await pause(retryInMs, signal);
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.destroy();
  }

  #connect(signal: AbortSignal): Promise<void> {
    // A client whose login failed can't be used again.
    const client = createClient(this.config);
    this.#client = client;
    forwardDispatches(client, this.listener, this.log);
    this.#logConnection(client);
    return new Promise((resolve, reject) => {
      let isReady = false;
      const fail = (error: FatalError) => {
        if (isReady) this.onFatal(error);
        else reject(error);
      };
      signal.addEventListener("abort", () => reject(new Error("closed")), { once: true });
      client.once(Events.ClientReady, () => {
        isReady = true;
        resolve();
      });
      // After these events discord.js does not reconnect: the process would run without a connection.
      client.on(Events.ShardDisconnect, ({ code }) => fail(fatalError(closeFailure(code))));
      client.on(Events.Invalidated, () => fail(fatalError(SESSION_INVALIDATED)));
      client.login(this.config.botToken).catch((error: unknown) => {
        const isRefused =
          error instanceof DiscordjsError && error.code === DiscordjsErrorCodes.TokenInvalid;
        if (isRefused) reject(fatalError(TOKEN_REFUSED));
        else reject(error instanceof Error ? error : new Error("login failed"));
      });
    });
  }

  #logConnection(client: Client): void {
    // An `error` event without a listener would end the process.
    client.on(Events.Error, (error) => this.log.warn({ reason: describe(error) }, "client error"));
    client.on(Events.ShardError, (error) =>
      this.log.warn({ reason: describe(error) }, "connection error"),
    );
    client.on(Events.Warn, (reason) => this.log.warn({ reason }, "client warning"));
    client.on(Events.ShardReconnecting, () => {
      if (!this.#closing.signal.aborted) this.log.warn("connection lost, reconnecting");
    });
    client.on(Events.ShardResume, () => this.log.info("session resumed, no events were missed"));
  }
}
