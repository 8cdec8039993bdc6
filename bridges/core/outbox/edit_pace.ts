import type { LiveEdits } from "../../platform.ts";

/** When the posts of answers that are being written may be edited next, as far as the lanes share a limit. */
export class EditPace {
  #freeAt = 0;

  constructor(private readonly limits: LiveEdits) {}

  /** Between two edits in one lane, in ms. */
  get laneMs(): number {
    return this.limits.laneMs;
  }

  /** How long to wait before the next edit in any lane, in ms. */
  waitMs(): number {
    return Math.max(0, this.#freeAt - performance.now());
  }

  /** An edit starts. */
  take(): void {
    this.#freeAt = performance.now() + this.limits.allMs;
  }

  /** The platform asks one lane to wait for `ms`: so do the others, if they share a limit. */
  hold(ms: number): void {
    if (this.limits.allMs > 0) this.#freeAt = Math.max(this.#freeAt, performance.now() + ms);
  }
}
