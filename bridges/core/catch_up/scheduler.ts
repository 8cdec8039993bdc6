import type { Logger } from "pino";
import type { Mapping, MappingId, Platform, Trouble } from "../../platform.ts";
import type { Cursor, IngestBackend } from "../convex/backend.ts";
import type { CursorTracker } from "../ingest/cursor_tracker.ts";
import type { BridgeIntake } from "../ingest/intake.ts";
import { type Backoff, backoffMs } from "../shared/backoff.ts";
import { failureCode, PlatformError } from "../shared/errors.ts";
import { type CatchUpResult, MappingCatchUp } from "./one_mapping.ts";

const CATCH_UP_LIMITS = {
  /** Mappings caught up at the same time: a slow one delays the others only once this many are slow. */
  atOnce: 8,
  /** How long one answer about cursors is used, in ms. An old one costs only repeated work. */
  cursorsMs: 1_000,
  /** Between attempts at a mapping whose platform does not answer, or that keeps losing events. */
  retry: { first: 1_000, cap: 60_000 } satisfies Backoff,
  /** After failing for so long, in ms, a catch-up that only has to be retried shows in the status too. */
  stuckMs: 60_000,
  /** Between attempts at a mapping that needs an admin. */
  retryBroken: { first: 60_000, cap: 10 * 60_000 } satisfies Backoff,
};
export type CatchUpLimits = typeof CATCH_UP_LIMITS;

/**
 * One mapping, as this process sees it:
 *   waiting   may have missed an event; caught up as soon as possible, or when `timer` ends
 *   running   being caught up; `again`: another gap since it began
 *   current   caught up, and has missed nothing since
 */
type State =
  | { readonly kind: "waiting"; readonly timer?: NodeJS.Timeout }
  | { readonly kind: "running"; again: boolean }
  | { readonly kind: "current" };

interface Entry {
  mapping: Mapping;
  state: State;
  /** When it last may have missed an event (`performance.now()`). */
  gapAt: number;
  failures: number;
  /** When the first attempt of them failed (`performance.now()`): another gap only repeats one. */
  failingSince: number | undefined;
}

export interface CatchUpSchedulerOptions {
  readonly platform: Platform;
  readonly backend: IngestBackend;
  readonly intake: BridgeIntake;
  readonly cursors: CursorTracker;
  readonly log: Logger;
  readonly limits?: Partial<CatchUpLimits>;
}

/** Catches mappings up after anything that may have made this process miss an event. */
export class CatchUpScheduler {
  readonly #options: CatchUpSchedulerOptions;
  readonly #limits: CatchUpLimits;
  readonly #entries = new Map<MappingId, Entry>();
  readonly #stopping = new AbortController();
  #cursors: { readonly at: number; readonly answer: Promise<Cursor[]> } | undefined;
  #started = false;
  #running = 0;

  constructor(options: CatchUpSchedulerOptions) {
    this.#options = options;
    this.#limits = { ...CATCH_UP_LIMITS, ...options.limits };
  }

  /** Call once the platform's history can be read. */
  start(): void {
    this.#started = true;
    this.#startNext();
  }

  stop(): void {
    this.#stopping.abort();
    for (const { state } of this.#entries.values()) clearTimer(state);
  }

  /** Sets what is mapped now. A mapping that is new, or was mapped again, starts with a gap. */
  setMappings(mappings: readonly Mapping[]): void {
    const ids = new Set(mappings.map(({ mappingId }) => mappingId));
    for (const [id, { state }] of this.#entries) {
      if (ids.has(id)) continue;
      clearTimer(state);
      this.#options.cursors.markGap(id);
      this.#entries.delete(id);
    }
    for (const mapping of mappings) this.#setMapping(mapping);
    if (mappings.length > 0) this.#cursors = undefined;
    this.#startNext();
  }

  /** Every mapping may have missed an event, or only `mappingId`. */
  gap(why: string, mappingId?: MappingId): void {
    this.#options.log.info({ why, ...(mappingId && { mappingId }) }, "catching up");
    if (mappingId === undefined) for (const id of this.#entries.keys()) this.#markGap(id);
    else this.#markGapAndRetry(mappingId);
    this.#startNext();
  }

  /** One mapping has lost an event. */
  eventLost(mappingId: MappingId): void {
    const entry = this.#entries.get(mappingId);
    if (!entry) return;
    // Events are lost in groups: one catch-up after a moment covers them all.
    if (entry.state.kind === "current") this.#wait(entry, this.#limits.retry.first);
    this.#markGap(mappingId);
  }

  #setMapping(mapping: Mapping): void {
    const entry = this.#entries.get(mapping.mappingId);
    // Under another channel id, the platform has messages that this process did not receive.
    const isSame =
      entry?.mapping.since === mapping.since && entry.mapping.externalId === mapping.externalId;
    if (entry) entry.mapping = mapping;
    else {
      const state = { kind: "waiting" } as const;
      this.#entries.set(mapping.mappingId, { mapping, state, gapAt: 0, ...NO_FAILURE });
    }
    if (!isSame) this.#markGapAndRetry(mapping.mappingId);
  }

  #markGap(id: MappingId): void {
    this.#options.cursors.markGap(id);
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.gapAt = performance.now();
    if (entry.state.kind === "running") entry.state.again = true;
    else if (entry.state.kind === "current") entry.state = { kind: "waiting" };
  }

