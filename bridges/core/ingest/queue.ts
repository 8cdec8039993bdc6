import type { BridgeEvent, MappingId, MessageEvent, Outcome } from "../../platform.ts";
import { type Backoff, backoffMs, pause, settledWithin } from "../shared/backoff.ts";
import { BatchSender, type Send } from "./batch_sender.ts";
import { bytesOf, type Entry, keyOf, newEntry } from "./entries.ts";
import { FollowerDetector } from "./follower.ts";
import { failureCode, NotTaken } from "../shared/errors.ts";

export const QUEUE_LIMITS = {
  batchEvents: 100,
  batchBytes: 256 * 1024,
  totalEvents: 10_000,
  totalBytes: 32 * 1024 * 1024,
  /** See `BatchLimits`. */
  growth: 10,
  closes: 3,
  /** How often an event that is refused alone must fail again, while the deployment works, before it is set aside. */
  strikes: 3,
  /** How long a follower gathers events, in ms. */
  lingerMs: 300,
  retry: { first: 250, cap: 30_000 } satisfies Backoff,
};
export type QueueLimits = typeof QUEUE_LIMITS;

/** What the queue does with events. */
export interface QueueEffects {
  /** Rejects if it committed none. */
  readonly send: Send;
  /** Reports that `event` can't be committed. Resolves once the report is stored. */
  setAside(event: BridgeEvent, code: string): Promise<void>;
  /** An event was refused, so its mapping has missed it. */
  refused(event: BridgeEvent, why: NotTaken["why"]): void;
}

/** An event that Convex refused alone. It is retried by itself, and the later events of its mapping wait for it. */
interface Refused {
  readonly entry: Entry;
  failures: number;
  /** Failures between two empty batches that succeeded, without one that failed; -1 before the first. */
  strikes: number;
}

/**
 * Sends every event to Convex, in arrival order, with one call in flight.
 *
 *   idle       an event is sent at once, alone
 *   in flight  events gather, and are sent as one batch when the call ends
 *
 * After a call that fails, batches are half as large, until the event that can't be stored is alone. Then the events of
 * other mappings go on around it, until it is stored or set aside (docs/races.md#an-event-that-cannot-be-stored).
 */
