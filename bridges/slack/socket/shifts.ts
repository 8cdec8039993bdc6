import { pause } from "../../core/shared/backoff.ts";

/**
 * When each of two sockets may open, so that they never have the same age: one opens at once while there is no other,
 * and else only when the other is older by `ageGapMs` (ms). Tells when there was none for a moment.
 */
export class Shifts {
  /** Sockets that are opening (without a time) or open, and since when (ms, monotonic). */
  readonly #openedAt = new Map<number, number | undefined>();
  #hadSocket = false;
  #changed = new AbortController();

  constructor(
    private readonly ageGapMs: number,
    private readonly gap: () => void,
  ) {}

  /** Resolves when this socket may open, or `signal` aborts. `opened` or `lost` follows. */
  async turn(index: number, signal: AbortSignal): Promise<void> {
    for (let wait = this.#wait(index); wait > 0 && !signal.aborted; wait = this.#wait(index)) {
      await pause(wait, AbortSignal.any([signal, this.#changed.signal]));
    }
    this.#openedAt.set(index, undefined);
  }

  opened(index: number): void {
    const isAlone = [...this.#openedAt.values()].every((at) => at === undefined);
    this.#openedAt.set(index, performance.now());
    if (isAlone && this.#hadSocket) this.gap();
    this.#hadSocket = true;
    this.#tell();
  }

  /** Gone, or not opened after all. */
  lost(index: number): void {
    this.#openedAt.delete(index);
    this.#tell();
  }

  /** Whoever waits for another socket looks again. */
  #tell(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /** ms until this socket may open, as far as can be told now. */
  #wait(index: number): number {
    const now = performance.now();
    const waits = [...this.#openedAt]
      .filter(([other]) => other !== index)
      .map(([, at]) => (at ?? now) + this.ageGapMs - now);
    return Math.max(0, ...waits);
  }
}
