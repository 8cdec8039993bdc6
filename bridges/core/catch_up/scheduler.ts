import type { Logger } from "pino";
import type { Mapping, MappingId, Platform } from "../../platform.ts";
import type { Cursor, IngestBackend } from "../convex/backend.ts";
import { type Backoff, backoffMs } from "../shared/backoff.ts";
import { failureCode, PlatformError } from "../shared/errors.ts";
import type { BridgeIntake } from "../ingest/intake.ts";
import { recover } from "./one_mapping.ts";

const CATCH_UP_LIMITS = {
  /** Mappings caught up with at once: a slow one holds up no other until this many are slow. */
  atOnce: 8,
  /** How long one answer about cursors serves, in ms. An old one costs only repeated work. */
  cursorsMs: 1_000,
  /** Between tries at a mapping whose platform does not answer, or that keeps losing events. */
  retry: { first: 1_000, cap: 60_000 } satisfies Backoff,
  /** Between tries at a mapping that only a person can mend. */
  mend: { first: 60_000, cap: 10 * 60_000 } satisfies Backoff,
};
export type CatchUpLimits = typeof CATCH_UP_LIMITS;

/**
 * One mapping, from the view of this process:
 *   waiting   something may have been missed; its turn comes, at once or after a pause
 *   running   being caught up with; `again`: another gap since it began
 *   whole     caught up with, and nothing missed since
 */
type State =
  | { readonly kind: "waiting"; readonly timer?: NodeJS.Timeout }
  | { readonly kind: "running"; again: boolean }
  | { readonly kind: "whole" };

interface Entry {
  mapping: Mapping;
  state: State;
  /** When something was last missed (`performance.now()`). */
  brokenAt: number;
  failures: number;
}

export interface CatchUpOptions {
  readonly platform: Platform;
  readonly backend: IngestBackend;
  readonly intake: BridgeIntake;
  readonly log: Logger;
  readonly limits?: Partial<CatchUpLimits>;
}

