import { describe, expect, test } from "vitest";
import { deleteEvent, MAPPING, messageEvent } from "../../../test/support/core_material.ts";
import { heldQueue, selfAnsweringQueue, turn } from "../../../test/support/queue_fakes.ts";
import { NotTaken } from "../shared/errors.ts";

describe("batching", () => {
  test("an event is sent before push returns if no call is in flight", () => {
    const { queue, calls } = heldQueue();
    void queue.push(messageEvent("1"));
    expect(calls.map(({ ids }) => ids)).toEqual([["1"]]);
  });

  test("events pushed during a call gather, and are sent in order as one batch", async () => {
    const { queue, calls, call } = heldQueue();
    const first = queue.push(messageEvent("1"));
    const rest = ["2", "3", "4"].map((id) => queue.push(messageEvent(id)));
    expect(calls).toHaveLength(1);
    (await call(0)).answer(["asked"]);
    expect(await first).toBe("asked");
    const batch = await call(1);
    expect(batch.ids).toEqual(["2", "3", "4"]);
    batch.answer(["inserted", "known", "ignored"]);
    expect(await Promise.all(rest)).toEqual(["inserted", "known", "ignored"]);
  });

  test("events offered in one turn are sent as one batch", async () => {
    const { queue, calls, call } = heldQueue();
    for (const id of ["1", "2", "3"]) void queue.offer(messageEvent(id));
    expect((await call(0)).ids).toEqual(["1", "2", "3"]);
    expect(calls).toHaveLength(1);
  });

  test("a batch has at most 100 events and 256 KiB, and one larger event is sent alone", async () => {
    const { queue, sizes } = selfAnsweringQueue(() => undefined);
    const many = Array.from({ length: 251 }, (_, i) => queue.push(messageEvent(`n${String(i)}`)));
    await Promise.all(many);
    expect(sizes).toEqual([1, 100, 100, 50]);

    sizes.length = 0;
    await turn();
    const content = "x".repeat(100 * 1024);
    const large = ["a", "b", "c", "d"].map((id) => queue.push(messageEvent(id, { content })));
    large.push(queue.push(messageEvent("e", { content: "x".repeat(300 * 1024) })));
    await Promise.all(large);
    expect(sizes).toEqual([1, 2, 1, 1]);
  });
});

describe("the size limit", () => {
  test("only an event beyond it is refused", async () => {
    const { queue, call, refused } = heldQueue({ totalEvents: 3 });
    const taken = ["1", "2", "3"].map((id) => queue.push(messageEvent(id)));
    await expect(queue.push(messageEvent("4"))).rejects.toMatchObject({ why: "full" });
    expect(refused).toEqual(["4 full"]);
    (await call(0)).answer();
    await taken[0];
    void queue.push(messageEvent("5"));
    (await call(1)).answer();
    expect(await Promise.all(taken)).toHaveLength(3);
  });

  test("bytes count too, and are released", async () => {
    const { queue, call } = heldQueue({ totalBytes: 3_000 });
    const first = queue.push(messageEvent("1", { content: "x".repeat(2_000) }));
    await expect(queue.push(messageEvent("2", { content: "x".repeat(2_000) }))).rejects.toThrow(
      NotTaken,
    );
    (await call(0)).answer();
    await first;
    void queue.push(messageEvent("3", { content: "x".repeat(2_000) }));
    expect((await call(1)).ids).toEqual(["3"]);
  });
});

describe("redelivery", () => {
  test("of an event that is still queued shares its outcome and costs no call", async () => {
    const { queue, calls, call } = heldQueue();
    const promises = [1, 2, 3].map(() => queue.push(messageEvent("1")));
    (await call(0)).answer();
    expect(await Promise.all(promises)).toEqual(["inserted", "inserted", "inserted"]);
    expect(calls).toHaveLength(1);
  });

  test("an edit, a later edit, and deletes of the message and of its thread are separate events", async () => {
    const { queue, call } = heldQueue();
    void queue.push(messageEvent("0"));
    void queue.push(messageEvent("1"));
    void queue.push(messageEvent("1", { editedAt: 5 }));
    void queue.push(messageEvent("1", { editedAt: 6 }));
    void queue.push(deleteEvent("1"));
    void queue.push({ type: "delete", mappingId: MAPPING, externalId: "1", thread: true });
    (await call(0)).answer();
    expect((await call(1)).ids).toEqual(["1", "1", "1", "1", "1"]);
  });

  test("is sent again once the first is answered", async () => {
    const { queue, call } = heldQueue();
    const first = queue.push(messageEvent("1"));
    (await call(0)).answer();
    await first;
    void queue.push(messageEvent("1"));
    expect((await call(1)).ids).toEqual(["1"]);
  });
});

describe("stopping", () => {
  test("refuses new events, and waits until those taken are committed", async () => {
    const { queue, call } = heldQueue();
    void queue.push(messageEvent("1"));
    void queue.push(messageEvent("2"));
    const drained = queue.drain(5_000);
    await expect(queue.push(messageEvent("3"))).rejects.toMatchObject({ why: "stopping" });
    (await call(0)).answer();
    (await call(1)).answer();
    expect(await drained).toBe(true);
  });

  test("ends at the deadline while Convex is away, and drops what is left", async () => {
    const { queue, call } = heldQueue();
    const held = ["1", "2"].map((id) => queue.push(messageEvent(id)));
    await call(0);
    expect(await queue.drain(20)).toBe(false);
    queue.end();
    for (const promise of held) await expect(promise).rejects.toMatchObject({ why: "stopping" });
    expect([...queue.messages()]).toEqual([]);
  });
});

describe("a follower", () => {
  async function follow() {
    const made = heldQueue();
    const events = Array.from({ length: 12 }, (_, i) =>
      made.queue.push(messageEvent(`k${String(i)}`)),
    );
    (await made.call(0)).answer(["known"]);
    (await made.call(1)).answer(events.slice(1).map(() => "known"));
    await Promise.all(events);
    await turn();
    return made;
  }

  test("gathers events before it sends", async () => {
    const { queue, calls, call } = await follow();
    void queue.push(messageEvent("1"));
    void queue.push(messageEvent("2"));
    await turn();
    expect(calls).toHaveLength(2);
    expect((await call(2)).ids).toEqual(["1", "2"]);
  });

  test("sends at once again when its events are new", async () => {
    const { queue, calls, call } = await follow();
    const fresh = ["1", "2", "3"].map((id) => queue.push(messageEvent(id)));
    (await call(2)).answer();
    await Promise.all(fresh);
    void queue.push(messageEvent("4"));
    await turn();
    expect(calls).toHaveLength(4);
  });

  test("does not wait during a shutdown", async () => {
    const { queue, calls } = await follow();
    void queue.push(messageEvent("1"));
    const drained = queue.drain(1_000);
    await turn();
    expect(calls).toHaveLength(3);
    calls[2]?.answer();
    expect(await drained).toBe(true);
  });
});
