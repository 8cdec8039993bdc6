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
}

/**
 * Sends Convex what the bridge reports besides events, in few calls. The newest state of a person, or of one direction
 * of a mapping, replaces an older one. Problems are kept until they are stored.
 */
export class Reporter {
  readonly #limits: ReportLimits;
  readonly #waiting = new Map<string, Waiting>();
  /** The last state reported of each direction of a mapping, so that repeating it costs nothing. */
  readonly #health = new Map<string, string>();
  readonly #ended = new AbortController();
  #hurry = new AbortController();
  #running: Promise<void> | undefined;
  #batch: number;
  #count = 0;

  constructor(
    private readonly send: (report: Report) => Promise<void>,
    private readonly log: Logger,
    limits: Partial<ReportLimits> = {},
  ) {
    this.#limits = { ...REPORT_LIMITS, ...limits };
    this.#batch = this.#limits.batch;
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

  /** Resolves once stored. Rejects with `NotTaken` if the process stops before. */
  problem(problem: Problem): Promise<void> {
    this.#count += 1;
    return this.#add(`problem ${String(this.#count)}`, { kind: "problem", value: problem });
  }

  /** Sends what is left. Returns whether all of it was stored within `ms`. */
  async drain(ms: number): Promise<boolean> {
    this.#hurry.abort();
    return this.#running === undefined || settledWithin(this.#running, ms);
  }

  /** Drops what is left. */
  end(): void {
    this.#ended.abort();
    this.#hurry.abort();
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
    const promise = new Promise<void>((stored, dropped) => {
      if (this.#ended.signal.aborted) dropped(new NotTaken("stopping"));
      else this.#waiting.set(key, { item, stored, dropped });
    });
    promise.catch(() => undefined);
    if (this.#waiting.size > 0) this.#running ??= this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#waiting.size > 0 && !this.#ended.signal.aborted) {
      const wait = failures > 0 ? backoffMs(failures, this.#limits.retry) : this.#limits.gatherMs;
      await pause(wait, this.#hurry.signal);
      failures = (await this.#sendBatch()) ? 0 : failures + 1;
      // A drain shortens the gathering, not the wait after a failure.
      if (failures > 0) this.#hurry = new AbortController();
    }
    this.#running = undefined;
  }

  /** Sends the oldest items. Failed ones go last and in smaller batches, so one bad item delays no other. */
  async #sendBatch(): Promise<boolean> {
    const batch = [...this.#waiting].slice(0, this.#batch);
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
      this.log.warn(about, "sending a report failed, it is retried");
      for (const [key, waiting] of batch) {
        // It may have been replaced meanwhile, and a name is not worth a second attempt.
        if (this.#waiting.get(key) !== waiting) continue;
        this.#waiting.delete(key);
        if (waiting.item.kind !== "person") this.#waiting.set(key, waiting);
      }
      this.#batch = Math.max(1, Math.floor(this.#batch / 2));
      return false;
    }
    for (const [key, waiting] of batch) {
      if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
      waiting.stored();
    }
    this.#batch = Math.min(this.#limits.batch, this.#batch * 2);
    return true;
  }
}

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
