import { ConvexError } from "convex/values";
import type { BridgeEvent, MessageEvent, Outcome } from "../../platform.ts";
import { type Backoff, backoffMs, pause, settledWithin } from "../shared/backoff.ts";
import { FollowerDetector } from "./follower.ts";
import { failureCode, NotTaken } from "../shared/errors.ts";

export const QUEUE_LIMITS = {
  batchEvents: 100,
  batchBytes: 256 * 1024,
  totalEvents: 10_000,
  totalBytes: 32 * 1024 * 1024,
  /** Attempts at a batch, or at a single event, before it is split or isolated. */
  tries: 3,
  /** How often an isolated event must fail, while the deployment works, before it is set aside. */
  strikes: 3,
  /** How long a follower gathers events, in ms. */
  lingerMs: 300,
  retry: { first: 250, cap: 30_000 } satisfies Backoff,
};
export type QueueLimits = typeof QUEUE_LIMITS;

/** What the queue does with events. */
export interface QueueEffects {
  /** Commits a batch in order, with one outcome for each event. Rejects if it committed none. */
  send(events: BridgeEvent[]): Promise<readonly Outcome[]>;
  /** Reports that `event` can't be committed. Resolves once the report is stored. */
  setAside(event: BridgeEvent, code: string): Promise<void>;
  /** An event was refused, so its mapping has missed it. */
  refused(event: BridgeEvent, why: NotTaken["why"]): void;
}

interface Entry {
  readonly event: BridgeEvent;
  readonly key: string;
  readonly bytes: number;
  readonly promise: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: NotTaken) => void;
}

/**
 * Sends every event to Convex, in arrival order, with one call in flight.
 *
 *   idle       an event is sent at once, alone
 *   in flight  events gather, and are sent as one batch when the call ends
 *
 * A call that fails is retried, then split in halves, until the event that can't be stored is alone and is set aside.
 * The others are stored in order (docs/races.md#an-event-that-cannot-be-stored).
 */
export class IngestQueue {
  readonly #limits: QueueLimits;
  readonly #follower = new FollowerDetector();
  /** Events taken and not yet answered, by identity (docs/races.md#redelivery-and-order). */
  readonly #taken = new Map<string, Entry>();
  readonly #ended = new AbortController();
  #waiting: Entry[] = [];
  #bytes = 0;
  #state: "open" | "draining" | "ended" = "open";
  #pumping = false;
  #linger: AbortController | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(
    private readonly effects: QueueEffects,
    limits: Partial<QueueLimits> = {},
  ) {
    this.#limits = { ...QUEUE_LIMITS, ...limits };
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
    while (this.#waiting.length > 0) {
      if (this.#follower.isFollower && this.#state === "open") await this.#gather();
      await this.#commit(this.#nextBatch(), this.#limits.tries);
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

  #nextBatch(): Entry[] {
    const { batchEvents, batchBytes } = this.#limits;
    let bytes = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      bytes += entry.bytes;
      // An event larger than a whole batch is sent alone.
      if (count === batchEvents || (count > 0 && bytes > batchBytes)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(batch: readonly Entry[], tries: number): Promise<void> {
    const [only] = batch;
    if (only === undefined || this.#state === "ended") return;
    const failure = await this.#attempt(batch, tries);
    if (failure === undefined) return;
    if (batch.length === 1) {
      await this.#isolate(only, failure);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      await this.#commit(half, half.length === 1 ? this.#limits.tries : 1);
    }
  }

  /** Sends a batch up to `tries` times. Returns the code of the last failure, or undefined once committed. */
  async #attempt(batch: readonly Entry[], tries: number): Promise<string | undefined> {
    for (let failures = 1; ; failures++) {
      const error = await this.#send(batch);
      if (error === undefined || this.#state === "ended") return undefined;
      // An error that our own function throws is final: the same call would fail again.
      if (failures >= tries || error instanceof ConvexError) return failureCode(error);
      await pause(backoffMs(failures, this.#limits.retry), this.#ended.signal);
    }
  }

  async #send(batch: readonly Entry[]): Promise<Error | undefined> {
    try {
      const outcomes = await this.effects.send(batch.map((entry) => entry.event));
      if (outcomes.length !== batch.length) throw new Error("outcomes do not match the batch");
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

  /**
   * Handles an event that failed alone. It is set aside only if it keeps failing while empty batches before and after it
   * succeed. Otherwise the deployment is broken, and the event waits until it works again.
   */
  async #isolate(entry: Entry, code: string): Promise<void> {
    let lastCode = code;
    for (let failures = 1, strikes = -1; ; failures++) {
      const works = (await this.#send([])) === undefined;
      strikes = works ? strikes + 1 : -1;
      if (strikes === this.#limits.strikes) break;
      if (!works || strikes > 0) {
        await pause(backoffMs(failures, this.#limits.retry), this.#ended.signal);
      }
      const failure = await this.#attempt([entry], 1);
      if (failure === undefined) return;
      lastCode = failure;
    }
    if (this.#state === "ended") return;
    // Not awaited: the events behind it do not wait for the report.
    void this.effects.setAside(entry.event, lastCode).then(
      () => {
        this.#answer(entry, "ignored");
      },
      // Not stored, because the process stops: `end` drops the event.
      () => undefined,
    );
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

/** Approximate size of an event without text, in bytes. */
const BARE_BYTES = 512;

/** Approximate size of an event on the wire, in bytes. Serialising it would cost as much as sending it. */
function bytesOf(event: BridgeEvent): number {
  if (event.type === "delete") return BARE_BYTES;
  const { content, mentions, attachments } = event;
  const lists = mentions.length + attachments.length > 0 ? [mentions, attachments] : undefined;
  const text = lists === undefined ? content : content + JSON.stringify(lists);
  return BARE_BYTES + Buffer.byteLength(text);
}

function keyOf(event: BridgeEvent): string {
  const version = event.type === "message" ? (event.editedAt ?? "") : (event.thread ?? "");
  return `${event.type} ${event.mappingId} ${event.externalId} ${String(version)}`;
}

function newEntry(event: BridgeEvent, key: string, bytes: number): Entry {
  let resolve: Entry["resolve"] = () => {};
  let reject: Entry["reject"] = () => {};
  const promise = new Promise<Outcome>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // If the event is dropped, a platform that does not await the outcome must not crash the process.
  promise.catch(() => undefined);
  return { event, key, bytes, promise, resolve, reject };
}
