import { describe, expect, test } from "vitest";
import { internal } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { room, worker, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { NOON, pass, rows } from "../../../test/support/convex/backend.ts";
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

describe("a lease that runs out", () => {
  test("is noticed by a timer; after the quarantine another process may look", async () => {
    await exchange(backend, room);
    const first = await worker.take();
    await pass(backend, 59_000);
    expect(await states(backend)).toEqual(["leased"]);
    await pass(backend, 2_000);
    expect(await deliveryOf(backend, first.deliveryId)).toMatchObject({
      state: "waiting",
      outcomeUnknown: true,
    });
    await pass(backend, 20_000);
    expect(await worker.ready()).toEqual([]);
    await pass(backend, 6_000);
    expect(await new Worker(backend, "other").take()).toMatchObject({
      generation: 2,
      attempts: 2,
      outcomeUnknown: true,
      firstClaimedAt: NOON,
    });
  });

  test.each([
    ["retry", retry(1_000)],
    ["failed", failed()],
    ["release", { kind: "release" }],
    ["done", { kind: "done" }],
  ] as const)(
    "does not let its former holder act: %s changes nothing for the next one",
    async (_k, late) => {
      await exchange(backend, room);
      const first = await worker.take();
      await pass(backend, 90_000);
      expect(await worker.settle(first, late)).toBe(false);
      expect(await states(backend)).toEqual(["ready"]);
      const second = await new Worker(backend, "other").take();
      expect(await worker.settle(first, late)).toBe(false);
      expect(await deliveryOf(backend, second.deliveryId)).toMatchObject({
        state: "leased",
        lease: { owner: "other", generation: 2 },
      });
    },
  );

  test.each(["waiting", "ready", "leased", "failed"] as const)(
    "a post reported late counts, even if it is %s by then",
    async (state) => {
      await exchange(backend, room);
      await exchange(backend, room);
      const first = await worker.take();
      await pass(backend, state === "waiting" ? 65_000 : 90_000);
      const other = new Worker(backend, "other");
      if (state === "leased" || state === "failed") {
        const second = await other.take(first.deliveryId);
        if (state === "failed") await other.settle(second, failed());
      }
      expect((await deliveryOf(backend, first.deliveryId)).state).toBe(state);
      await worker.settle(first, posted("8001"));
      expect(await rows(backend, "posts")).toMatchObject([{ externalId: "8001" }]);
      const { reason, outcomeUnknown, ...ended } = await deliveryOf(backend, first.deliveryId);
      expect([ended.state, reason, outcomeUnknown]).toEqual(["sent", undefined, undefined]);
      expect(await states(backend)).toEqual(["sent", "ready"]);
      await pass(backend, 200_000);
      expect(await states(backend)).toEqual(["sent", "ready"]);
    },
  );

  test("the timer of an earlier lease does not end a later one", async () => {
    await exchange(backend, room);
    const first = await worker.take();
    await pass(backend, 50_000);
    await worker.settle(first, { kind: "release" });
    await worker.take();
    await pass(backend, 20_000);
    expect(await states(backend)).toEqual(["leased"]);
    // Even if it had begun to run before it could be cancelled.
    const { deliveryId, generation } = first;
    await backend.t.mutation(internal.deliveries.expire, { deliveryId, generation });
    await backend.t.mutation(internal.deliveries.wake, { deliveryId, generation });
    expect(await states(backend)).toEqual(["leased"]);
  });

  test("twenty times over eventually fails", async () => {
    // MAX_ATTEMPTS is looked at when a retry is settled, not when a lease runs out: a delivery that kills
    // whoever posts it is offered again without end.
    await exchange(backend, room);
    for (let i = 0; i < 20 && (await worker.ready()).length > 0; i++) {
      await worker.take();
      await pass(backend, 90_000);
    }
    expect(await states(backend)).toEqual(["failed"]);
  });
});