  /** Also ends a wait: whatever it waited for has changed. */
  #markGapAndRetry(id: MappingId): void {
    this.#markGap(id);
    const entry = this.#entries.get(id);
    if (entry?.state.kind !== "waiting") return;
    clearTimer(entry.state);
    entry.state = { kind: "waiting" };
  }

  #wait(entry: Entry, ms: number): void {
    const timer = setTimeout(() => {
      entry.state = { kind: "waiting" };
      this.#startNext();
    }, ms);
    entry.state = { kind: "waiting", timer };
  }

  /** Starts as many catch-ups as may run at the same time. */
  #startNext(): void {
    if (!this.#started) return;
    for (const entry of this.#entries.values()) {
      if (this.#running >= this.#limits.atOnce || this.#stopping.signal.aborted) return;
      if (entry.state.kind !== "waiting" || entry.state.timer !== undefined) continue;
      entry.state = { kind: "running", again: false };
      this.#running += 1;
      void this.#run(entry).finally(() => {
        this.#running -= 1;
        this.#startNext();
      });
    }
  }

  /** Never rejects. Leaves the entry current or waiting. */
  async #run(entry: Entry): Promise<void> {
    try {
      const result = await this.#catchUp(entry);
      if (result === undefined || !this.#finish(entry, result))
        this.#wait(entry, backoffMs(++entry.failures, this.#limits.retry));
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#wait(entry, this.#failed(entry, error));
    }
  }

  /** Undefined if the mapping is not active any more, or not yet in the answer about cursors. */
  async #catchUp({ mapping, gapAt }: Entry): Promise<CatchUpResult | undefined> {
    const { platform, backend, intake, cursors } = this.#options;
    const cursor = (await this.#readCursors()).find((row) => row.mappingId === mapping.mappingId);
    if (!cursor) return undefined;
    const catchUp = new MappingCatchUp(mapping, cursor, {
      platform: platform.name,
      history: platform.history,
      backend,
      intake,
      cursors,
      now: Date.now(),
      gapAt,
      signal: this.#stopping.signal,
    });
    return await catchUp.run();
  }

  /** Returns whether the mapping is current: false if it has had another gap since the catch-up began. */
  #finish(entry: Entry, { trouble, ...result }: CatchUpResult): boolean {
    const { intake, cursors, log } = this.#options;
    const { mappingId } = entry.mapping;
    const isCurrent = !hasNewGap(entry);
    // What a later gap reported is newer.
    if (isCurrent) intake.health({ mappingId, direction: "in", ...(trouble && { trouble }) });
    log.info({ mappingId, ...result }, "caught up");
    if (!isCurrent) return false;
    Object.assign(entry, NO_FAILURE);
    entry.state = { kind: "current" };
    if (this.#entries.get(mappingId) === entry) cursors.markComplete(mappingId);
    return true;
  }

  /** Reports a failure. Returns ms until the next attempt. */
  #failed(entry: Entry, error: unknown): number {
    const { intake, log } = this.#options;
    const { mappingId } = entry.mapping;
    const now = performance.now();
    entry.failingSince ??= now;
    entry.failures += 1;
    log.warn({ mappingId, code: failureCode(error) }, "cannot catch up yet");
    if (!(error instanceof PlatformError) || error.retryable) {
      const asked = error instanceof PlatformError ? error.retryAfterMs : undefined;
      const wait = asked ?? backoffMs(entry.failures, this.#limits.retry);
      if (now + wait - entry.failingSince >= this.#limits.stuckMs)
        intake.health({ mappingId, direction: "in", trouble: stuck(error) });
      return wait;
    }
    // Something has changed since this attempt began.
    if (hasNewGap(entry)) return backoffMs(entry.failures, this.#limits.retry);
    const { code, message: reason, step } = error;
    const trouble = { code, reason, ...(step !== undefined && { step }) };
    intake.health({ mappingId, direction: "in", trouble });
    return backoffMs(entry.failures, this.#limits.retryBroken);
  }

  async #readCursors(): Promise<Cursor[]> {
    const now = performance.now();
    const earlier = this.#cursors;
    if (earlier && now - earlier.at < this.#limits.cursorsMs) return await earlier.answer;
    const answer = this.#options.backend.cursors();
    this.#cursors = { at: now, answer };
    try {
      return await answer;
    } catch (error) {
      this.#cursors = undefined;
      throw error;
    }
  }
}

const NO_FAILURE = { failures: 0, failingSince: undefined };

/** What the status shows of a failure that is retried. */
function stuck(error: unknown): Trouble {
  const isPlatform = error instanceof PlatformError;
  const why = isPlatform ? error.message : "the bridge fails while it catches up";
  return {
    code: failureCode(error),
    reason: `messages from a gap are not read yet: ${why}`,
    step: "It is retried by itself; if it lasts, read the bridge's log",
  };
}

function hasNewGap({ state }: Entry): boolean {
  return state.kind === "running" && state.again;
}

function clearTimer(state: State): void {
  if (state.kind === "waiting") clearTimeout(state.timer);
}
