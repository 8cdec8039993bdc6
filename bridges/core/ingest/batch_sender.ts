import type { BridgeEvent, Outcome } from "../../platform.ts";

/** The pieces of a batch that does not pass as a whole. */
const PIECES = 10;

export interface BatchLimits {
  readonly batchEvents: number;
  /** Events by which batches grow again with each success, after they were made smaller. */
  readonly growth: number;
  /** How often the socket closes for contention before the batch in flight goes in pieces by another connection. */
  readonly closes: number;
}

/** Commits events in order, with one outcome for each. `apart`: by a connection on which no earlier batch waits. */
export type Send = (events: BridgeEvent[], apart?: boolean) => Promise<readonly Outcome[]>;

/** Sends batches, one at a time, and decides how large the next may be (docs/races.md#contention-closes-the-socket). */
export class BatchSender {
  /** Events in the next batch. */
  #size: number;
  #inFlight = 0;
  #closes = 0;
  #giveUp = () => {};

  constructor(
    private readonly call: Send,
    private readonly limits: BatchLimits,
  ) {
    this.#size = limits.batchEvents;
  }

  get size(): number {
    return this.#size;
  }

  /** A batch of so many events was refused. */
  refused(count: number): void {
    this.#size = Math.max(1, Math.ceil(count / 2));
  }

  /** Convex closed the socket, because it could not commit the batch in flight. */
  contended(): void {
    if (this.#inFlight === 0) return;
    this.refused(this.#inFlight);
    this.#closes += 1;
    if (this.#closes === this.limits.closes) this.#giveUp();
  }

  /** Rejects if none of the events was committed, or only some. */
  async send(events: BridgeEvent[]): Promise<readonly Outcome[]> {
    this.#inFlight = events.length;
    this.#closes = 0;
    try {
      const stuck = new Promise<"stuck">((resolve) => (this.#giveUp = () => resolve("stuck")));
      const whole = this.call(events);
      const first = await Promise.race([whole, stuck]);
      const outcomes = first === "stuck" ? await this.#sendPieces(events, whole) : first;
      if (outcomes.length !== events.length) throw new Error("outcomes do not match the batch");
      const { batchEvents, growth } = this.limits;
      if (events.length > 0) this.#size = Math.min(batchEvents, this.#size + growth);
      return outcomes;
    } finally {
      this.#inFlight = 0;
    }
  }

  /**
   * Commits a batch that never passes as a whole. The client can't take the `whole` back: it sends it again until it
   * passes, which it does once every event is known and it has nothing to write.
   */
  async #sendPieces(
    events: readonly BridgeEvent[],
    whole: Promise<readonly Outcome[]>,
  ): Promise<readonly Outcome[]> {
    if (events.length === 1) return await whole;
    whole.catch(() => undefined);
    const outcomes: Outcome[] = [];
    const size = Math.ceil(events.length / PIECES);
    for (let at = 0; at < events.length; at += size)
      outcomes.push(...(await this.call(events.slice(at, at + size), true)));
    return outcomes;
  }
}
