import { pause } from "../../core/shared/backoff.ts";

/**
 * Decides when each of two sockets may open, so that they never have the same age: at once while no other is open, and
 * otherwise when the other is at least `ageGapMs` (ms) old. Calls `gap` when a socket opens after none was open.
 */
export class SocketStagger {
  /** Since when each socket is open (ms, monotonic); `undefined` while it is opening. */
  readonly #openedAt = new Map<number, number | undefined>();
  #hadSocket = false;
  #changed = new AbortController();

  constructor(
    private readonly ageGapMs: number,
    private readonly gap: () => void,
  ) {}

  /** Resolves when this socket may open, or `signal` aborts. The socket then calls `opened` or `closed`. */
  async waitForTurn(index: number, signal: AbortSignal): Promise<void> {
    for (let wait = this.#wait(index); wait > 0 && !signal.aborted; wait = this.#wait(index)) {
      await pause(wait, AbortSignal.any([signal, this.#changed.signal]));
    }
    this.#openedAt.set(index, undefined);
  }

  opened(index: number): void {
    const isOnly = [...this.#openedAt.values()].every((at) => at === undefined);
    this.#openedAt.set(index, performance.now());
    if (isOnly && this.#hadSocket) this.gap();
    this.#hadSocket = true;
    this.#recheck();
  }

  /** The socket closed, or could not be opened. */
  closed(index: number): void {
    this.#openedAt.delete(index);
    this.#recheck();
  }

  /** Makes the sockets that wait for their turn compute their wait again. */
  #recheck(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /** ms until this socket may open, as things are now. */
  #wait(index: number): number {
    const now = performance.now();
    const waits = [...this.#openedAt]
      .filter(([other]) => other !== index)
      .map(([, at]) => (at ?? now) + this.ageGapMs - now);
    return Math.max(0, ...waits);
  }
}
