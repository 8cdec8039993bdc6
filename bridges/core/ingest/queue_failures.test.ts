import { ConvexError } from "convex/values";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { messageEvent } from "../../../test/support/core_material.ts";
import { FAST, heldQueue, selfAnsweringQueue } from "../../../test/support/queue_fakes.ts";
import { IngestQueue, QUEUE_LIMITS } from "./queue.ts";
import { eventually } from "../../../test/support/eventually.ts";

describe("failures", () => {
  test("a call that fails is retried with the same events before later ones", async () => {
    const { queue, call } = heldQueue();
    const first = queue.push(messageEvent("1"));
    void queue.push(messageEvent("2"));
    (await call(0)).refuse(new Error("Server Error"));
    const again = await call(1);
    expect(again.ids).toEqual(["1"]);
    again.answer();
    expect(await first).toBe("inserted");
  });

  test("the one event that cannot be stored is set aside; the others are stored, in order", async () => {
    const { queue, committed, aside } = selfAnsweringQueue((events) =>
      events.some((event) => event.externalId === "13") ? new Error("Server Error") : undefined,
    );
    const ids = Array.from({ length: 40 }, (_, i) => String(i));
    const outcomes = await Promise.all(ids.map((id) => queue.push(messageEvent(id))));
    expect(aside).toEqual(["13"]);
    expect(committed).toEqual(ids.filter((id) => id !== "13"));
    expect(outcomes[13]).toBe("ignored");
  });

  test("an event set aside is answered only once the problem is stored", async () => {
    let store: (() => void) | undefined;
    const queue = new IngestQueue(
      {
        send: (events) =>
          events.length > 0 ? Promise.reject(new Error("Server Error")) : Promise.resolve([]),
        setAside: () => new Promise((resolve) => (store = resolve)),
        refused: () => undefined,
      },
      FAST,
    );
    const outcome = vi.fn();
    void queue.push(messageEvent("1")).then(outcome);
    await eventually(() => expect(store).toBeDefined());
    expect(await queue.drain(20)).toBe(false);
    expect(outcome).not.toHaveBeenCalled();
    store?.();
    await eventually(() => {
      expect(outcome).toHaveBeenCalledWith("ignored");
    });
  });

  test("while the deployment refuses everything, nothing is set aside; once it works, all is stored", async () => {
    let broken = true;
    let calls = 0;
    const { queue, committed, aside } = selfAnsweringQueue(() => {
      calls += 1;
      return broken ? new Error("Server Error") : undefined;
    });
    const ids = ["1", "2", "3", "4", "5"];
    const all = Promise.all(ids.map((id) => queue.push(messageEvent(id))));
    await eventually(() => {
      expect(calls).toBeGreaterThan(20);
    });
    broken = false;
    await all;
    expect(aside).toEqual([]);
    expect(committed).toEqual(ids);
  });

  test("an error that our own function throws is not retried", async () => {
    let calls = 0;
    const { queue, aside } = selfAnsweringQueue((events) => {
      calls += 1;
      return events.length > 0 ? new ConvexError({ code: "BAD" }) : undefined;
    });
    await queue.push(messageEvent("1"));
    expect(aside).toEqual(["1"]);
    // The event, then three times an empty batch and the event, then an empty batch.
    expect(calls).toBe(8);
  });
});

test("under random failures every event ends once, and those stored are stored in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 7 }),
      async (poisoned, luck, batchEvents) => {
        const poison = new Set(poisoned.flatMap((bad, i) => (bad ? [String(i)] : [])));
        // Fewer temporary failures than it takes to set an event aside.
        let left = QUEUE_LIMITS.tries + QUEUE_LIMITS.strikes - 1;
        const upset = luck.map((fails) => fails && left-- > 0);
        const { queue, committed, aside } = selfAnsweringQueue(
          (events) =>
            upset.shift() === true || events.some((event) => poison.has(event.externalId))
              ? new Error("Server Error")
              : undefined,
          { batchEvents, retry: { first: 0, cap: 0 } },
        );
        const ids = poisoned.map((_, i) => String(i));
        const outcomes = await Promise.all(ids.map((id) => queue.push(messageEvent(id))));
        expect(committed).toEqual(ids.filter((id) => !poison.has(id)));
        expect(aside).toEqual(ids.filter((id) => poison.has(id)));
        expect(outcomes).toEqual(ids.map((id) => (poison.has(id) ? "ignored" : "inserted")));
        expect([...queue.messages()]).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
