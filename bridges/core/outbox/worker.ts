import { randomUUID } from "node:crypto";
import { ConvexError } from "convex/values";
import type { Logger } from "pino";
import type { Delivery, Platform } from "../../platform.ts";
import type { DeliveryId, OutboxBackend, Settlement } from "../convex/backend.ts";
import { type Backoff, backoffMs, pause, settledWithin } from "../shared/backoff.ts";
import { failureCode } from "../shared/errors.ts";
import { deliver } from "./deliver.ts";
import { EditPace } from "./edit_pace.ts";
import { ShownPosts } from "./shown_posts.ts";

/** Times in ms. */
const OUTBOX_LIMITS = {
  /** Deliveries in progress at the same time, each the head of another lane. */
  lanes: 8,
  /** Deadline of one request to the platform. Far below the lease (docs/races.md#a-lease-expires-during-a-post). */
  postMs: 10_000,
  /** The same of one with files. */
  filesMs: 25_000,
  /** What must remain of the lease beyond its deadline before a request starts. */
  reserveMs: 5_000,
  /** Taken off the lease, for clocks that run at different speeds. */
  marginMs: 2_000,
  /** Between two searches for a lost post. */
  lookAgainMs: 5_000,
  /** Between settlements that Convex refuses, and between claims of one delivery. */
  retry: { first: 1_000, cap: 60_000 } satisfies Backoff,
};
export type OutboxLimits = typeof OUTBOX_LIMITS;

export interface OutboxOptions {
  readonly limits?: Partial<OutboxLimits>;
  /** A settlement was dropped, because Convex refused it until its lease ended. */
  readonly onDropped?: () => void;
}

/**
 * Claims and posts what waits in the outbox. The subscription only wakes it: `claim` decides.
 *
 * A wake-up during a claim is not lost (docs/races.md#a-wake-up-is-lost):
 *   1. snapshot n lists X; claim(X) is sent
 *   2. another worker had X, and releases it: snapshot n+1 lists X
 *   3. the claim's older answer arrives: gone
 * X is skipped only if no snapshot arrived between 1 and 3.
 */
export class OutboxWorker {
  readonly #limits: OutboxLimits;
  readonly #owner = randomUUID();
  readonly #stopping = new AbortController();
  readonly #ended = new AbortController();
  /** Deliveries in progress here. */
  readonly #busy = new Map<DeliveryId, Promise<void>>();
  /** Deliveries that a claim did not get, since the latest snapshot. */
  readonly #gone = new Set<DeliveryId>();
  /** Deliveries whose claim Convex refused: how often in a row, and whether their wait lasts. They keep no lane busy. */
  readonly #refused = new Map<DeliveryId, { readonly failures: number; readonly waits: boolean }>();
  readonly #shown = new ShownPosts();
  readonly #pace: EditPace;
  #ready: readonly DeliveryId[] = [];
  /** Of those in progress, how many only wait for their answers to grow. */
  #following = 0;
  #snapshot = 0;
  #unwatch = () => {};

  constructor(
    private readonly backend: OutboxBackend,
    private readonly platform: Platform,
    private readonly log: Logger,
    private readonly options: OutboxOptions = {},
  ) {
    this.#limits = { ...OUTBOX_LIMITS, ...options.limits };
    this.#pace = new EditPace(platform.liveEdits);
  }

