import type { Outcome } from "../../platform.ts";

/** Events looked back on. */
const WINDOW = 50;
/** Fewer than this say nothing. */
const ENOUGH = 10;
const SHARE = 0.9;

/**
 * Whether another process of the platform is usually first: nearly everything we sent lately was known already.
 * No election: when the other falls silent our events are news again, and the sense fades within `WINDOW`.
 */
export class FollowerSense {
  #recent: boolean[] = [];

  note(outcomes: readonly Outcome[]): void {
    const told = outcomes.filter((outcome) => outcome !== "ignored" && outcome !== "inactive");
    this.#recent = [...this.#recent, ...told.map((outcome) => outcome === "known")].slice(-WINDOW);
  }

  get isFollower(): boolean {
    const known = this.#recent.filter(Boolean).length;
    return this.#recent.length >= ENOUGH && known >= this.#recent.length * SHARE;
  }
}
