import type { Logger } from "pino";
import type { Mapping, Platform } from "../platform.ts";
import { ingestBackend, outboxBackend } from "./convex/backend.ts";
import { settledWithin } from "./shared/backoff.ts";
import { type Connection, type ConnectionOptions, connectConvex } from "./convex/client.ts";
import { filesBackend } from "./convex/files_backend.ts";
import { FileFetcher } from "./files/fetcher.ts";
import { BridgeError, FatalError } from "./shared/errors.ts";
import { CatchUpScheduler, type CatchUpLimits } from "./catch_up/scheduler.ts";
import { BridgeIntake } from "./ingest/intake.ts";
import type { AiWatch } from "./ops/ai_watch.ts";
import type { Metrics } from "./ops/metrics.ts";
import { OutboxWorker } from "./outbox/worker.ts";
import type { QueueLimits } from "./ingest/queue.ts";
import { mintToken, type SigningKey } from "./convex/token.ts";
import { CursorTracker } from "./ingest/cursor_tracker.ts";

/**
 * If Convex was unreachable for longer than this, in ms, events may be lost: platforms stop redelivering
 * (docs/races.md#convex-is-away-while-the-platform-is-connected).
 */
const AWAY_MS = 60_000;

/** How many events that were set aside are remembered. */
const MAX_SET_ASIDE = 10_000;

/** Limit of the whole shutdown, in ms. Leases and redelivery cover the rest (docs/races.md#shutting-down). */
const STOP_MS = 10_000;
/** The part of `STOP_MS` allowed for requests in progress. */
const FINISH_POSTS_MS = 5_000;
/** The part of `STOP_MS` reserved for closing sockets. */
const CLOSE_MS = 1_500;

export interface BridgeOptions {
  readonly platform: Platform;
  readonly convexUrl: string;
  readonly key: SigningKey;
  readonly log: Logger;
  /** Called when something fails after the start that only an admin can fix. */
  readonly onFatal: (error: Error) => void;
  readonly queue?: Partial<QueueLimits>;
  readonly catchUp?: Partial<CatchUpLimits>;
  readonly metrics?: Metrics;
  readonly ai?: AiWatch;
}

/** Runs one platform in this process: starts it, and shuts it down in order. */
export class Bridge {
  readonly #platform: Platform;
  readonly #log: Logger;
  readonly #onFatal: (error: Error) => void;
  readonly #ingest: Connection;
  readonly #posting: Connection;
  readonly #intake: BridgeIntake;
  readonly #outbox: OutboxWorker;
  readonly #catchUp: CatchUpScheduler;
  readonly #files: FileFetcher;
  /** Ids of events that were set aside. A catch-up fetches each of them once more, not forever. */
  readonly #setAside = new Set<string>();
  #mappings: readonly Mapping[] = [];
  #stopped: Promise<boolean> | undefined;