  start(): void {
    this.#unwatch = this.backend.watchOutbox((ids) => {
      this.#ready = ids;
      this.#snapshot += 1;
      this.#gone.clear();
      this.#fill();
    });
  }

  /**
   * Stops claiming, finishes the requests in progress and releases the rest. Returns whether that ended within `ms`.
   * A request still in progress then keeps its lease: its outcome is unknown (docs/races.md#shutting-down).
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
      if (this.#stopping.signal.aborted || !this.#hasFreeLane()) return;
      if (this.#busy.has(id) || this.#gone.has(id) || this.#refused.get(id)?.waits) continue;
      this.#busy.set(id, this.#run(id));
    }
  }

  async #run(id: DeliveryId): Promise<void> {
    // A run that ended synchronously would delete its entry before `#fill` adds it.
    await Promise.resolve();
    try {
      await this.#claimAndDeliver(id);
    } catch (error) {
      this.log.error({ err: error, deliveryId: id }, "posting a reply failed unexpectedly");
      this.#gone.add(id);
    }
    this.#busy.delete(id);
    this.#fill();
  }

  async #claimAndDeliver(id: DeliveryId): Promise<void> {
    const snapshot = this.#snapshot;
    // The lease began no earlier than this (docs/races.md#a-lease-is-older-than-its-holder-thinks).
    const calledAt = performance.now();
    const claim = await this.#claim(id);
    if (claim === undefined) return;
    if (claim.status === "gone") {
      if (this.#snapshot === snapshot) this.#gone.add(id);
      return;
    }
    let next: Claimed | undefined = { delivery: claim.delivery, calledAt, isNext: false };
    // The rest of the lane, as long as no other waits for a place here.
    while (next) next = await this.#deliver(next);
  }

  /** Carries out a delivery. Returns the next of its lane, if the last report claimed it. */
  async #deliver({ delivery, calledAt, isNext }: Claimed): Promise<Claimed | undefined> {
    const { lookAgainMs, marginMs, postMs, filesMs, reserveMs } = this.#limits;
    const leaseEnd = calledAt + delivery.leaseMs - marginMs;
    let next: Claimed | undefined;
    await deliver({
      delivery,
      platform: this.platform,
      log: this.log,
      postMs,
      filesMs,
      lookAgainMs,
      stopping: this.#stopping.signal,
      pause: (ms) => pause(ms, this.#stopping.signal),
      mayStart: (ms) =>
        !this.#stopping.signal.aborted && leaseEnd - performance.now() >= ms + reserveMs,
      live: {
        pace: this.#pace,
        shown: this.#shown.of(delivery, isNext),
        watch: (draftId, onDraft) => this.backend.watchDraft(draftId, onDraft),
        onFollowing: (isFollowing) => {
          this.#following += isFollowing ? 1 : -1;
          this.#fill();
        },
      },
      settle: async (settlement) => {
        const settled = await this.#settle(delivery, settlement, leaseEnd);
        next = settled.next ?? next;
        return settled.held;
      },
    });
    return next;
  }

  /** Whether the next delivery of a lane would take the place of no other lane's. */
  #hasRoom(): boolean {
    if (this.#stopping.signal.aborted) return false;
    return this.#hasFreeLane() || this.#ready.every((id) => this.#busy.has(id));
  }

  #hasFreeLane(): boolean {
    return this.#busy.size - this.#following < this.#limits.lanes;
  }

  async #claim(id: DeliveryId) {
    try {
      const claim = await this.backend.claim(id, this.#owner, this.platform.format);
      this.#refused.delete(id);
      return claim;
    } catch (error) {
      this.log.warn({ deliveryId: id, code: failureCode(error) }, "claiming a reply failed");
      void this.#claimLater(id);
      return undefined;
    }
  }

  async #claimLater(id: DeliveryId): Promise<void> {
    const failures = (this.#refused.get(id)?.failures ?? 0) + 1;
    this.#refused.set(id, { failures, waits: true });
    await pause(backoffMs(failures, this.#limits.retry), this.#stopping.signal);
    if (this.#ready.includes(id)) this.#refused.set(id, { failures, waits: false });
    else this.#refused.delete(id);
    this.#fill();
  }

  /**
   * Retries until the lease ends: an unreported post would have to be looked for
   * (docs/races.md#a-success-is-reported-late). After that Convex gives the delivery to another claim, which looks for
   * the post. While Convex is unreachable a call stays pending, so this ends only what Convex refuses.
   */
  async #settle(delivery: Delivery, settlement: Settlement, leaseEnd: number): Promise<Reported> {
    const { deliveryId, generation, mappingId, op } = delivery;
    const about = { mappingId, deliveryId, op, kind: settlement.kind };
    for (let failures = 1; ; failures++) {
      try {
        const claimer = { owner: this.#owner, format: this.platform.format };
        const calledAt = performance.now();
        const { held, next } = await this.backend.settle(
          deliveryId,
          generation,
          settlement,
          this.#hasRoom() ? claimer : undefined,
        );
        this.log.debug({ ...about, held }, "reported a delivery's outcome");
        const done = delivery.relayed ? RELAYED : DONE;
        if (isEnd(settlement)) this.log.info({ mappingId, deliveryId }, done[op]);
        return { held, ...(next && { next: { delivery: next, calledAt, isNext: true } }) };
      } catch (error) {
        const code = failureCode(error);
        this.log.warn({ ...about, code }, "reporting a delivery's outcome failed");
        if (error instanceof ConvexError || this.#ended.signal.aborted) return NOT_HELD;
        const waitMs = backoffMs(failures, this.#limits.retry);
        if (performance.now() + waitMs >= leaseEnd) {
          this.log.error({ ...about, code }, "a delivery's outcome was dropped: Convex refuses it");
          this.options.onDropped?.();
          return NOT_HELD;
        }
        await pause(waitMs, this.#ended.signal);
      }
    }
  }
}

/** A claimed delivery. Its lease began no earlier than `calledAt` (`performance.now()`). */
interface Claimed {
  readonly delivery: Delivery;
  readonly calledAt: number;
  /** The report of the one before it in its lane has claimed it. */
  readonly isNext: boolean;
}

/** `held`: whether this process still holds the delivery. */
interface Reported {
  readonly held: boolean;
  readonly next?: Claimed;
}

const NOT_HELD: Reported = { held: false };

const DONE = {
  create: "a reply is posted",
  edit: "a reply is edited",
  delete: "a reply is deleted",
} as const satisfies Record<Delivery["op"], string>;

const RELAYED = {
  create: "a message is relayed",
  edit: "a relayed message is edited",
  delete: "a relayed message is deleted",
} as const satisfies Record<Delivery["op"], string>;

function isEnd(settlement: Settlement): boolean {
  return settlement.kind === "done" || (settlement.kind === "posted" && settlement.last);
}
