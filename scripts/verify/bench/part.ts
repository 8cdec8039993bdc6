/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** Absent: measured to be known, promised to nobody. */
  readonly budget?: { readonly text: string; readonly ok: boolean };
  /** The figures behind it, for the JSON file. */
  readonly data?: unknown;
}

/** One part of the bench; `--only <name>` runs it alone. */
export interface Part {
  readonly name: string;
  /** Measures. `progress` takes a line of progress. Throws when it could not measure. */
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

/** A figure as people read it: three digits that matter, no noise behind them. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(Math.abs(value) < 1 ? 2 : 3)).toString();
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `check` holds. Throws, naming what it waited for, when it doesn't within `ms`. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  ms = 20_000,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(10);
  }
}
