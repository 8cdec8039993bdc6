import type { Logger } from "pino";
import { positionAt } from "../../../convex/model/shared/positions.ts";
import type {
  BridgeEvent,
  Mapping,
  MappingId,
  MessageEvent,
  PlatformName,
} from "../../platform.ts";
import type { Advance } from "../convex/backend.ts";
import { failureCode } from "../shared/errors.ts";

/** How often live events move a mapping's cursor, in ms: one write a minute, not one for each message. */
const LIVE_EVERY_MS = 60_000;

/** How long advances are gathered before a call, and how long they wait after a failure, in ms. */
const GATHER_MS = 500;
const RETRY_MS = 10_000;

/** Advances in one call. */
const BATCH = 100;

export interface CursorTrackerOptions {
  readonly platform: PlatformName;
  /** See `History.eventDelayMs`. */
  readonly eventDelayMs: number;
  /** Moves cursors in Convex. Rejects when it moved none. */
  readonly send: (advances: Advance[]) => Promise<unknown>;
  readonly log: Logger;
  /** ms since 1970. */
  readonly now?: () => number;
}

/** Moves one mapping's cursor while a catch-up runs. */
export interface CatchUpCursor {
  /** Everything up to `upTo` is committed. */
  committed(upTo: string): void;
  /** The catch-up is complete. */
  finished(result: NonNullable<Advance["caughtUp"]>): void;
}

/**
 * Owns the cursors of one platform's mappings: which may move, how far, and when they are sent to Convex.
 *
 * A mapping is complete from the end of a catch-up until the next gap. Only live events of a complete mapping move its
 * cursor: otherwise the gap would be hidden from the next process (docs/races.md#a-live-message-hides-a-gap).
 */
export class CursorTracker {
  readonly #options: CursorTrackerOptions;
  readonly #now: () => number;
  /** Complete mappings, and when live events last moved their cursor. */
  readonly #complete = new Map<MappingId, number>();
  /** Advances of catch-ups that Convex does not have yet. */
  readonly #pending = new Map<MappingId, Advance>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CursorTrackerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  isComplete(mappingId: MappingId): boolean {
    return this.#complete.has(mappingId);
  }

  /** The mapping may have missed an event. */
  markGap(mappingId: MappingId): void {
    this.#complete.delete(mappingId);
  }

  /** The mapping has been caught up, and has missed nothing since. */
  markComplete(mappingId: MappingId): void {
    this.#complete.set(mappingId, this.#now());
  }

  /** The cursor of a catch-up that starts now from position `from`. */
  catchUp({ mappingId, since }: Mapping, from: string): CatchUpCursor {
    const newest = this.#newestAt(this.#now());
    return {
      committed: (upTo) => {
        if (upTo <= newest) this.advance({ mappingId, since, upTo });
      },
      finished: (caughtUp) => {
        this.advance({ mappingId, since, upTo: newest > from ? newest : from, caughtUp });
      },
    };
  }

  /** Records how far a mapping is committed. Sent soon, together with the advances of other mappings. */
  advance(advance: Advance): void {
    const pending = this.#pending.get(advance.mappingId);
    // After the channel was mapped again, an advance of the earlier mapping has no meaning.
    const earlier = pending?.since === advance.since ? pending : undefined;
    const upTo = earlier && earlier.upTo > advance.upTo ? earlier.upTo : advance.upTo;
    this.#pending.set(advance.mappingId, { ...earlier, ...advance, upTo });
    this.#flushIn(GATHER_MS);
  }

  /** Sends pending advances, in calls without events: an advance that Convex refuses must keep no event out. */
  async flush(): Promise<void> {
    while (this.#pending.size > 0) {
      const batch = [...this.#pending.values()].slice(0, BATCH);
      for (const { mappingId } of batch) this.#pending.delete(mappingId);
      try {
        await this.#options.send(batch);
      } catch (error) {
        this.#restore(batch);
        this.#options.log.warn({ code: failureCode(error) }, "moving cursors failed");
        this.#flushIn(RETRY_MS);
        return;
      }
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /**
   * How far a batch moves the cursors of complete mappings, at most once a minute each. `uncommitted` gives every
   * message in the queue, including the batch: no cursor may pass one (docs/races.md#two-processes-share-a-cursor).
   */
  liveAdvances(
    batch: readonly BridgeEvent[],
    uncommitted: () => Iterable<MessageEvent>,
  ): Advance[] {
    const positions = this.#livePositions(batch);
    if (positions.size === 0) return [];
    const inBatch = new Set<BridgeEvent>(batch);
    for (const event of uncommitted()) {
      const upTo = positions.get(event.mappingId);
      if (upTo !== undefined && event.position <= upTo && !inBatch.has(event))
        positions.delete(event.mappingId);
    }
    return [...positions].map(([mappingId, upTo]) => ({ mappingId, upTo }));
  }

  /** The batch with these live advances was committed. */
  liveAdvanced(advances: readonly Advance[]): void {
    for (const { mappingId } of advances)
      if (this.#complete.has(mappingId)) this.#complete.set(mappingId, this.#now());
  }

  /** The newest position of each complete mapping in the batch whose cursor may move again. */
  #livePositions(batch: readonly BridgeEvent[]): Map<MappingId, string> {
    const positions = new Map<MappingId, string>();
    const now = this.#now();
    const newest = this.#newestAt(now);
    for (const event of batch) {
      const movedAt = this.#complete.get(event.mappingId);
      if (event.type !== "message" || movedAt === undefined) continue;
      if (now - movedAt < LIVE_EVERY_MS) continue;
      const position = event.position > newest ? newest : event.position;
      if ((positions.get(event.mappingId) ?? "") < position)
        positions.set(event.mappingId, position);
    }
    return positions;
  }

  /** The newest position a cursor may have at time `at`. Every event before that position has arrived or never will. */
  #newestAt(at: number): string {
    return positionAt(this.#options.platform, at - this.#options.eventDelayMs);
  }

  #restore(batch: readonly Advance[]): void {
    for (const advance of batch) {
      const newer = this.#pending.get(advance.mappingId);
      this.#pending.set(advance.mappingId, newer ? { ...advance, ...newer } : advance);
    }
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, ms);
  }
}
