import { vi } from "vitest";

/*
 * What a test waits for comes, or never does: on a machine whose cores are all taken it comes late, and a second,
 * Vitest's own patience, says more about the machine than about the code. Only a failure takes longer by this.
 */

/** The least time that anything is waited for, in ms. Below the limit of a test, so that the failure names what. */
const PATIENCE_MS = 20_000;

const waitFor = vi.waitFor.bind(vi);

vi.waitFor = (check, options = {}) => {
  const given = typeof options === "number" ? { timeout: options } : options;
  return waitFor(check, { ...given, timeout: Math.max(given.timeout ?? 0, PATIENCE_MS) });
};
