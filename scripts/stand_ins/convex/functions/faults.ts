import { z } from "zod";

/**
 * A fault of a client's mutation.
 * lostBefore  the connection breaks before it runs
 * lostAfter   it commits, and the connection breaks before the answer
 * contention  it conflicts again and again: over the WebSocket it is not rejected, the socket closes with 1013, and the
 *             client sends it again
 * rerun       its first attempt is aborted after the handler has run, as by a write conflict
 * answerAfterMs  it commits, and its answer is delayed; later mutations on the connection wait
 */
export const vMutationFault = z.union([
  z.enum(["lostBefore", "lostAfter", "contention", "rerun"]),
  z.object({ answerAfterMs: z.number().nonnegative() }),
]);
export type MutationFault = z.infer<typeof vMutationFault>;

/** The faults that are injected into a deployment. */
export class Faults {
  /** Whether the deployment is unreachable. */
  isAway = false;
  /** Added to every answer and update, in milliseconds. */
  delayMs = 0;
  /** How long a transaction waits before it runs, in milliseconds. Other transactions commit meanwhile. */
  transactionDelayMs = 0;
  /** A factor for the user time that functions take, as on a busy machine. Their limit stays. */
  slowness = 1;
  readonly #lostJobs = new Map<string, number>();
  readonly #mutations: { readonly path: string | undefined; readonly fault: MutationFault }[] = [];

  /** Applies a fault to the next `times` mutations (of `path`, if given). */
  planMutations(fault: MutationFault, path: string | undefined, times: number): void {
    for (let i = 0; i < times; i++) this.#mutations.push({ path, fault });
  }

  /** Loses the next `times` scheduled runs of a function: they are marked as failed, as after a crash. */
  planLostJobs(path: string, times: number): void {
    this.#lostJobs.set(path, (this.#lostJobs.get(path) ?? 0) + times);
  }

  /** Whether this run is lost. Consumes the planned fault. */
  losesJob(path: string): boolean {
    const left = this.#lostJobs.get(path) ?? 0;
    if (left > 0) this.#lostJobs.set(path, left - 1);
    return left > 0;
  }

  /** The fault of this mutation, if any. Consumes the planned fault. */
  nextMutation(path: string): MutationFault | undefined {
    const place = this.#mutations.findIndex((plan) => (plan.path ?? path) === path);
    return place < 0 ? undefined : this.#mutations.splice(place, 1)[0]?.fault;
  }
}
