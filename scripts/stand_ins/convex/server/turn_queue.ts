/** Runs actions in order, each after its delay; immediately if the queue is empty and there is no delay. */
export class TurnQueue {
  readonly #waiting: { readonly at: number; readonly act: () => void }[] = [];

  add(delayMs: number, act: () => void): void {
    if (delayMs <= 0 && this.#waiting.length === 0) return act();
    this.#waiting.push({ at: performance.now() + delayMs, act });
    if (this.#waiting.length === 1) this.#arm();
  }

  #arm(): void {
    const next = this.#waiting[0];
    if (!next) return;
    // Order comes first: no action overtakes an earlier one, even when the delay shrinks.
    setTimeout(
      () => {
        next.act();
        this.#waiting.shift();
        this.#arm();
      },
      Math.max(0, Math.ceil(next.at - performance.now())),
    );
  }
}
