import type { Logger } from "pino";
import type { ChannelNews, Health, Person, Problem } from "../../platform.ts";
import type { Report } from "../convex/backend.ts";
import { type Backoff, backoffMs, pause, settledWithin } from "../shared/backoff.ts";
import { failureCode, NotTaken } from "../shared/errors.ts";

const REPORT_LIMITS = {
  /** Items in one call. */
  batch: 100,
  /** How long items gather before a call, in ms. Below the second that the backend waits for a new person's name. */
  gatherMs: 300,
  /** Items kept while Convex is away; beyond it a new name drives out the oldest. */
  waiting: 5_000,
  retry: { first: 1_000, cap: 60_000 } satisfies Backoff,
};
export type ReportLimits = typeof REPORT_LIMITS;

type Item =
  | { readonly kind: "person"; readonly person: Person }
  | { readonly kind: "health"; readonly health: Health }
  | { readonly kind: "channel"; readonly news: ChannelNews }
  | { readonly kind: "problem"; readonly problem: Problem };

interface Waiting {
  readonly item: Item;
  readonly stored: () => void;
  readonly dropped: (error: NotTaken) => void;
}

/**
 * What the bridge tells Convex besides events, gathered into few calls. The newest word on a person or on one
 * direction of a mapping replaces an older one; problems are kept until they are stored.
 */
export class Reports {
  readonly #send: (report: Report) => Promise<void>;
  readonly #log: Logger;
  readonly #limits: ReportLimits;
  readonly #waiting = new Map<string, Waiting>();
  /** The last word told of each direction of a mapping, so that repeating it costs nothing. */
  readonly #health = new Map<string, string>();
  readonly #ended = new AbortController();
  #hurry = new AbortController();
  #running: Promise<void> | undefined;
  #batch: number;
  #count = 0;

  constructor(
    send: (report: Report) => Promise<void>,
    log: Logger,
    limits: Partial<ReportLimits> = {},
  ) {
    this.#send = send;
    this.#log = log;
    this.#limits = { ...REPORT_LIMITS, ...limits };
    this.#batch = this.#limits.batch;
  }

  /** Best effort: a name forgotten here is learned again. */
  named(person: Person): void {
    if (this.#waiting.size >= this.#limits.waiting) this.#forgetOldestName();
    void this.#add(`person ${person.workspaceId} ${person.externalId}`, { kind: "person", person });
  }

  /** Kept until stored; the newest word on a channel says all the earlier ones did. Resolves and rejects as `problem`. */
  channel(news: ChannelNews): Promise<void> {
    const key = `channel ${news.mappingId}`;
    const waiting = this.#waiting.get(key);
    const earlier = waiting?.item.kind === "channel" ? waiting.item.news : undefined;
    const promise = this.#add(key, { kind: "channel", news: { ...earlier, ...news } });
    if (waiting) promise.then(waiting.stored, waiting.dropped);
    return promise;
  }

  health(health: Health): void {
    const key = `health ${health.mappingId} ${health.direction}`;
    const word = JSON.stringify(health.trouble ?? null);
    // Of posting Convex itself says how it went, so the last word here need not be what stands there.
    if (health.direction === "in" && this.#health.get(key) === word) return;
    this.#health.set(key, word);
    void this.#add(key, { kind: "health", health });
  }

  /** Resolves once stored. Rejects with `NotTaken` when the process stops before. */
  problem(problem: Problem): Promise<void> {
    this.#count += 1;
    return this.#add(`problem ${String(this.#count)}`, { kind: "problem", problem });
  }

  /** Sends what waits; whether all of it was stored within `ms`. */
  async drain(ms: number): Promise<boolean> {
    this.#hurry.abort();
    return this.#running === undefined || settledWithin(this.#running, ms);
  }

  /** Lets go of what is left. */
  end(): void {
    this.#ended.abort();
    this.#hurry.abort();
    for (const { dropped } of this.#waiting.values()) dropped(new NotTaken("stopping"));
    this.#waiting.clear();
  }

  #forgetOldestName(): void {
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
      // Hurrying is for what waits, not for what Convex refuses.
      if (failures > 0) this.#hurry = new AbortController();
    }
    this.#running = undefined;
  }

  /** Sends the oldest items. After a failure fewer, and those last, so that one bad item holds up no other. */
  async #sendBatch(): Promise<boolean> {
    const batch = [...this.#waiting].slice(0, this.#batch);
    const items = batch.map(([, { item }]) => item);
    try {
      await this.#send({
        people: items.flatMap((item) => (item.kind === "person" ? [item.person] : [])),
        health: items.flatMap((item) => (item.kind === "health" ? [item.health] : [])),
        ...channelsOf(items),
        problems: items.flatMap((item) => (item.kind === "problem" ? [item.problem] : [])),
      });
    } catch (error) {
      const about = { code: failureCode(error), ...whatIn(items) };
      this.#log.warn(about, "Convex did not take a report, it is sent again");
      for (const [key, waiting] of batch) {
        // A newer word may have come meanwhile, and a name isn't worth a second try.
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
  const channels = items.flatMap((item) => (item.kind === "channel" ? [item.news] : []));
  return channels.length > 0 ? { channels } : {};
}

/** What a log may tell of items: how many of which kind, and of a lone one its mapping. */
function whatIn(items: readonly Item[]): Record<string, unknown> {
  const counts: Partial<Record<Item["kind"], number>> = {};
  for (const { kind } of items) counts[kind] = (counts[kind] ?? 0) + 1;
  const [only, ...others] = items;
  const mappingId = others.length === 0 && only ? mappingIn(only) : undefined;
  return { ...(mappingId !== undefined && { mappingId }), ...counts };
}

function mappingIn(item: Item): string | undefined {
  switch (item.kind) {
    case "person":
      return undefined;
    case "health":
      return item.health.mappingId;
    case "channel":
      return item.news.mappingId;
    case "problem":
      return item.problem.mappingId;
  }
}
