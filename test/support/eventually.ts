import { vi } from "vitest";

/** The shortest timeout of `eventually`, in ms. Only a failing test waits that long. */
const TIMEOUT_MS = 20_000;

/**
 * Repeats a check until it passes, and rejects with its last error after the timeout (at least 20 s). Use this instead
 * of `vi.waitFor`, whose default of one second fails on a busy machine. The timeout is below that of a test, so that a
 * failure names the check.
 */
export function eventually<T>(
  check: () => T | Promise<T>,
  options: number | { timeout?: number; interval?: number } = {},
): Promise<T> {
  const given = typeof options === "number" ? { timeout: options } : options;
  return vi.waitFor(check, { ...given, timeout: Math.max(given.timeout ?? 0, TIMEOUT_MS) });
}
