import type { Logger } from "pino";
import { pause as wait } from "../../core/shared/backoff.ts";

/** How many sessions the bot may start. https://discord.com/developers/docs/events/gateway#session-start-limit-object */
export interface SessionLimit {
  readonly total: number;
  readonly remaining: number;
  /** In ms. */
  readonly reset_after: number;
}

/** A connection that lasted so long, in ms, ends a series of failures. */
const LASTED_MS = 60_000;

/** The longest wait while Discord can't be reached, in ms: a network returns at any time. */
const UNREACHABLE_MS = 30_000;

/** Starts that are never spent: Discord resets the token of a bot that goes beyond its limit, and others may start too. */
const RESERVE = 2;

/** With fewer starts left, Discord is asked before each: another process of the bot spends them too. */
const FEW = 20;

/** Longest time between two questions how many are left, in ms. */
const ASK_AGAIN_MS = 10 * 60_000;

interface BudgetOptions {
  /** Asks Discord. */
  readonly fetchLimit: () => Promise<SessionLimit>;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Replaced in tests. */
  readonly now?: () => number;
  readonly pause?: typeof wait;
}

interface Shard {
  /** Sockets opened, and sessions started, since a connection lasted. */
  connects: number;
  identifies: number;
  /** When its session began or was resumed. */
  openSince: number | undefined;
  /** Whether the last connection got as far as HELLO, and whether it never reached Discord. */
  isGreeted: boolean;
  isUnreachable: boolean;
}

/**
 * Decides when a shard may connect. Connections that do not last are repeated ever more slowly, and sessions are started
 * only while Discord allows more. Resuming a session costs none and begins at once.
 */
export class IdentifyBudget {
  readonly #now: () => number;
  readonly #pause: typeof wait;
  readonly #shards = new Map<number, Shard>();
  #limit: { readonly remaining: number; readonly resetAt: number } | undefined;
  #spent = 0;
  #isTold = false;

  constructor(private readonly options: BudgetOptions) {
    this.#now = options.now ?? (() => performance.now());
    this.#pause = options.pause ?? wait;
  }

  /** Waits until a shard may open a socket. Returns false if the bridge stops meanwhile. */
  async mayConnect(shardId: number, hasSession: boolean): Promise<boolean> {
    const { log, signal } = this.options;
    const shard = this.#shard(shardId);
    shard.connects += 1;
    shard.isGreeted = false;
    const asked = hasSession ? resumeWait(shard.connects) : startWait(shard);
    const waitMs = shard.isUnreachable ? Math.min(UNREACHABLE_MS, asked) : asked;
    if (waitMs > 0) {
      log.warn({ retryInMs: Math.round(waitMs) }, "connections to Discord do not last, waiting");
      await this.#pause(waitMs, signal);
    }
    if (!hasSession) await this.affordable(1);
    return !signal.aborted;
  }

  /** Waits until Discord allows `count` more session starts. Says so once. */
  async affordable(count: number): Promise<void> {
    const { log, signal } = this.options;
    while (!signal.aborted) {
      const left = await this.#left();
      if (left >= count + RESERVE) break;
      const resetInMs = Math.max(0, (this.#limit?.resetAt ?? 0) - this.#now());
      if (!this.#isTold)
        log.error(
          { left, resetInMs: Math.round(resetInMs) },
          "Discord allows hardly any more session starts today: waiting for the reset instead of risking the token",
        );
      this.#isTold = true;
      await this.#pause(Math.min(resetInMs + 1_000, ASK_AGAIN_MS), signal);
    }
    this.#isTold = false;
  }

  /** A shard identifies now. */
  spend(shardId: number): void {
    this.#spent += 1;
    this.#shard(shardId).identifies += 1;
  }

  /** A shard's session began, or was resumed. */
  opened(shardId: number): void {
    this.#shard(shardId).openSince = this.#now();
  }

  /** Discord has sent a shard HELLO. */
  greeted(shardId: number): void {
    this.#shard(shardId).isGreeted = true;
  }

  /** A shard's socket closed. `isBroken`: without a close frame, as where no connection was made. */
  closed(shardId: number, isBroken = false): void {
    const shard = this.#shard(shardId);
    const { openSince } = shard;
    shard.isUnreachable = isBroken && !shard.isGreeted;
    const hasLasted = openSince !== undefined && this.#now() - openSince >= LASTED_MS;
    if (hasLasted) this.#shards.delete(shardId);
    else this.#shard(shardId).openSince = undefined;
  }

  /** Infinity while Discord has not said. */
  async #left(): Promise<number> {
    const isOld = this.#limit !== undefined && this.#now() >= this.#limit.resetAt;
    if (isOld || this.#rest() <= FEW || this.#limit === undefined) await this.#ask();
    return this.#rest();
  }

  #rest(): number {
    return this.#limit === undefined ? Infinity : this.#limit.remaining - this.#spent;
  }

  async #ask(): Promise<void> {
    try {
      const { remaining, reset_after: resetAfter } = await this.options.fetchLimit();
      this.#limit = { remaining, resetAt: this.#now() + resetAfter };
      this.#spent = 0;
    } catch {
      // What was said last still holds.
    }
  }

  #shard(shardId: number): Shard {
    const known = this.#shards.get(shardId);
    if (known) return known;
    const shard: Shard = {
      connects: 0,
      identifies: 0,
      openSince: undefined,
      isGreeted: false,
      isUnreachable: false,
    };
    this.#shards.set(shardId, shard);
    return shard;
  }
}

/** The first three at once: a network changes, or Discord restarts a server. In ms. */
function growing(connects: number): number {
  return connects <= 3 ? 0 : 1_000 * 2 ** (connects - 4);
}

/** Up to two minutes. */
function resumeWait(connects: number): number {
  return Math.min(120_000, growing(connects));
}

/** Discord asks for one to five seconds before the second start; then up to six minutes: 20 starts an hour at most. */
function startWait({ connects, identifies }: Shard): number {
  const afterStarts = [0, 1_000][identifies] ?? 5_000 * 2 ** (identifies - 2);
  const jitter = 1 + Math.random() / 4;
  return Math.min(360_000, Math.max(afterStarts, growing(connects)) * jitter);
}
