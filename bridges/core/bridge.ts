import type { Logger } from "pino";
import type { Platform } from "../platform.ts";
import { ingestBackend, outboxBackend } from "./convex/backend.ts";
import { settledWithin } from "./shared/backoff.ts";
import { type Connection, connectConvex } from "./convex/client.ts";
import { BridgeError, FatalError } from "./shared/errors.ts";
import { CatchUp, type CatchUpLimits } from "./catch_up/scheduler.ts";
import { BridgeIntake } from "./ingest/intake.ts";
import type { Metrics } from "./ops/metrics.ts";
import { OutboxWorker } from "./outbox/worker.ts";
import type { QueueLimits } from "./ingest/queue.ts";
import { mintToken, type SigningKey } from "./convex/token.ts";
import { Wholeness } from "./ingest/cursor_tracker.ts";

/** Convex away for longer than this may have cost events: the platforms don't deliver for ever [A4]. In ms. */
const AWAY_MS = 60_000;

/** Events set aside that are remembered. */
const MOST_SET_ASIDE = 10_000;

/** The whole stop, in ms; what isn't done by then is left to leases and redelivery. */
const STOP_MS = 10_000;
/** Of it, for posts on the wire, in ms [F4]. */
const FINISH_POSTS_MS = 5_000;
/** Of it, kept for closing sockets, in ms. */
const CLOSE_MS = 1_500;

export interface RunnerOptions {
  readonly platform: Platform;
  readonly convexUrl: string;
  readonly key: SigningKey;
  readonly log: Logger;
  /** Something that only a person can mend broke after the start. */
  readonly onFatal: (error: Error) => void;
  readonly queue?: Partial<QueueLimits>;
  readonly catchUp?: Partial<CatchUpLimits>;
  readonly metrics?: Metrics;
}

/** The life of one platform in this process. */
export class Runner {
  readonly #platform: Platform;
  readonly #log: Logger;
  readonly #onFatal: (error: Error) => void;
  readonly #ingest: Connection;
  readonly #posting: Connection;
  readonly #intake: BridgeIntake;
  readonly #outbox: OutboxWorker;
  readonly #catchUp: CatchUp;
  /** Events set aside once: catching up fetches each once more, not for ever. */
  readonly #setAside = new Set<string>();
  #stopped: Promise<boolean> | undefined;

  constructor({ platform, convexUrl, key, log, onFatal, queue, catchUp, metrics }: RunnerOptions) {
    this.#platform = platform;
    this.#log = log;
    this.#onFatal = onFatal;
    const connect = (onBack?: (awayMs: number) => void) =>
      connectConvex({
        ...(onBack && { onBack }),
        url: convexUrl,
        mint: () => mintToken(platform.name, key),
        keySet: `${platform.name.toUpperCase()}_BRIDGE_JWKS`,
        log,
        onFatal,
      });
    // Two, because mutations of one socket run one at a time: a batch that is tried again would hold up claims
    // and settlements while their lease runs [B8].
    this.#ingest = connect((awayMs) => {
      if (awayMs > AWAY_MS) this.#catchUp.gap("Convex was away");
    });
    this.#posting = connect();
    const bare = ingestBackend(this.#ingest.client, log);
    const backend = metrics ? metrics.ingest(platform.name, bare) : bare;
    const { settleMs } = platform.history;
    this.#intake = new BridgeIntake(
      backend,
      log,
      new Wholeness({ platform: platform.name, settleMs }),
      {
        ...(queue && { limits: queue }),
        onMapped: (mappings) => this.#catchUp.mapped(mappings),
        onGap: (why, mappingId) => this.#catchUp.gap(why, mappingId),
        onLoss: (event, why) => {
          if (why === "stopping" || (why === "set aside" && this.#isOld(event.externalId))) return;
          this.#catchUp.lost(event.mappingId);
        },
      },
    );
    this.#catchUp = new CatchUp({
      platform,
      backend,
      intake: this.#intake,
      log,
      ...(catchUp && { limits: catchUp }),
    });
    const posting = outboxBackend(this.#posting.client, log);
    const outbox = metrics ? metrics.outbox(platform.name, posting) : posting;
    this.#outbox = new OutboxWorker(outbox, platform, log);
  }

  /** Whether both connections to Convex stand. */
  isConnected(): boolean {
    return [this.#ingest, this.#posting].every(
      ({ client }) => client.connectionState().isWebSocketConnected,
    );
  }

  /** Resolves once events flow both ways. Rejects with `FatalError` when only a person can help. */
  async start(): Promise<void> {
    await Promise.all([this.#ingest.ready, this.#posting.ready]);
    // Before the platform: an event of a channel not yet known to be mapped would be dropped.
    await this.#intake.start();
    this.#goOn();
    await this.#startPlatform();
    this.#goOn();
    this.#outbox.start();
    this.#catchUp.start();
    this.#log.info(`ready: ${this.#platform.name}`);
  }

  /**
   * Stops within `ms`; whether everything taken is committed and nothing is left on the wire. Order: no new
   * events and claims; what was taken is committed and acknowledged while the sockets are up; then they close.
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
    const [committed, posted] = await Promise.all([
      this.#intake.drain(left() - CLOSE_MS),
      this.#outbox.stop(Math.min(FINISH_POSTS_MS, left() - CLOSE_MS)),
    ]);
    this.#intake.end();
    // The acknowledgements follow the last commit by some turns of the event loop.
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

  #isOld(externalId: string): boolean {
    const isOld = this.#setAside.has(externalId);
    if (this.#setAside.size < MOST_SET_ASIDE) this.#setAside.add(externalId);
    return isOld;
  }

  async #startPlatform(): Promise<void> {
    try {
      await this.#platform.start(this.#intake, (error) => {
        this.#tellMappings(error);
        this.#onFatal(error);
      });
    } catch (error) {
      this.#tellMappings(error);
      throw error;
    }
  }

  /** So that who asks how the mappings are learns why nothing comes any more. Stopping waits for it. */
  #tellMappings(error: unknown): void {
    if (!(error instanceof FatalError)) return;
    const { code, message: reason, step } = error;
    this.#intake.failed({ code, reason, step });
  }

  #goOn(): void {
    if (this.#stopped) throw new BridgeError("STOPPED", "stopped before it had started");
  }
}
