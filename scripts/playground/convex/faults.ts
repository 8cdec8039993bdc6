import { z } from "zod";

/**
 * What to do with a client's mutation instead of just carrying it out.
 * lostBefore  the connection breaks before it is carried out
 * lostAfter   it is committed, and the connection breaks before the answer
 * rerun       its first attempt is aborted after the handler has run, as by a write conflict
 */
export const vMutationFault = z.enum(["lostBefore", "lostAfter", "rerun"]);
export type MutationFault = z.infer<typeof vMutationFault>;

/** Everything that goes wrong on demand. */
export class Faults {
  /** The deployment cannot be reached. */
  isAway = false;
  /** Added to every answer and update, in milliseconds. */
  delayMs = 0;
  readonly #mutations: { readonly path: string | undefined; readonly fault: MutationFault }[] = [];

  /** The next `times` mutations (of `path`, if given) go wrong like this. */
  planMutations(fault: MutationFault, path: string | undefined, times: number): void {
    for (let i = 0; i < times; i++) this.#mutations.push({ path, fault });
  }

  /** What goes wrong with this mutation. Uses the plan up. */
  nextMutation(path: string): MutationFault | undefined {
    const place = this.#mutations.findIndex((plan) => (plan.path ?? path) === path);
    return place < 0 ? undefined : this.#mutations.splice(place, 1)[0]?.fault;
  }
}
