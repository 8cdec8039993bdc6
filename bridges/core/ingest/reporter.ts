import type { Logger } from "pino";
import type { ChannelUpdate, Health, Person, Problem } from "../../platform.ts";
import type { Report } from "../convex/backend.ts";
import { type Backoff, backoffMs, pause, settledWithin } from "../shared/backoff.ts";
import { failureCode, NotTaken } from "../shared/errors.ts";

const REPORT_LIMITS = {
  /** Items in one call. */
  batch: 100,
  /** How long items gather before a call, in ms. The backend waits one second for a new person's name. */
  gatherMs: 300,
  /** Items kept while Convex is unreachable; beyond it a new name replaces the oldest. */
  waiting: 5_000,
  /** Refusals after which an item is dropped, some five minutes later: the first two in batches, the others alone. */
  refusals: 12,
  /** The same while the process stops. */
  refusalsAtEnd: 3,
  /** Between attempts at an item that Convex refused alone. */
  retry: { first: 1_000, cap: 60_000 } satisfies Backoff,
};
export type ReportLimits = typeof REPORT_LIMITS;

type Item =
  | { readonly kind: "person"; readonly value: Person }
  | { readonly kind: "health"; readonly value: Health }
  | { readonly kind: "channel"; readonly value: ChannelUpdate }
  | { readonly kind: "problem"; readonly value: Problem };

interface Waiting {
  readonly item: Item;
  readonly stored: () => void;
  readonly dropped: (error: NotTaken) => void;
  refusals: number;
  /** When it is to be sent (`performance.now()`). */
  dueAt: number;
}

export interface ReporterOptions {
  readonly log: Logger;
  readonly limits?: Partial<ReportLimits>;
  /** An item was dropped, because Convex refuses it for good. */
  readonly onDropped?: () => void;
}

/**
 * Sends Convex what the bridge reports besides events, in few calls. The newest state of a person, or of one direction
 * of a mapping, replaces an older one. The others are kept until they are stored, or dropped and logged if Convex refuses
 * them for good: a refused batch is split at once, and what is refused alone delays nothing else.
 */
export class Reporter {
  readonly #limits: ReportLimits;
  readonly #waiting = new Map<string, Waiting>();
  /** The last state reported of each direction of a mapping, so that repeating it costs nothing. */
  readonly #health = new Map<string, string>();
  readonly #ended = new AbortController();
  #sleep: { readonly until: number; readonly wake: AbortController } | undefined;
  #draining = false;
  #running: Promise<void> | undefined;
  #count = 0;

  constructor(
    private readonly send: (report: Report) => Promise<void>,
    private readonly options: ReporterOptions,
  ) {
    this.#limits = { ...REPORT_LIMITS, ...options.limits };
  }

