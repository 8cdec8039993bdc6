import type { Outcome } from "../functions/outcome.ts";

const keptPerSession = 1000;

/**
 * Outcomes of committed mutations by client session and request id. A client that lost its connection resends a mutation
 * under the same id and gets the first outcome.
 */
export class Replays {
  readonly #sessions = new Map<string, Map<number, Promise<Outcome>>>();

  /** Runs a mutation unless it has run or is running. Failures are not kept. */
  once(session: string, request: number, run: () => Promise<Outcome>): Promise<Outcome> {
    let outcomes = this.#sessions.get(session);
    if (!outcomes) {
      outcomes = new Map();
      this.#sessions.set(session, outcomes);
    }
    const known = outcomes.get(request);
    if (known) return known;
    const outcome = run().then((result) => {
      if (!result.success) outcomes.delete(request);
      return result;
    });
    outcomes.set(request, outcome);
    for (const oldest of outcomes.keys()) {
      if (outcomes.size <= keptPerSession) break;
      outcomes.delete(oldest);
    }
    return outcome;
  }
}
