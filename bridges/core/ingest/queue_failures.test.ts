import { ConvexError } from "convex/values";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { messageEvent } from "../../../test/support/core_material.ts";
import { FAST, heldQueue, selfAnsweringQueue } from "../../../test/support/queue_fakes.ts";
import { IngestQueue, QUEUE_LIMITS } from "./queue.ts";
import { eventually } from "../../../test/support/eventually.ts";
import type { BridgeEvent, MappingId } from "../../platform.ts";

const OTHER = "mapping2" as MappingId;

const refusing = (id: string) => (events: BridgeEvent[]) =>
  events.some(({ externalId }) => externalId === id) ? new Error("Server Error") : undefined;

describe("failures", () => {
  test("an event that fails is retried before later ones of its mapping", async () => {
    const { queue, call } = heldQueue();
    const first = queue.push(messageEvent("1"));
    void queue.push(messageEvent("2"));
    (await call(0)).refuse(new Error("Server Error"));
    const probe = await call(1);
    expect(probe.ids).toEqual([]);
    probe.answer();
    const again = await call(2);
    expect(again.ids).toEqual(["1"]);
    again.answer();
    expect(await first).toBe("inserted");
    expect((await call(3)).ids).toEqual(["2"]);
  });

  test("while one event is refused, those of other mappings are stored within 100 ms, and those of its own wait", async () => {
    const { queue, committed, aside } = selfAnsweringQueue(refusing("a13"), {
      retry: QUEUE_LIMITS.retry,
    });
    const ids = Array.from({ length: 50 }, (_, i) => String(i));
    const own = ids.map((id) => queue.push(messageEvent(`a${id}`)));
    const others = ids.map((id) => queue.push(messageEvent(`b${id}`, { mappingId: OTHER })));
    const start = performance.now();
    await Promise.all(others);
    const later = Array.from({ length: 5 }, async (_, i) => {
      await queue.push(messageEvent(`c${String(i)}`, { mappingId: OTHER }));
    });
    await Promise.all(later);
    expect(performance.now() - start).toBeLessThan(100);
    expect(aside).toEqual([]);
    const ownStored = () => committed.filter((id) => id.startsWith("a"));
    expect(ownStored()).toEqual(ids.slice(0, 13).map((id) => `a${id}`));
    await Promise.all(own);
    expect(aside).toEqual(["a13"]);
    expect(ownStored()).toEqual(ids.filter((id) => id !== "13").map((id) => `a${id}`));
  });

  test("a refused event that can be stored later is stored, before those that wait for it", async () => {
    let isRefused = true;
    const refuse = refusing("1");
    const { queue, committed, aside } = selfAnsweringQueue((events) =>
      isRefused ? refuse(events) : undefined,
    );
    const all = ["0", "1", "2"].map((id) => queue.push(messageEvent(id)));
    await queue.push(messageEvent("x", { mappingId: OTHER }));
    isRefused = false;
    await Promise.all(all);
    expect(aside).toEqual([]);
    expect(committed.filter((id) => id !== "x")).toEqual(["0", "1", "2"]);
  });

  test("the one event that cannot be stored is set aside; the others are stored, in order", async () => {
    const { queue, committed, aside } = selfAnsweringQueue(refusing("13"));
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

  test("an event is set aside only after it failed four times, each between empty batches that succeed", async () => {
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

describe("contention", () => {
  const ids = (letter: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${letter}${String(i)}`);

  test("halves the batches after the one in flight, which grow again with each success", async () => {
    const { queue, call } = heldQueue({ batchEvents: 40 });
    const push = (letter: string, count: number) => {
      for (const id of ids(letter, count)) void queue.push(messageEvent(id));
    };
    push("a", 1);
    push("b", 200);
    (await call(0)).answer();
    expect((await call(1)).ids).toHaveLength(40);
    // The client sends the same call again each time.
    for (let closes = 0; closes < 2; closes += 1) queue.contended();
    (await call(1)).answer();
    for (const [n, size] of [30, 40, 40].entries()) {
      const { ids: sent, answer } = await call(n + 2);
      expect(sent).toHaveLength(size);
      answer();
    }
  });

  test("does nothing while no call is in flight", async () => {
    const { queue, call } = heldQueue({ batchEvents: 40 });
    queue.contended();
    for (const id of ids("a", 50)) void queue.offer(messageEvent(id));
    expect((await call(0)).ids).toHaveLength(40);
  });
});

test("under random failures every event ends once, and those of a mapping are stored in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 4 }),
      async (poisoned, luck, batchEvents, mappings) => {
        const poison = new Set(poisoned.flatMap((bad, i) => (bad ? [String(i)] : [])));
        // Fewer temporary failures than it takes to set an event aside.
        let left = QUEUE_LIMITS.strikes;
        const upset = luck.map((fails) => fails && left-- > 0);
        const { queue, committed, aside } = selfAnsweringQueue(
          (events) =>
            upset.shift() === true || events.some((event) => poison.has(event.externalId))
              ? new Error("Server Error")
              : undefined,
          { batchEvents, retry: { first: 0, cap: 0 } },
        );
        const ids = poisoned.map((_, i) => String(i));
        const mappingOf = (id: string) => `mapping${String(Number(id) % mappings)}` as MappingId;
        const outcomes = await Promise.all(
          ids.map((id) => queue.push(messageEvent(id, { mappingId: mappingOf(id) }))),
        );
        for (let n = 0; n < mappings; n += 1) {
          const own = (id: string) => mappingOf(id) === `mapping${String(n)}`;
          expect(committed.filter(own)).toEqual(ids.filter((id) => own(id) && !poison.has(id)));
          expect(aside.filter(own)).toEqual(ids.filter((id) => own(id) && poison.has(id)));
        }
        expect(outcomes).toEqual(ids.map((id) => (poison.has(id) ? "ignored" : "inserted")));
        expect([...queue.messages()]).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