  constructor(options: BridgeOptions) {
    const { platform, log, queue, catchUp, metrics } = options;
    const { name } = platform;
    this.#platform = platform;
    this.#log = log;
    this.#onFatal = options.onFatal;
    // Two connections: a socket runs its mutations one at a time, so a retried batch would delay claims and settlements
    // while their lease runs (docs/races.md#ingest-holds-up-the-outbox).
    this.#ingest = connect(options, {
      onBack: (awayMs) => {
        if (awayMs > AWAY_MS) this.#catchUp.gap("Convex was away");
      },
      onOverload: () => {
        metrics?.overload(name);
        this.#intake.contended();
      },
    });
    this.#posting = connect(options, { onOverload: () => metrics?.overload(name) });
    const ingest = ingestBackend(this.#ingest.client, log);
    const outbox = outboxBackend(this.#posting.client, log);
    const backend = metrics?.ingest(name, ingest) ?? ingest;
    const apart = ingestBackend(this.#posting.client, log);
    const cursors = new CursorTracker({
      platform: name,
      eventDelayMs: platform.history.eventDelayMs,
      send: (advances) => backend.ingest([], advances),
      log,
    });
    this.#files = new FileFetcher({
      platform,
      backend: filesBackend(options.convexUrl, () => mintToken(name, options.key)),
      log,
      onTrouble: (mappingId, trouble) =>
        this.#intake.health({ mappingId, direction: "in", trouble }),
    });
    this.#intake = new BridgeIntake(backend, log, cursors, {
      ...(queue && { limits: queue }),
      apart: metrics?.ingest(name, apart) ?? apart,
      onReportDropped: () => metrics?.dropped(name, "report"),
      onMappings: (mappings) => {
        this.#files.setMappings(mappings);
        void this.#setMappings(mappings);
      },
      onFiles: (...stored) => this.#files.stored(...stored),
      onGap: (why, mappingId) => this.#catchUp.gap(why, mappingId),
      onLoss: (event, why) => {
        if (why === "stopping" || (why === "set aside" && this.#wasSetAside(event.externalId)))
          return;
        this.#catchUp.eventLost(event.mappingId);
      },
    });
    this.#catchUp = new CatchUpScheduler({
      platform,
      backend,
      intake: this.#intake,
      cursors,
      log,
      ...(catchUp && { limits: catchUp }),
    });
    const watched = options.ai?.outbox(outbox) ?? outbox;
    this.#outbox = new OutboxWorker(metrics?.outbox(name, watched) ?? watched, platform, log, {
      onDropped: () => metrics?.dropped(name, "settlement"),
    });
  }

  /** Whether both connections to Convex are open. */
  isConnected(): boolean {
    return [this.#ingest, this.#posting].every(
      ({ client }) => client.connectionState().isWebSocketConnected,
    );
  }

  /** Resolves once events and replies flow. Rejects with `FatalError` if only an admin can fix it. */
  async start(): Promise<void> {
    await Promise.all([this.#ingest.ready, this.#posting.ready]);
    // Before the platform: events of channels that are not in the list of mappings are dropped.
    await this.#intake.start();
    this.#checkNotStopped();
    await this.#startPlatform();
    this.#checkNotStopped();
    this.#outbox.start();
    this.#catchUp.start();
    this.#log.info(`ready: ${this.#platform.name}`);
  }

  /**
   * Stops within `ms`. Returns whether every event taken is committed and no post is left in progress. Order: stop taking
   * events and claims; commit and acknowledge what was taken while the sockets are open; close them.
   */
  stop(ms = STOP_MS): Promise<boolean> {
    this.#stopped ??= this.#stop(ms);
    return this.#stopped;
  }

  async #stop(ms: number): Promise<boolean> {
    const start = performance.now();
    const left = () => Math.max(0, ms - (performance.now() - start));
    this.#platform.stopIntake();
    this.#catchUp.stop();
    this.#files.stop();
    const [committed, posted] = await Promise.all([
      this.#intake.drain(left() - CLOSE_MS),
      this.#outbox.stop(Math.min(FINISH_POSTS_MS, left() - CLOSE_MS)),
    ]);
    this.#intake.end();
    // Acknowledgements are sent some turns of the event loop after the last commit.
    await new Promise((resolve) => setImmediate(resolve));
    const closing = Promise.all([
      this.#platform.close(),
      this.#ingest.close(),
      this.#posting.close(),
    ]);
    const closed = await settledWithin(closing, left());
    this.#log.info({ committed, posted, closed }, `stopped: ${this.#platform.name}`);
    return committed && posted;
  }

  /** Catches up the mappings that this process follows. */
  async #setMappings(mappings: readonly Mapping[]): Promise<void> {
    const { follows } = this.#platform;
    this.#mappings = mappings;
    if (follows === undefined) {
      this.#catchUp.setMappings(mappings);
      return;
    }
    const isFollowed = await Promise.all(mappings.map(follows));
    // A newer list may have been answered first.
    if (this.#mappings === mappings)
      this.#catchUp.setMappings(mappings.filter((_, index) => isFollowed[index]));
  }

  #wasSetAside(externalId: string): boolean {
    const wasSetAside = this.#setAside.has(externalId);
    if (this.#setAside.size < MAX_SET_ASIDE) this.#setAside.add(externalId);
    return wasSetAside;
  }

  async #startPlatform(): Promise<void> {
    try {
      await this.#platform.start(this.#intake, (error) => {
        this.#reportFailure(error);
        this.#onFatal(error);
      });
    } catch (error) {
      this.#reportFailure(error);
      throw error;
    }
  }

  /** Marks every mapping, so that `channels status` shows why no event arrives. Stopping waits for the report. */
  #reportFailure(error: unknown): void {
    if (!(error instanceof FatalError)) return;
    const { code, message: reason, step } = error;
    this.#intake.failed({ code, reason, step });
  }

  #checkNotStopped(): void {
    if (this.#stopped) throw new BridgeError("STOPPED", "stopped before it had started");
  }
}

function connect(
  { platform: { name }, convexUrl, key, log, onFatal }: BridgeOptions,
  listeners: Pick<ConnectionOptions, "onBack" | "onOverload">,
): Connection {
  return connectConvex({
    ...listeners,
    url: convexUrl,
    mint: () => mintToken(name, key),
    keySet: `${name.toUpperCase()}_BRIDGE_JWKS`,
    log,
    onFatal,
  });
}