  /** Best effort: a lost name is looked up again. */
  person(person: Person): void {
    if (this.#waiting.size >= this.#limits.waiting) this.#dropOldestName();
    const key = `person ${person.workspaceId} ${person.externalId}`;
    void this.#add(key, { kind: "person", value: person });
  }

  /** Kept until stored, and merged with an earlier update of the channel. Resolves and rejects as `problem` does. */
  channel(update: ChannelUpdate): Promise<void> {
    const key = `channel ${update.mappingId}`;
    const waiting = this.#waiting.get(key);
    const earlier = waiting?.item.kind === "channel" ? waiting.item.value : undefined;
    const promise = this.#add(key, { kind: "channel", value: { ...earlier, ...update } });
    if (waiting) promise.then(waiting.stored, waiting.dropped);
    return promise;
  }

  /** Reports one direction of a mapping, unless its state is the one last reported. */
  health(health: Health): void {
    const key = `health ${health.mappingId} ${health.direction}`;
    const state = JSON.stringify(health.trouble ?? null);
    // Settlements change the state of posting too, so Convex may have another one than was reported here.
    if (health.direction === "in" && this.#health.get(key) === state) return;
    this.#health.set(key, state);
    void this.#add(key, { kind: "health", value: health });
  }

  /** Resolves once stored, or refused for good. Rejects with `NotTaken` if the process stops before. */
  problem(problem: Problem): Promise<void> {
    this.#count += 1;
    return this.#add(`problem ${String(this.#count)}`, { kind: "problem", value: problem });
  }

  /** Sends what is left. Returns whether all of it was stored within `ms`. */
  async drain(ms: number): Promise<boolean> {
    this.#draining = true;
    this.#sleep?.wake.abort();
    return this.#running === undefined || settledWithin(this.#running, ms);
  }

  /** Drops what is left. */
  end(): void {
    this.#ended.abort();
    this.#sleep?.wake.abort();
    for (const { dropped } of this.#waiting.values()) dropped(new NotTaken("stopping"));
    this.#waiting.clear();
  }

  #dropOldestName(): void {
    for (const [key, { item }] of this.#waiting) {
      if (item.kind !== "person") continue;
      this.#waiting.delete(key);
      return;
    }
  }

  #add(key: string, item: Item): Promise<void> {
    const dueAt = performance.now() + this.#limits.gatherMs;
    const promise = new Promise<void>((stored, dropped) => {
      if (this.#ended.signal.aborted) dropped(new NotTaken("stopping"));
      else this.#waiting.set(key, { item, stored, dropped, refusals: 0, dueAt });
    });
    promise.catch(() => undefined);
    if (this.#sleep && dueAt < this.#sleep.until) this.#sleep.wake.abort();
    if (this.#waiting.size > 0) this.#running ??= this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#ended.signal.aborted) {
      await this.#untilDue();
      const batch = this.#nextBatch();
      if (batch.length > 0) await this.#sendBatch(batch);
    }
    this.#running = undefined;
  }

  async #untilDue(): Promise<void> {
    // Also ends the loop's turn: a report made in the same turn joins the batch.
    await Promise.resolve();
    if (this.#draining) return;
    let until = Infinity;
    for (const { dueAt } of this.#waiting.values()) until = Math.min(until, dueAt);
    const wake = new AbortController();
    this.#sleep = { until, wake };
    await pause(until - performance.now(), wake.signal);
    this.#sleep = undefined;
  }

  /**
   * The items that are due and were refused least often: new ones together, refused ones in smaller batches or alone. A new
   * one does not wait longer than the first of them.
   */
  #nextBatch(): [string, Waiting][] {
    const now = performance.now();
    const isDue = ({ dueAt }: Waiting) => this.#draining || dueAt <= now;
    const waiting = [...this.#waiting];
    const due = waiting.filter(([, each]) => isDue(each));
    const least = Math.min(...due.map(([, { refusals }]) => refusals));
    const size = least === 0 ? this.#limits.batch : least === 1 ? SPLIT : 1;
    return waiting
      .filter(([, each]) => each.refusals === least && (least === 0 || isDue(each)))
      .slice(0, size);
  }

  async #sendBatch(batch: readonly [string, Waiting][]): Promise<void> {
    const items = batch.map(([, { item }]) => item);
    try {
      await this.send({
        people: items.flatMap((item) => (item.kind === "person" ? [item.value] : [])),
        health: items.flatMap((item) => (item.kind === "health" ? [item.value] : [])),
        ...channelsOf(items),
        problems: items.flatMap((item) => (item.kind === "problem" ? [item.value] : [])),
      });
    } catch (error) {
      const about = { code: failureCode(error), ...summaryOf(items) };
      this.options.log.warn(about, "sending a report failed");
      for (const [key, waiting] of batch) this.#refused(key, waiting);
      return;
    }
    for (const [key, waiting] of batch) {
      if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
      waiting.stored();
    }
  }

  #refused(key: string, waiting: Waiting): void {
    // It may have been replaced meanwhile.
    if (this.#waiting.get(key) !== waiting) return;
    waiting.refusals += 1;
    const { refusals, refusalsAtEnd, retry } = this.#limits;
    const isLast = waiting.refusals >= (this.#draining ? refusalsAtEnd : refusals);
    // A name is looked up again: it is not worth a second attempt.
    if (!isLast && waiting.item.kind !== "person") {
      const alone = waiting.refusals - 2;
      waiting.dueAt = performance.now() + (alone > 0 ? backoffMs(alone, retry) : 0);
      return;
    }
    this.#waiting.delete(key);
    // Convex has another state than was reported last.
    this.#health.delete(key);
    if (waiting.item.kind === "person") return;
    this.options.log.error(summaryOf([waiting.item]), "a report was dropped: Convex refuses it");
    this.options.onDropped?.();
    if (this.#draining) waiting.dropped(new NotTaken("stopping"));
    else waiting.stored();
  }
}

/** Items of a batch that is sent after a larger one was refused. */
const SPLIT = 10;

function channelsOf(items: readonly Item[]): Pick<Report, "channels"> {
  const channels = items.flatMap((item) => (item.kind === "channel" ? [item.value] : []));
  return channels.length > 0 ? { channels } : {};
}

/** What the log shows of items: how many of each kind, and the mapping if there is only one item. */
function summaryOf(items: readonly Item[]): Record<string, unknown> {
  const counts: Partial<Record<Item["kind"], number>> = {};
  for (const { kind } of items) counts[kind] = (counts[kind] ?? 0) + 1;
  const [only, ...others] = items;
  if (only === undefined || only.kind === "person" || others.length > 0) return counts;
  const { mappingId } = only.value;
  return { ...(mappingId !== undefined && { mappingId }), ...counts };
}