export class IngestQueue {
  readonly #limits: QueueLimits;
  readonly #sender: BatchSender;
  readonly #follower = new FollowerDetector();
  /** Events taken and not yet answered, by identity (docs/races.md#redelivery-and-order). */
  readonly #taken = new Map<string, Entry>();
  readonly #ended = new AbortController();
  readonly #refused = new Map<MappingId, Refused>();
  /** Those of them whose wait is over. */
  readonly #due: Refused[] = [];
  #waiting: Entry[] = [];
  #bytes = 0;
  /** Empty batches that failed in a row. */
  #outages = 0;
  #state: "open" | "draining" | "ended" = "open";
  #pumping = false;
  #linger: AbortController | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(
    private readonly effects: QueueEffects,
    limits: Partial<QueueLimits> = {},
  ) {
    this.#limits = { ...QUEUE_LIMITS, ...limits };
    this.#sender = new BatchSender(effects.send, this.#limits);
  }

  /** Every message taken and not yet answered. */
  *messages(): Iterable<MessageEvent> {
    for (const { event } of this.#taken.values()) if (event.type === "message") yield event;
  }

  /** See `Intake.push`. A redelivery of an event that is still queued gets the same promise. */
  push(event: BridgeEvent): Promise<Outcome> {
    const taken = this.#take(event);
    if (taken instanceof NotTaken) return this.#refuse(event, taken);
    this.#start();
    return taken;
  }

  /** Queues an event that is not lost if it is refused: the caller can offer it again. */
  offer(event: BridgeEvent): Promise<Outcome> | NotTaken {
    const taken = this.#take(event);
    // Events offered in the same turn, such as a page of history, join the batch.
    queueMicrotask(() => this.#start());
    return taken;
  }

  #take(event: BridgeEvent): Promise<Outcome> | NotTaken {
    if (this.#state !== "open") return new NotTaken("stopping");
    const key = keyOf(event);
    const same = this.#taken.get(key);
    if (same) return same.promise;
    const bytes = bytesOf(event);
    const { totalEvents, totalBytes, batchEvents } = this.#limits;
    if (this.#taken.size >= totalEvents || this.#bytes + bytes > totalBytes) {
      return new NotTaken("full");
    }
    const entry = newEntry(event, key, bytes);
    this.#taken.set(key, entry);
    this.#bytes += bytes;
    this.#waiting.push(entry);
    if (this.#waiting.length >= batchEvents) this.#linger?.abort();
    return entry.promise;
  }

  #start(): void {
    if (!this.#pumping) void this.#pump();
  }

  /** See `BatchSender.contended`. */
  contended(): void {
    this.#sender.contended();
  }

  /** Stops taking events. Returns whether everything taken was committed within `ms`. */
  async drain(ms: number): Promise<boolean> {
    if (this.#state === "open") this.#state = "draining";
    this.#linger?.abort();
    if (this.#taken.size === 0) return true;
    return settledWithin(new Promise<void>((resolve) => this.#whenEmpty.push(resolve)), ms);
  }

  /** Drops what is left: its promises reject, so that events are not acknowledged. */
  end(): void {
    this.#state = "ended";
    this.#ended.abort();
    this.#linger?.abort();
    this.#waiting = [];
    for (const entry of [...this.#taken.values()]) {
      this.#forget(entry);
      entry.reject(new NotTaken("stopping"));
    }
  }

  #refuse(event: BridgeEvent, error: NotTaken): Promise<Outcome> {
    this.effects.refused(event, error.why);
    const refused = Promise.reject<Outcome>(error);
    refused.catch(() => undefined);
    return refused;
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    while (this.#state !== "ended") {
      // In turn with the batches, so that many refused events hold up nobody either.
      const due = this.#due.shift();
      if (due) await this.#retry(due);
      if (this.#waiting.length > 0 && this.#follower.isFollower && this.#state === "open")
        await this.#gather();
      const batch = this.#nextBatch();
      if (batch.length > 0) await this.#commit(batch);
      else if (!due) break;
    }
    this.#pumping = false;
  }

  /** Lets the other process commit first, to avoid conflicts (docs/races.md#two-processes-ingest-the-same-events). */
  async #gather(): Promise<void> {
    if (this.#waiting.length >= this.#limits.batchEvents) return;
    this.#linger = new AbortController();
    await pause(this.#limits.lingerMs, this.#linger.signal);
    this.#linger = undefined;
  }

  /** Takes the oldest events that wait for no refused one. */
  #nextBatch(): Entry[] {
    const batch: Entry[] = [];
    const left: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#waiting) {
      const isBlocked = this.#refused.has(entry.event.mappingId);
      if (!isBlocked) bytes += entry.bytes;
      // An event larger than a whole batch is sent alone.
      const fits =
        batch.length < this.#sender.size &&
        (batch.length === 0 || bytes <= this.#limits.batchBytes);
      (isBlocked || !fits ? left : batch).push(entry);
    }
    this.#waiting = left;
    return batch;
  }

  async #commit(batch: readonly Entry[]): Promise<void> {
    const error = await this.#send(batch);
    const [only, ...others] = batch;
    if (error === undefined || only === undefined || this.#state === "ended") return;
    if (others.length > 0) {
      this.#sender.refused(batch.length);
      this.#waiting.unshift(...batch);
      return;
    }
    const refused = { entry: only, failures: 0, strikes: -1 };
    this.#refused.set(only.event.mappingId, refused);
    await this.#judge(refused, failureCode(error));
  }

  async #retry(refused: Refused): Promise<void> {
    const error = await this.#send([refused.entry]);
    if (this.#state === "ended") return;
    if (error === undefined) this.#refused.delete(refused.entry.event.mappingId);
    else await this.#judge(refused, failureCode(error));
  }

  /**
   * Decides about an event that failed alone. It is set aside only if it keeps failing while empty batches before and
   * after it succeed. If they fail too, the deployment is broken, and everything waits until it works again.
   */
  async #judge(refused: Refused, code: string): Promise<void> {
    const { entry } = refused;
    const works = (await this.#send([])) === undefined;
    if (this.#state === "ended") return;
    if (!works) {
      refused.strikes = -1;
      this.#outages += 1;
      await pause(backoffMs(this.#outages, this.#limits.retry), this.#ended.signal);
      this.#due.push(refused);
      return;
    }
    this.#outages = 0;
    refused.failures += 1;
    refused.strikes += 1;
    if (refused.strikes < this.#limits.strikes) {
      void this.#retryLater(refused);
      return;
    }
    this.#refused.delete(entry.event.mappingId);
    // Not awaited: the events behind it do not wait for the report.
    void this.effects.setAside(entry.event, code).then(
      () => {
        this.#answer(entry, "ignored");
      },
      // Not stored, because the process stops: `end` drops the event.
      () => undefined,
    );
  }

  async #retryLater(refused: Refused): Promise<void> {
    await pause(backoffMs(refused.failures, this.#limits.retry), this.#ended.signal);
    this.#due.push(refused);
    this.#start();
  }

  async #send(batch: readonly Entry[]): Promise<Error | undefined> {
    try {
      const outcomes = await this.#sender.send(batch.map((entry) => entry.event));
      this.#follower.note(outcomes);
      batch.forEach((entry, i) => {
        const outcome = outcomes[i];
        if (outcome !== undefined) this.#answer(entry, outcome);
      });
      return undefined;
    } catch (error) {
      return error instanceof Error
        ? error
        : new Error("rejected without an error", { cause: error });
    }
  }

  #answer(entry: Entry, outcome: Outcome): void {
    if (this.#forget(entry)) entry.resolve(outcome);
  }

  #forget(entry: Entry): boolean {
    if (this.#taken.get(entry.key) !== entry) return false;
    this.#taken.delete(entry.key);
    this.#bytes -= entry.bytes;
    if (this.#taken.size === 0) {
      for (const resolve of this.#whenEmpty.splice(0)) resolve();
    }
    return true;
  }
}
