/** A run of a scheduled function. */
export interface Job {
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

/**
 * Lets a limited number of scheduled functions run at once. Those that wait begin in the order in which they were due. A
 * job holds its slot until it ends, however long it waits for something itself.
 */
export class JobSlots {
  readonly #atOnce: number;
  readonly #running = new Set<Job>();
  readonly #waiting: { readonly job: Job; readonly begin: () => void }[] = [];
  #isHeld = false;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Resolves when the job may run; at once if it is running. */
  async begin(job: Job): Promise<void> {
    if (this.#running.has(job)) return;
    await new Promise<void>((begin) => {
      const later = this.#waiting.findIndex((other) => other.job.dueAt > job.dueAt);
      this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, { job, begin });
      this.#admit();
    });
  }

  end(job: Job): void {
    this.#running.delete(job);
    this.#admit();
  }

  /** Lets no further job begin until `run` has ended. */
  async hold(run: () => Promise<void>): Promise<void> {
    this.#isHeld = true;
    try {
      await run();
    } finally {
      this.#isHeld = false;
      this.#admit();
    }
  }

  #admit(): void {
    while (!this.#isHeld && this.#running.size < this.#atOnce) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#running.add(next.job);
      next.begin();
    }
  }
}
