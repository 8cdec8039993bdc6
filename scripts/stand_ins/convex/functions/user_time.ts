import type { Limits } from "./limits.ts";
import { PlainError } from "./outcome.ts";

/**
 * The user time of the open transaction. There is one at a time. It is counted by what the transaction does and not by the
 * clock, so the same transaction always ends in the same way.
 */
export class UserTime {
  readonly #limits: Limits;
  readonly #slowness: () => number;
  #usedMs = 0;

  /** `slowness`: a factor for every cost. */
  constructor(limits: Limits, slowness: () => number) {
    this.#limits = limits;
    this.#slowness = slowness;
  }

  /** A top-level transaction begins. */
  begin(): void {
    this.#usedMs = 0;
  }

  /** The open transaction calls a function. Throws like `check`. */
  chargeCall(): void {
    this.#charge(this.#limits.callMs);
  }

  /** Charges a system call. Throws like `check`. */
  chargeSyscall(operation: string): void {
    if (documentSyscalls.has(operation)) this.#charge(this.#limits.documentMs);
  }

  /**
   * Throws if the transaction has used more than its time. Convex ends such a function at once; here its code could catch
   * the error and go on, so this is checked again when it returns.
   */
  check(): void {
    const { userTimeMs } = this.#limits;
    if (this.#usedMs <= userTimeMs) return;
    throw new PlainError(
      `Function execution timed out (maximum duration: ${userTimeMs % 1000 === 0 ? `${userTimeMs / 1000}s` : `${userTimeMs}ms`})`,
    );
  }

  #charge(ms: number): void {
    this.#usedMs += ms * this.#slowness();
    this.check();
  }
}

const documentSyscalls: ReadonlySet<string> = new Set([
  "1.0/get",
  "1.0/queryStreamNext",
  "1.0/queryPage",
  "1.0/insert",
  "1.0/shallowMerge",
  "1.0/replace",
  "1.0/remove",
  "1.0/schedule",
]);
