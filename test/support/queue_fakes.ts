import { IngestQueue, type QueueLimits } from "../../bridges/core/ingest/queue.ts";
import type { BridgeEvent, Outcome } from "../../bridges/platform.ts";
import { eventually } from "./eventually.ts";

export const FAST: Partial<QueueLimits> = { retry: { first: 1, cap: 4 }, lingerMs: 40 };

/** One turn of the event loop: much shorter than any wait of the queue. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Call {
  readonly ids: string[];
  readonly answer: (outcomes?: Outcome[]) => void;
  readonly refuse: (error: Error) => void;
}

/** A queue whose calls to Convex are answered by the test. */
export function heldQueue(limits: Partial<QueueLimits> = {}) {
  const calls: Call[] = [];
  const aside: string[] = [];
  const refused: string[] = [];
  const queue = new IngestQueue(
    {
      send: (events) =>
        new Promise((resolve, reject) => {
          const outcomes = events.map((): Outcome => "inserted");
          calls.push({
            ids: events.map((event) => event.externalId),
            answer: (given = outcomes) => {
              resolve(given);
            },
            refuse: reject,
          });
        }),
      setAside: (event, code) => {
        aside.push(`${event.externalId} ${code}`);
        return Promise.resolve();
      },
      refused: (event, why) => refused.push(`${event.externalId} ${why}`),
    },
    { ...FAST, ...limits },
  );
  const call = async (n: number): Promise<Call> =>
    eventually(() => {
      const made = calls[n];
      if (!made) throw new Error(`call ${String(n)} was not made`);
      return made;
    });
  return { queue, calls, call, aside, refused };
}

/** A queue whose calls complete by themselves: `fails` returns the error of a call, if it has one. */
export function selfAnsweringQueue(
  fails: (events: BridgeEvent[]) => Error | undefined,
  limits: Partial<QueueLimits> = {},
) {
  const committed: string[] = [];
  const aside: string[] = [];
  const sizes: number[] = [];
  const queue = new IngestQueue(
    {
      send: async (events) => {
        await Promise.resolve();
        const error = fails(events);
        if (error !== undefined) throw error;
        sizes.push(events.length);
        committed.push(...events.map((event) => event.externalId));
        return events.map(() => "inserted" as const);
      },
      setAside: (event) => {
        aside.push(event.externalId);
        return Promise.resolve();
      },
      refused: () => undefined,
    },
    { ...FAST, ...limits },
  );
  return { queue, committed, aside, sizes };
}
