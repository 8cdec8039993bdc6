import { positionAt } from "../../../convex/model/shared/positions.ts";
import type { BridgeEvent, MappingId, MessageEvent, PlatformName } from "../../platform.ts";
import type { Advance } from "../convex/backend.ts";

/** How often live events move a mapping's cursor, in ms: one write a minute, not one a message. */
const LIVE_EVERY_MS = 60_000;

/** Advances that ride along with one call. */
const MOST_AT_ONCE = 100;

export interface CursorTrackerOptions {
  readonly platform: PlatformName;
  /** See `History.eventDelayMs`. */
  readonly eventDelayMs: number;
  /** ms since 1970. */
  readonly now?: () => number;
}

/**
 * For which mappings nothing was missed, and what may therefore be said of their cursors. A session is whole for a
 * mapping from the end of a catch-up until the next gap, and only live events of a whole session move the cursor:
 * anything else would hide the gap from the next process [A1, A2, A4].
 */
export class CursorTracker {
  readonly #options: CursorTrackerOptions;
  readonly #now: () => number;
  /** Whole mappings, and when live events last moved their cursor. */
  readonly #whole = new Map<MappingId, number>();
  /** What catch-ups have found to be committed, to ride along with the next call. */
  readonly #known = new Map<MappingId, Advance>();

  constructor(options: CursorTrackerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  isWhole(mappingId: MappingId): boolean {
    return this.#whole.has(mappingId);
  }

  broken(mappingId: MappingId): void {
    this.#whole.delete(mappingId);
  }

  made(mappingId: MappingId): void {
    this.#whole.set(mappingId, this.#now());
  }

  /** Where a cursor may be at the most at `at`: what is younger may still be under way [A5]. */
  latest(at: number): string {
    return positionAt(this.#options.platform, at - this.#options.eventDelayMs);
  }

  /** A catch-up knows that everything up to there is committed. */
  committed(advance: Advance): void {
    const known = this.#known.get(advance.mappingId);
    // Mapped anew meanwhile: what was known of it before is of no use.
    const before = known?.since === advance.since ? known : undefined;
    const upTo = before && before.upTo > advance.upTo ? before.upTo : advance.upTo;
    this.#known.set(advance.mappingId, { ...before, ...advance, upTo });
  }

  get hasNews(): boolean {
    return this.#known.size > 0;
  }

  /** The advances that go with a call. Ends with `failed` if the call fails. */
  take(): Advance[] {
    const taken = [...this.#known.values()].slice(0, MOST_AT_ONCE);
    for (const { mappingId } of taken) this.#known.delete(mappingId);
    return taken;
  }

  failed(taken: readonly Advance[]): void {
    for (const advance of taken) {
      const newer = this.#known.get(advance.mappingId);
      this.#known.set(advance.mappingId, newer ? { ...advance, ...newer } : advance);
    }
  }

  /**
   * How far a batch moves the cursors of whole mappings, at most once a minute each. `uncommitted`: every message in
   * the queue, those of the batch included; none of them may be left behind a cursor.
   */
  live(batch: readonly BridgeEvent[], uncommitted: () => Iterable<MessageEvent>): Advance[] {
    const newest = new Map<MappingId, string>();
    const now = this.#now();
    for (const event of batch) {
      const movedAt = this.#whole.get(event.mappingId);
      if (event.type === "delete" || movedAt === undefined || now - movedAt < LIVE_EVERY_MS)
        continue;
      if ((newest.get(event.mappingId) ?? "") < event.position)
        newest.set(event.mappingId, event.position);
    }
    if (newest.size === 0) return [];
    const latest = this.latest(now);
    for (const [mappingId, position] of newest)
      if (position > latest) newest.set(mappingId, latest);
    const inBatch = new Set<BridgeEvent>(batch);
    for (const event of uncommitted()) {
      const upTo = newest.get(event.mappingId);
      if (upTo !== undefined && event.position <= upTo && !inBatch.has(event))
        newest.delete(event.mappingId);
    }
    return [...newest].map(([mappingId, upTo]) => ({ mappingId, upTo }));
  }

  /** The batch with these live advances was committed. */
  moved(advances: readonly Advance[]): void {
    for (const { mappingId } of advances)
      if (this.#whole.has(mappingId)) this.#whole.set(mappingId, this.#now());
  }
}