/** Brings every mapping up to date after whatever may have made the process miss something. */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #limits: CatchUpLimits;
  readonly #entries = new Map<MappingId, Entry>();
  readonly #stopping = new AbortController();
  #cursors: { readonly at: number; readonly answer: Promise<Cursor[]> } | undefined;
  #started = false;
  #running = 0;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    this.#limits = { ...CATCH_UP_LIMITS, ...options.limits };
  }

  /** The platform can be asked from now on. */
  start(): void {
    this.#started = true;
    this.#next();
  }

  stop(): void {
    this.#stopping.abort();
    for (const { state } of this.#entries.values())
      if (state.kind === "waiting") clearTimeout(state.timer);
  }

  /** Mappings not yet caught up with. */
  get behind(): number {
    return [...this.#entries.values()].filter(({ state }) => state.kind !== "whole").length;
  }

  /** Mappings that wait for their next try. */
  get waiting(): number {
    const states = [...this.#entries.values()].map(({ state }) => state);
    return states.filter((state) => state.kind === "waiting" && state.timer !== undefined).length;
  }

  /** What is mapped now. One that is new, or mapped anew, begins un-whole. */
  mapped(mappings: readonly Mapping[]): void {
    const ids = new Set(mappings.map(({ mappingId }) => mappingId));
    for (const [id, { state }] of this.#entries) {
      if (ids.has(id)) continue;
      if (state.kind === "waiting") clearTimeout(state.timer);
      this.#options.intake.wholeness.broken(id);
      this.#entries.delete(id);
    }
    for (const mapping of mappings) {
      const entry = this.#entries.get(mapping.mappingId);
      // Under another id the platform tells what was said there while nobody listened.
      const isNew =
        entry?.mapping.since !== mapping.since || entry.mapping.externalId !== mapping.externalId;
      if (entry) entry.mapping = mapping;
      else
        this.#entries.set(mapping.mappingId, {
          mapping,
          state: { kind: "waiting" },
          brokenAt: 0,
          failures: 0,
        });
      if (isNew) this.#brokenNow(mapping.mappingId);
    }
    if (this.#cursors && mappings.length > 0) this.#cursors = undefined;
    this.#next();
  }

  /** Every mapping may have missed something, or the one that is named. */
  gap(why: string, mappingId?: MappingId): void {
    this.#options.log.info({ why, ...(mappingId && { mappingId }) }, "catching up");
    if (mappingId === undefined) for (const id of this.#entries.keys()) this.#broken(id);
    else this.#brokenNow(mappingId);
    this.#next();
  }

  /** One mapping has missed something. */
  lost(mappingId: MappingId): void {
    const entry = this.#entries.get(mappingId);
    if (!entry) return;
    // Events are lost in crowds: one catch-up after a moment serves them all.
    if (entry.state.kind === "whole") this.#wait(entry, this.#limits.retry.first);
    this.#broken(mappingId);
  }

  #broken(id: MappingId): void {
    this.#options.intake.wholeness.broken(id);
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.brokenAt = performance.now();
    if (entry.state.kind === "running") entry.state.again = true;
    else if (entry.state.kind === "whole") entry.state = { kind: "waiting" };
  }

  /** The same where waiting has lost its reason: what stood in the way is mended, or a person has changed something. */
  #brokenNow(id: MappingId): void {
    this.#broken(id);
    const entry = this.#entries.get(id);
    if (entry?.state.kind !== "waiting") return;
    clearTimeout(entry.state.timer);
    entry.state = { kind: "waiting" };
  }

  #wait(entry: Entry, ms: number): void {
    const timer = setTimeout(() => {
      entry.state = { kind: "waiting" };
      this.#next();
    }, ms);
    entry.state = { kind: "waiting", timer };
  }

  /** Starts as many as may run at once. */
  #next(): void {
    if (!this.#started) return;
    for (const entry of this.#entries.values()) {
      if (this.#running >= this.#limits.atOnce || this.#stopping.signal.aborted) return;
      if (entry.state.kind !== "waiting" || entry.state.timer !== undefined) continue;
      const state = { kind: "running", again: false } as const;
      entry.state = state;
      this.#running += 1;
      void this.#run(entry).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  /** Never rejects. Leaves the entry whole or waiting. */
  async #run(entry: Entry): Promise<void> {
    const { intake, log } = this.#options;
    const { mapping } = entry;
    const { mappingId } = mapping;
    try {
      const outcome = await this.#recover(entry);
      if (outcome === undefined) {
        // No longer active, or not yet to this deployment's queries; the subscription tells.
        this.#wait(entry, backoffMs(++entry.failures, this.#limits.retry));
        return;
      }
      const { trouble, ...result } = outcome;
      // Another gap since it began: what that one finds is newer.
      const isNewest = !(entry.state.kind === "running" && entry.state.again);
      if (isNewest) intake.health({ mappingId, direction: "in", ...(trouble && { trouble }) });
      log.info({ mappingId, ...result }, "caught up");
      if (!isNewest) {
        this.#wait(entry, backoffMs(++entry.failures, this.#limits.retry));
        return;
      }
      entry.failures = 0;
      entry.state = { kind: "whole" };
      if (this.#entries.get(mappingId) === entry) intake.wholeness.made(mappingId);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#wait(entry, this.#failed(entry, error));
    }
  }

  async #recover({ mapping, brokenAt }: Entry) {
    const { platform, backend, intake } = this.#options;
    const cursor = (await this.#cursorsNow()).find((row) => row.mappingId === mapping.mappingId);
    if (!cursor) return undefined;
    const now = Date.now();
    return await recover(mapping, cursor, {
      platform: platform.name,
      history: platform.history,
      standing: (question) => backend.standing(question),
      offer: (event) => intake.offer(event),
      committed: (advance) => intake.committed(advance),
      problem: (problem) => intake.problem(problem),
      latest: intake.wholeness.latest(now),
      now,
      brokenAt,
      signal: this.#stopping.signal,
    });
  }

  async #cursorsNow(): Promise<Cursor[]> {
    const now = performance.now();
    const asked = this.#cursors;
    if (asked && now - asked.at < this.#limits.cursorsMs) return await asked.answer;
    const answer = this.#options.backend.cursors();
    this.#cursors = { at: now, answer };
    try {
      return await answer;
    } catch (error) {
      this.#cursors = undefined;
      throw error;
    }
  }

  /** What to make of a failure; ms until the next try. */
  #failed(entry: Entry, error: unknown): number {
    const { intake, log } = this.#options;
    const { mappingId } = entry.mapping;
    entry.failures += 1;
    log.warn({ mappingId, code: failureCode(error) }, "cannot catch up yet");
    if (!(error instanceof PlatformError) || error.retryable) {
      const wait = error instanceof PlatformError ? error.retryAfterMs : undefined;
      return wait ?? backoffMs(entry.failures, this.#limits.retry);
    }
    const { code, message: reason, step } = error;
    // Mended since it was tried, or so somebody says.
    if (entry.state.kind === "running" && entry.state.again)
      return backoffMs(entry.failures, this.#limits.retry);
    const trouble = { code, reason, ...(step === undefined ? {} : { step }) };
    intake.health({ mappingId, direction: "in", trouble });
    return backoffMs(entry.failures, this.#limits.mend);
  }
}
