/** Waits that double with each failure. */
export interface Backoff {
  /** The wait before the second attempt, in ms. */
  readonly first: number;
  /** The longest wait, in ms. */
  readonly cap: number;
}

/** How long to wait after the `failures`-th failure (from 1): doubling, with jitter over the upper half. */
export function backoffMs(failures: number, { first, cap }: Backoff): number {
  const full = Math.min(cap, first * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + Math.random() / 2));
}

/** Waits, or returns early once `signal` is aborted. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

/** Whether `promise` settled within `ms`. The promise itself is not cancelled. */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timeout = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const late = pause(Math.max(0, ms), timeout.signal).then(() => false);
  try {
    return await Promise.race([settled, late]);
  } finally {
    timeout.abort();
  }
}
