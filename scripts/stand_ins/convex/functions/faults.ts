import { z } from "zod";

/**
 * What to do with a client's mutation instead of just carrying it out.
 * lostBefore  the connection breaks before it is carried out
 * lostAfter   it is committed, and the connection breaks before the answer
 * rerun       its first attempt is aborted after the handler has run, as by a write conflict
 * answerAfterMs  it is committed, and its answer comes so much later; mutations behind it on the connection wait
 */
export const vMutationFault = z.union([
  z.enum(["lostBefore", "lostAfter", "rerun"]),
  z.object({ answerAfterMs: z.number().nonnegative() }),
]);
export type MutationFault = z.infer<typeof vMutationFault>;

/** Everything that goes wrong on demand. */
export class Faults {
  /** The deployment cannot be reached. */
  isAway = false;
  /** Added to every answer and update, in milliseconds. */
  delayMs = 0;
  /** How long a transaction is under way before it is carried out, in milliseconds: others commit meanwhile. */
  underWayMs = 0;
  readonly #lostJobs = new Map<string, number>();
  readonly #mutations: { readonly path: string | undefined; readonly fault: MutationFault }[] = [];

  /** The next `times` mutations (of `path`, if given) go wrong like this. */
  planMutations(fault: MutationFault, path: string | undefined, times: number): void {
    for (let i = 0; i < times; i++) this.#mutations.push({ path, fault });
  }

  /** The next `times` scheduled runs of a function never begin: it is marked as failed, as after a crash. */
  planLostJobs(path: string, times: number): void {
    this.#lostJobs.set(path, (this.#lostJobs.get(path) ?? 0) + times);
  }

  /** Whether this run is lost. Uses the plan up. */
  losesJob(path: string): boolean {
    const left = this.#lostJobs.get(path) ?? 0;
    if (left > 0) this.#lostJobs.set(path, left - 1);
    return left > 0;
  }

  /** What goes wrong with this mutation. Uses the plan up. */
  nextMutation(path: string): MutationFault | undefined {
    const place = this.#mutations.findIndex((plan) => (plan.path ?? path) === path);
    return place < 0 ? undefined : this.#mutations.splice(place, 1)[0]?.fault;
  }
}
