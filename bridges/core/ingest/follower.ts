import type { Outcome } from "../../platform.ts";

/** How many of the latest events count. */
const WINDOW = 50;
/** With fewer events than this, the process does not count as a follower. */
const MIN_EVENTS = 10;
/** The minimum share of them that Convex already had. */
const SHARE = 0.9;

/**
 * Detects whether another process of the platform usually commits first: Convex had nearly all recent events already.
 * There is no election: when the other process stops, our events are new again, and this changes within `WINDOW` events.
 */
export class FollowerDetector {
  #recent: boolean[] = [];

  note(outcomes: readonly Outcome[]): void {
    const counted = outcomes.filter((outcome) => outcome !== "ignored" && outcome !== "inactive");
    this.#recent = [...this.#recent, ...counted.map((outcome) => outcome === "known")].slice(
      -WINDOW,
    );
  }

  get isFollower(): boolean {
    const known = this.#recent.filter(Boolean).length;
    return this.#recent.length >= MIN_EVENTS && known >= this.#recent.length * SHARE;
  }
}
