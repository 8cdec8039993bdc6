import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { ai, backend } from "../../../test/support/convex/fresh.ts";
import { room, worker, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { IDS, mapChannel, pass, rows } from "../../../test/support/convex/backend.ts";
import {
  deliveryOf,
  exchange,
  failed,
  posted,
  retry,
  states,
} from "../../../test/support/convex/worker.ts";

useFreshRoom();

const target = { platform: "discord", externalId: IDS.discord } as const;
const change = (state: "paused" | "active") =>
  backend.admin.mutation(api.admin.change, { ...target, state });
const unmap = () => backend.admin.mutation(api.admin.unmap, target);

describe("a paused mapping", () => {
  test("holds what is ready, and lets it go on when resumed, in order", async () => {
    await exchange(backend, room);
    await exchange(backend, room);
    await change("paused");
    expect(await states(backend)).toEqual(["held", "queued"]);
    expect(await worker.ready()).toEqual([]);
    await change("active");
    expect(await states(backend)).toEqual(["ready", "queued"]);
    expect((await worker.post("8001")).content).toBe("answer 1");
    expect((await worker.post("8002")).content).toBe("answer 2");
  });

  test("holds a reply that was being written", async () => {
    const release = ai.holds("late");
    await exchange(backend, room);
    await change("paused");
    release();
    await pass(backend, 1_000);
    expect(await states(backend)).toEqual(["held"]);
    await change("active");
    expect((await worker.post("8001")).content).toBe("late");
  });

  test.each([
    ["released", { kind: "release" }],
    ["to be tried again", retry(1_000)],
  ] as const)("holds what was being posted and is %s", async (_name, settlement) => {
    await exchange(backend, room);
    const claimed = await worker.take();
    await change("paused");
    expect(await states(backend)).toEqual(["leased"]);
    await worker.settle(claimed, settlement);
    await pass(backend, 5_000);
    expect(await states(backend)).toEqual(["held"]);
    await change("active");
    expect(await worker.ready()).toHaveLength(1);
  });

  test("accepts what was on the wire, and holds the next", async () => {
    await exchange(backend, room);
    await exchange(backend, room);
    const claimed = await worker.take();
    await change("paused");
    await worker.settle(claimed, posted("8001"));
    expect(await states(backend)).toEqual(["sent", "held"]);
  });

  test("does not wake before it is resumed", async () => {
    await exchange(backend, room);
    await worker.settle(await worker.take(), retry(1_000));
    await change("paused");
    await pass(backend, 60_000);
    expect(await worker.ready()).toEqual([]);
    await change("active");
    expect(await worker.ready()).toHaveLength(1);
  });

  test("holds also what a claim comes across that was still ready", async () => {
    await exchange(backend, room);
    const [id] = await worker.ready();
    // As where there were more deliveries than one call holds.
    await backend.t.run(async (ctx) => ctx.db.patch(room, { state: "paused" }));
    expect(await worker.claim(id)).toBeNull();
    expect(await states(backend)).toEqual(["held"]);
  });

  test("a wait goes on being one through a pause", async () => {
    await exchange(backend, room);
    await worker.settle(await worker.take(), retry(60_000));
    await change("paused");
    await change("active");
    expect(await worker.ready()).toEqual([]);
    await pass(backend, 61_000);
    expect(await worker.ready()).toHaveLength(1);
  });
});

describe("an unmapped mapping", () => {
  test("cancels what waits: ready, queued, waiting, held", async () => {
    await exchange(backend, room);
    await exchange(backend, room);
    await exchange(backend, room, { threadId: "7" });
    const threadHead = (await worker.ready())[1];
    await worker.settle(await worker.take(threadHead), retry(60_000));
    expect(await unmap()).toMatchObject({ cancelledDeliveries: 3 });
    expect(await states(backend)).toEqual(["cancelled", "cancelled", "cancelled"]);
    expect(await worker.ready()).toEqual([]);
    await pass(backend, 120_000);
    expect(await states(backend)).toEqual(["cancelled", "cancelled", "cancelled"]);
  });

  test("still accepts what was on the wire", async () => {
    await exchange(backend, room);
    await exchange(backend, room);
    const claimed = await worker.take();
    await unmap();
    await worker.settle(claimed, posted("8001"));
    expect(await states(backend)).toEqual(["sent", "cancelled"]);
    expect(await rows(backend, "posts")).toHaveLength(1);
  });

  test.each([
    ["released", { kind: "release" }],
    ["to be tried again", retry(1_000)],
  ] as const)("cancels what was on the wire and is %s", async (_name, settlement) => {
    await exchange(backend, room);
    const claimed = await worker.take();
    await unmap();
    await worker.settle(claimed, settlement);
    await pass(backend, 5_000);
    expect(await states(backend)).toEqual(["cancelled"]);
  });

  test("cancels what its holder fell silent over", async () => {
    await exchange(backend, room);
    await worker.take();
    await unmap();
    await pass(backend, 120_000);
    expect(await states(backend)).toEqual(["cancelled"]);
  });

  test("and mapped onto another channel posts none of the old one's replies there", async () => {
    await exchange(backend, room);
    const claimed = await worker.take();
    await unmap();
    await mapChannel(backend, "discord", { to: "elsewhere" });
    await worker.settle(claimed, { kind: "release" });
    const [id] = await worker.ready();
    if (id) expect(await worker.claim(id)).toBeNull();
    expect(await states(backend)).toEqual(["cancelled"]);
  });
});

describe("retry by an admin", () => {
  const again = (deliveryId?: string) =>
    backend.admin.mutation(api.admin.retry, { ...(deliveryId !== undefined && { deliveryId }) });
  const fail = async (more: Parameters<typeof failed>[0] = {}) => {
    await exchange(backend, room);
    const claimed = await worker.take();
    await worker.settle(claimed, failed(more));
    return claimed;
  };

  test("makes a failed delivery ready again, as if it were new, keeping what was posted", async () => {
    await exchange(backend, room);
    const claimed = await worker.take();
    await worker.settle(claimed, posted("8001", 1, false));
    await worker.settle(claimed, failed({ certain: false }));
    expect(await again(claimed.deliveryId)).toEqual({ retried: 1, more: false });
    expect(await worker.take()).toMatchObject({
      deliveryId: claimed.deliveryId,
      attempts: 1,
      generation: 2,
      outcomeUnknown: false,
      posts: [{ externalId: "8001" }],
    });
  });

  test("gives the delivery its old place in the lane", async () => {
    const first = await fail();
    await exchange(backend, room);
    await exchange(backend, room);
    const busy = await worker.take();
    await again();
    expect((await deliveryOf(backend, first.deliveryId)).state).toBe("queued");
    await worker.settle(busy, posted("8002"));
    expect((await worker.post("8001")).deliveryId).toBe(first.deliveryId);
    expect((await worker.post("8003")).content).toBe("answer 3");
  });

  test("of several of one lane makes one of them ready", async () => {
    await fail();
    await fail();
    expect(await again()).toEqual({ retried: 2, more: false });
    expect(await states(backend)).toEqual(["ready", "queued"]);
  });

  test("holds it while the mapping is paused", async () => {
    await fail();
    await change("paused");
    await again();
    expect(await states(backend)).toEqual(["held"]);
    await change("active");
    expect(await states(backend)).toEqual(["ready"]);
  });

  test("cancels it where the channel was unmapped meanwhile", async () => {
    await fail();
    await unmap();
    expect(await again()).toEqual({ retried: 0, more: false });
    expect(await states(backend)).toEqual(["cancelled"]);
    expect(await again()).toEqual({ retried: 0, more: false });
  });

  test("of a delivery whose post is reported late ends it, and it is not posted twice", async () => {
    const claimed = await fail({ certain: false });
    await again();
    await worker.settle(claimed, posted("8001"));
    expect(await states(backend)).toEqual(["sent"]);
    expect(await worker.ready()).toEqual([]);
  });
});
