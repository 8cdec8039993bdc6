import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Delivery, Platform } from "../../platform.ts";
import type { DeliveryId, OutboxBackend, Settlement } from "../convex/backend.ts";
import { type Backoff, backoffMs, pause, settledWithin } from "../shared/backoff.ts";
import { ConvexError } from "convex/values";
import { carryOut } from "./deliver.ts";
import { failureCode } from "../shared/errors.ts";

const OUTBOX_LIMITS = {
  /** Deliveries carried out at the same time, each the head of another lane. */
  lanes: 8,
  /** How long one request to the platform may take, in ms. Far below the lease [C1]. */
  postMs: 10_000,
  /** What must remain of the lease beyond `postMs` before a request starts, in ms. */
  reserveMs: 5_000,
  /** Taken off the lease for clocks that run differently, in ms. */
  marginMs: 2_000,
  /** Between two looks for a post of unknown outcome, in ms. */
  lookAgainMs: 5_000,
  /** Between calls that Convex refuses. */
  retry: { first: 1_000, cap: 60_000 } satisfies Backoff,
};
export type OutboxLimits = typeof OUTBOX_LIMITS;

/**
 * Posts what waits in the outbox. The subscription only wakes it: what to do is asked by `claim`.
 *
 * The wake-up that comes during a claim is not lost [C9]:
 *   1. snapshot n names X; claim(X) leaves
 *   2. another worker had X, and gives it back: snapshot n+1 names X
 *   3. the claim's older answer arrives: gone
 * X is left alone only if no snapshot came between 1 and 3.
 */
export class OutboxWorker {
  readonly #backend: OutboxBackend;
  readonly #platform: Platform;
  readonly #log: Logger;
  readonly #limits: OutboxLimits;
  readonly #owner = randomUUID();
  readonly #stopping = new AbortController();
  readonly #ended = new AbortController();
  /** In our own hands. */
  readonly #busy = new Map<DeliveryId, Promise<void>>();
  /** Found gone since the latest snapshot. */
  readonly #gone = new Set<DeliveryId>();
  #ready: readonly DeliveryId[] = [];
  #snapshot = 0;
  #failures = 0;
  #unwatch = () => {};

  constructor(
    backend: OutboxBackend,
    platform: Platform,
    log: Logger,
    limits: Partial<OutboxLimits> = {},
  ) {
    this.#backend = backend;
    this.#platform = platform;
    this.#log = log;
    this.#limits = { ...OUTBOX_LIMITS, ...limits };
  }

  start(): void {
    this.#unwatch = this.#backend.watchOutbox((ids) => {
      this.#ready = ids;
      this.#snapshot += 1;
      this.#gone.clear();
      this.#fill();
    });
  }

  /**
   * Claims no more, finishes what is on the wire and releases the rest; whether that ended within `ms`. What is
   * then still on the wire stays leased: its outcome isn't known [F4].
   */
  async stop(ms: number): Promise<boolean> {
    this.#stopping.abort();
    this.#unwatch();
    const finished = await settledWithin(Promise.all(this.#busy.values()), ms);
    this.#ended.abort();
    return finished;
  }

  #fill(): void {
    for (const id of this.#ready) {
      if (this.#stopping.signal.aborted || this.#busy.size >= this.#limits.lanes) return;
      if (this.#busy.has(id) || this.#gone.has(id)) continue;
      this.#busy.set(id, this.#take(id));
    }
  }

  async #take(id: DeliveryId): Promise<void> {
    // Not within `#fill`, whose bookkeeping a synchronous end would overtake.
    await Promise.resolve();
    try {
      await this.#claimAndCarryOut(id);
    } catch (error) {
      this.#log.error({ err: error, deliveryId: id }, "posting a reply failed unexpectedly");
      this.#gone.add(id);
    }
    this.#busy.delete(id);
    this.#fill();
  }

  async #claimAndCarryOut(id: DeliveryId): Promise<void> {
    const snapshot = this.#snapshot;
    // The lease began no earlier than this, however late its answer comes [C2].
    const calledAt = performance.now();
    const claim = await this.#claim(id);
    if (claim === undefined) return;
    if (claim.status === "gone") {
      if (this.#snapshot === snapshot) this.#gone.add(id);
      return;
    }
    const { delivery } = claim;
    const { lookAgainMs, marginMs, postMs, reserveMs } = this.#limits;
    const leaseEnd = calledAt + delivery.leaseMs - marginMs;
    await carryOut(delivery, {
      platform: this.#platform,
      postMs,
      lookAgainMs,
      pause: (ms) => pause(ms, this.#stopping.signal),
      mayStart: () =>
        !this.#stopping.signal.aborted && leaseEnd - performance.now() >= postMs + reserveMs,
      settle: (settlement) => this.#settle(delivery, settlement),
      log: this.#log,
    });
  }

  async #claim(id: DeliveryId) {
    try {
      const claim = await this.#backend.claim(id, this.#owner, this.#platform.format);
      this.#failures = 0;
      return claim;
    } catch (error) {
      this.#failures += 1;
      const code = failureCode(error);
      this.#log.warn({ deliveryId: id, code }, "Convex did not give out a reply to be posted");
      await pause(backoffMs(this.#failures, this.#limits.retry), this.#stopping.signal);
      return undefined;
    }
  }

  /** Tells Convex until it has understood: a post that nobody knows of would be posted again [C3]. */
  async #settle(delivery: Delivery, settlement: Settlement): Promise<boolean> {
    const { deliveryId, generation, mappingId, op } = delivery;
    for (let failures = 1; ; failures++) {
      try {
        const { held } = await this.#backend.settle(deliveryId, generation, settlement);
        const about = { mappingId, deliveryId, op, kind: settlement.kind, held };
        this.#log.debug(about, "told Convex of a reply");
        if (isEnd(settlement)) this.#log.info({ mappingId, deliveryId }, DONE[op]);
        return held;
      } catch (error) {
        const code = failureCode(error);
        const about = { mappingId, deliveryId, kind: settlement.kind, code };
        this.#log.warn(about, "Convex did not take what became of a reply");
        if (error instanceof ConvexError || this.#ended.signal.aborted) return false;
        await pause(backoffMs(failures, this.#limits.retry), this.#ended.signal);
      }
    }
  }
}

const DONE = {
  create: "a reply is posted",
  edit: "a reply is edited",
  delete: "a reply is deleted",
} as const satisfies Record<Delivery["op"], string>;

function isEnd(settlement: Settlement): boolean {
  return settlement.kind === "done" || (settlement.kind === "posted" && settlement.last);
}
