import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { said } from "../../../test/support/convex/events.ts";
import { backend } from "../../../test/support/convex/fresh.ts";
import { room, worker, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { IDS, pass, rows } from "../../../test/support/convex/backend.ts";
import {
  deliveryOf,
  exchange,
  failed,
  posted,
  retry,
  states,
  Worker,
} from "../../../test/support/convex/worker.ts";

useFreshRoom();

describe("a lane", () => {
  test("offers its head only, and the next when that one is sent", async () => {
    for (let i = 0; i < 3; i++) await exchange(backend, room);
    expect(await states(backend)).toEqual(["ready", "queued", "queued"]);
    const said = [];
    for (let i = 0; i < 3; i++) {
      expect(await worker.ready()).toHaveLength(1);
      said.push((await worker.post(`800${i}`)).content);
    }
    expect(said).toEqual(["answer 1", "answer 2", "answer 3"]);
    expect(await worker.ready()).toEqual([]);
    expect(await states(backend)).toEqual(["sent", "sent", "sent"]);
  });

  test.each([
    ["leased", async () => await worker.take()],
    ["waiting", async () => await worker.settle(await worker.take(), retry(60_000))],
  ])("lets nothing overtake a head that is %s", async (state, act) => {
    await exchange(backend, room);
    await exchange(backend, room);
    await act();
    await exchange(backend, room);
    expect(await states(backend)).toEqual([state, "queued", "queued"]);
    expect(await worker.ready()).toEqual([]);
  });

  test("goes on behind a head that failed", async () => {
    await exchange(backend, room);
    await exchange(backend, room);
    await worker.settle(await worker.take(), failed());
    expect(await states(backend)).toEqual(["failed", "ready"]);
  });

  test("does not hold up another one", async () => {
    await exchange(backend, room);
    await exchange(backend, room, { threadId: "7" });
    expect(await states(backend)).toEqual(["ready", "ready"]);
    const [first] = await worker.ready();
    await worker.take(first);
    expect(await worker.ready()).toHaveLength(1);
  });

  test("a queued row cannot be claimed by someone who knows its id", async () => {
    await exchange(backend, room);
    await exchange(backend, room);
    const [, second] = await rows(backend, "deliveries");
    expect(await worker.claim(second?._id)).toBeNull();
  });
});

describe("claim", () => {
  test("gives all that is needed to post, for a minute", async () => {
    await backend.discord.mutation(api.bridge.ingest, {
      events: [said(room, { externalId: "200000000000000001", threadId: "7" })],
      advance: [],
    });
    await pass(backend, 1_000);
    const claimed = await worker.take();
    expect(claimed).toMatchObject({
      op: "create",
      mappingId: room,
      channel: IDS.discord,
      threadId: "7",
      replyTo: "200000000000000001",
      content: "answer 1",
      posts: [],
      attempts: 1,
      generation: 1,
      leaseMs: 60_000,
      firstClaimedAt: Date.now(),
      outcomeUnknown: false,
    });
    expect(await deliveryOf(backend, claimed.deliveryId)).toMatchObject({
      state: "leased",
      lease: { owner: "worker", generation: 1, expiresAt: Date.now() + 60_000 },
    });
  });

  test("gives a delivery to one of two processes", async () => {
    await exchange(backend, room);
    const [id] = await worker.ready();
    const both = [await worker.claim(id), await new Worker(backend, "other").claim(id)];
    expect(both.map((claimed) => claimed !== null)).toEqual([true, false]);
  });

  test("of a reply that was purged or a delivery that is gone says so", async () => {
    await exchange(backend, room);
    const [id] = await worker.ready();
    if (!id) throw new Error("nothing is ready");
    await backend.t.run(async (ctx) => ctx.db.delete(id));
    expect(await worker.claim(id)).toBeNull();
  });
});

describe("settle", () => {
  test("posted: keeps each part, and only the last one ends the delivery", async () => {
    await exchange(backend, room);
    const claimed = await worker.take();
    expect(await worker.settle(claimed, posted("8001", 1, false))).toBe(true);
    expect(await deliveryOf(backend, claimed.deliveryId)).toMatchObject({
      state: "leased",
      format: "1",
    });
    expect(await worker.settle(claimed, posted("8002", 2, true))).toBe(false);
    const { state, lease, timerId, endedAt } = await deliveryOf(backend, claimed.deliveryId);
    expect({ state, lease, timerId, endedAt }).toEqual({ state: "sent", endedAt: Date.now() });
    expect(await rows(backend, "posts")).toMatchObject([
      { externalId: "8001", part: 1, upTo: 10, mappingId: room, messageId: claimed.messageId },
      { externalId: "8002", part: 2, upTo: 20 },
    ]);
  });

  test("posted: reported twice is stored once", async () => {
    await exchange(backend, room);
    const claimed = await worker.take();
    for (let i = 0; i < 2; i++) await worker.settle(claimed, posted("8001"));
    expect(await rows(backend, "posts")).toHaveLength(1);
    expect(await states(backend)).toEqual(["sent"]);
  });

  test("retry: rests, then is ready again with what was posted so far", async () => {
    await exchange(backend, room);
    const claimed = await worker.take();
    await worker.settle(claimed, posted("8001", 1, false));
    expect(await worker.settle(claimed, retry(30_000))).toBe(false);
    expect(await deliveryOf(backend, claimed.deliveryId)).toMatchObject({
      state: "waiting",
      notBefore: Date.now() + 30_000,
      code: "RATE_LIMITED",
    });
    await pass(backend, 29_000);
    expect(await worker.ready()).toEqual([]);
    await pass(backend, 1_500);
    const again = await worker.take();
    expect(again).toMatchObject({
      generation: 2,
      attempts: 1,
      posts: [{ part: 1, externalId: "8001", upTo: 10 }],
      firstClaimedAt: claimed.firstClaimedAt,
      outcomeUnknown: false,
      format: "1",
    });
  });

  test("retry: of what may have been sent waits out the quarantine, and says so", async () => {
    await exchange(backend, room);
    await worker.settle(await worker.take(), retry(1_000, false));
    await pass(backend, 20_000);
    expect(await worker.ready()).toEqual([]);
    await pass(backend, 6_000);
    expect(await worker.take()).toMatchObject({ outcomeUnknown: true });
  });

  test("retry: the tenth time is the last", async () => {
    await exchange(backend, room);
    for (let i = 1; i <= 10; i++) {
      await worker.settle(await worker.take(), retry(1_000));
      await pass(backend, 2_000);
    }
    expect(await rows(backend, "deliveries")).toMatchObject([
      { state: "failed", attempts: 10, reason: "slow down" },
    ]);
  });

  test("failed: ends it with its reason, and marks the mapping where asked to", async () => {
    await exchange(backend, room);
    await worker.settle(await worker.take(), failed({ health: true, step: "let me post" }));
    expect(await rows(backend, "deliveries")).toMatchObject([
      { state: "failed", code: "FORBIDDEN", reason: "may not post there" },
    ]);
    const marks = await rows(backend, "mappingHealth");
    expect(marks).toMatchObject([{ mappingId: room, direction: "out", step: "let me post" }]);
    await exchange(backend, room);
    await worker.post("8001");
    expect(await rows(backend, "mappingHealth")).toEqual([]);
  });

  test("failed: trouble with posting does not affect ingest", async () => {
    await exchange(backend, room);
    await worker.settle(await worker.take(), failed({ health: true }));
    expect(await backend.discord.query(api.bridge.mappings, {})).toHaveLength(1);
  });

  test("failed: what nobody knows the outcome of is shown so", async () => {
    await exchange(backend, room);
    await worker.settle(await worker.take(), failed({ certain: false }));
    const { failed: shown } = await backend.admin.query(api.admin.status, {});
    expect(shown).toMatchObject([{ outcomeUnknown: true, channel: IDS.discord }]);
  });

  test("release: another one may have it at once", async () => {
    await exchange(backend, room);
    const claimed = await worker.take();
    expect(await worker.settle(claimed, { kind: "release" })).toBe(false);
    expect(await new Worker(backend, "other").take()).toMatchObject({ generation: 2 });
  });

  test("done: ends it as sent", async () => {
    await exchange(backend, room);
    await worker.settle(await worker.take(), { kind: "done" });
    expect(await states(backend)).toEqual(["sent"]);
  });

  test("leaves no timer that could still do something", async () => {
    await exchange(backend, room);
    await worker.post("8001");
    await pass(backend, 600_000);
    expect(await states(backend)).toEqual(["sent"]);
    expect(await worker.ready()).toEqual([]);
  });
});

test("a settlement of a delivery that was purged changes nothing", async () => {
  await exchange(backend, room);
  const claimed = await worker.take();
  await backend.t.run(async (ctx) => ctx.db.delete(claimed.deliveryId));
  expect(await worker.settle(claimed, posted("8001"))).toBe(false);
  expect(await rows(backend, "posts")).toEqual([]);
});
