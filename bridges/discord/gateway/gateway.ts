import type { REST } from "@discordjs/rest";
import { DiscordAPIError } from "@discordjs/rest";
import {
  SimpleIdentifyThrottler,
  type SessionInfo,
  WebSocketManager,
  WebSocketShardEvents as ShardEvents,
} from "@discordjs/ws";
import { GatewayIntentBits, GatewayOpcodes } from "discord-api-types/v10";
import type { Logger } from "pino";
import { type Backoff, backoffMs, pause } from "../../core/shared/backoff.ts";
import { FatalError } from "../../core/shared/errors.ts";
import { closeFailure, FINAL_CLOSE_CODES, TOKEN_REFUSED } from "../failures.ts";
import type { Fields } from "../inbound/fields.ts";
import type { RestConfig } from "../rest.ts";
import { fatalError } from "../sdk_errors.ts";
import { IdentifyBudget } from "./identify_budget.ts";
import { GuardedShards } from "./shards.ts";

/** The code of a socket that was closed without a frame (RFC 6455, 7.1.5). */
const ABNORMAL = 1006;

/** Between attempts to connect, in ms. */
const RETRY: Backoff = { first: 1_000, cap: 30_000 };

/** A raw dispatch. */
export interface Dispatch {
  readonly t: string;
  readonly d: unknown;
}

export interface GatewayOptions {
  readonly config: RestConfig;
  /** For the address of the gateway, and how many sessions the bot may start. */
  readonly rest: REST;
  /** Receives the dispatches of each shard in order. Must not throw. */
  readonly dispatched: (dispatch: Dispatch, shardId: number) => void;
  /** A frame could not be read: it may have been a dispatch. */
  readonly unreadable: () => void;
  /** Called for a failure after the start that only an admin can fix. */
  readonly onFatal: (error: FatalError) => void;
  readonly log: Logger;
}

/** The connection to Discord's gateway: as many shards as Discord recommends, kept open until `close` or a fatal error. */
export class Gateway {
  readonly #closing = new AbortController();
  readonly #sessions = new Map<number, SessionInfo>();
  readonly #budget: IdentifyBudget;
  #manager: WebSocketManager | undefined;
  #shardCount = 1;
  #fail: (error: FatalError) => void = () => undefined;

  constructor(private readonly options: GatewayOptions) {
    this.#budget = new IdentifyBudget({
      fetchLimit: async () => {
        const info = await this.#manager?.fetchGatewayInformation(true);
        if (info === undefined) throw new Error("not connected yet");
        return info.session_start_limit;
      },
      log: options.log,
      signal: this.#closing.signal,
    });
  }

  /** Whether the bot has more than one shard, in this process or another. */
  get isSharded(): boolean {
    return this.#shardCount > 1;
  }

  /** Connects, and retries while Discord is unreachable. Throws `FatalError`, and an abort error after `close`. */
  async open(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      try {
        await this.#connect(signal);
        return;
      } catch (error) {
        await this.#drop();
        if (error instanceof FatalError || signal.aborted) throw error;
        const retryInMs = backoffMs(failures, RETRY);
        this.options.log.warn({ reason: describe(error), retryInMs }, "Discord is unreachable");
        await pause(retryInMs, signal);
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#drop();
  }

  /** Its shards open no socket any more. */
  async #drop(): Promise<void> {
    const manager = this.#manager;
    this.#manager = undefined;
    await manager?.destroy();
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const manager = this.#createManager();
    this.#manager = manager;
    const attempt = new AbortController();
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
      signal.addEventListener("abort", () => reject(new Error("closed")), attempt);
    });
    failed.catch(() => undefined);
    try {
      await Promise.race([this.#start(manager), failed]);
      this.#fail = this.options.onFatal;
    } finally {
      attempt.abort();
    }
  }

  async #start(manager: WebSocketManager): Promise<void> {
    try {
      const shardIds = await manager.getShardIds();
      this.#shardCount = await manager.getShardCount();
      await this.#budget.affordable(shardIds.length);
      if (this.#closing.signal.aborted) return;
      await manager.connect();
    } catch (error) {
      if (error instanceof DiscordAPIError && error.status === 401) throw fatalError(TOKEN_REFUSED);
      throw error;
    }
  }

  #createManager(): WebSocketManager {
    const { config, rest, dispatched } = this.options;
    const budget = this.#budget;
    const manager = new WebSocketManager({
      token: config.botToken,
      intents:
        GatewayIntentBits.Guilds |
        GatewayIntentBits.GuildMessages |
        GatewayIntentBits.GuildMessageReactions |
        GatewayIntentBits.MessageContent,
      rest,
      ...(config.shards && {
        shardCount: config.shards.count,
        shardIds: { start: config.shards.first, end: config.shards.last },
      }),
      buildStrategy: (of) =>
        new GuardedShards(of, {
          mayConnect: async (shardId) =>
            (await budget.mayConnect(shardId, this.#sessions.has(shardId))) && this.#manager === of,
          received: (shardId, frame) => this.#received(shardId, frame),
        }),
      buildIdentifyThrottler: async (of) => {
        const { session_start_limit: limit } = await of.fetchGatewayInformation();
        const throttler = new SimpleIdentifyThrottler(limit.max_concurrency);
        return {
          async waitForIdentify(shardId, signal) {
            await throttler.waitForIdentify(shardId, signal);
            budget.spend(shardId);
          },
        };
      },
      retrieveSessionInfo: (shardId) => this.#sessions.get(shardId) ?? null,
      updateSessionInfo: (shardId, session) => {
        if (session) this.#sessions.set(shardId, session);
        else this.#sessions.delete(shardId);
      },
    });
    manager.on(ShardEvents.Dispatch, ({ data, shardId }) => dispatched(data, shardId));
    manager.on(ShardEvents.Hello, ({ shardId }) => budget.greeted(shardId));
    manager.on(ShardEvents.Ready, ({ shardId }) => budget.opened(shardId));
    manager.on(ShardEvents.Resumed, ({ shardId }) => {
      budget.opened(shardId);
      this.#log(shardId).info("session resumed, no events were missed");
    });
    manager.on(ShardEvents.Closed, ({ code, shardId }) => this.#closed(code, shardId));
    // Without a listener it would end the process.
    manager.on(ShardEvents.Error, ({ error, shardId }) => {
      this.#log(shardId).warn({ reason: describe(error) }, "connection error");
    });
    return manager;
  }

  #closed(code: number, shardId: number): void {
    this.#budget.closed(shardId, code === ABNORMAL);
    // The library does not connect again after these.
    if (FINAL_CLOSE_CODES.has(code)) this.#fail(fatalError(closeFailure(code)));
    else if (!this.#closing.signal.aborted)
      this.#log(shardId).warn({ code }, "connection lost, reconnecting");
  }

  #received(shardId: number, frame: Fields | null): void {
    if (frame === null) {
      this.#log(shardId).warn("Discord sent a frame that can't be read: it is skipped");
      this.options.unreadable();
    } else if (frame.op === GatewayOpcodes.Reconnect) {
      this.#log(shardId).info({ op: frame.op }, "Discord asks to reconnect");
    } else if (frame.op === GatewayOpcodes.InvalidSession) {
      const { op, d: canResume } = frame;
      this.#log(shardId).warn({ op, canResume }, "Discord says that the session is not valid");
    }
  }

  /** Names the shard only where there is more than one. */
  #log(shardId: number): Logger {
    const { log } = this.options;
    return this.isSharded ? log.child({ shard: shardId }) : log;
  }
}

/** An error's name and message: the whole object may contain a request. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : "unknown error";
}
