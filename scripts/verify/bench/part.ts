/** One row of the table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** Undefined for measurements without a budget. */
  readonly budget?: { readonly text: string; readonly ok: boolean };
  /** The data behind `measured`, for the JSON file. */
  readonly data?: unknown;
}

/** One part of the bench; `--only <name>` runs it alone. */
export interface Part {
  readonly name: string;
  /** Takes the measurement. `progress` prints a line. Throws if it cannot measure. */
  run(progress: (line: string) => void): Promise<Row[]>;
}

export function atMost(limit: number, measured: number, unit = ""): NonNullable<Row["budget"]> {
  return { text: `<= ${limit}${unit}`, ok: measured <= limit };
}

export function atLeast(limit: number, measured: number, unit = ""): NonNullable<Row["budget"]> {
  return { text: `>= ${limit}${unit}`, ok: measured >= limit };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly count: number;
}

export function spreadOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    count: sorted.length,
  };
}

/** A number with three significant digits; two below 1. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(Math.abs(value) < 1 ? 2 : 3)).toString();
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `check` returns true. Throws an error that names `what` after `ms`. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  ms = 20_000,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`timed out: ${what}`);
    await sleep(10);
  }
}
