import { beforeEach, describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { room, worker, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { NOON, pass, settleDown } from "../../../test/support/convex/backend.ts";
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

beforeEach(async () => {
  await exchange(backend, room);
  // On a busy machine the first answer takes a while: its functions are still being loaded.
  for (let n = 0; n < 100 && (await worker.ready()).length === 0; n++) await settleDown(backend);
});
const LEASE_AND_QUARANTINE = 86_000;
const again = (deliveryId?: string) =>
  backend.admin.mutation(api.admin.retry, { ...(deliveryId !== undefined && { deliveryId }) });

describe("a delivery of unknown outcome", () => {
  test("says how old its first claim is, and until when it may have been posted", async () => {
    await worker.take();
    await pass(backend, LEASE_AND_QUARANTINE);
    expect(await worker.take()).toMatchObject({
      outcomeUnknown: true,
      firstClaimedAt: NOON,
      ageMs: LEASE_AND_QUARANTINE,
      unknownUntil: NOON + 60_000,
    });
  });

  test("keeps the renderer of who may have posted it; any other takes the claimer's", async () => {
    const old = new Worker(backend, "old", "1");
    expect(await old.take()).toMatchObject({ format: "1" });
    await pass(backend, LEASE_AND_QUARANTINE);
    const next = new Worker(backend, "new", "2");
    const claimed = await next.take();
    expect(claimed).toMatchObject({ format: "1" });
    await next.settle(claimed, posted("8001", 1, false));
    await next.settle(claimed, retry(1_000));
    await pass(backend, 2_000);
    expect(await new Worker(backend, "newer", "3").take()).toMatchObject({
      outcomeUnknown: false,
      format: "3",
    });
  });

  test("is known again once its holder has posted the part", async () => {
    await worker.take();
    await pass(backend, LEASE_AND_QUARANTINE);
    const claimed = await worker.take();
    await worker.settle(claimed, posted("8001", 1, false));
    const row = await deliveryOf(backend, claimed.deliveryId);
    expect([row.state, row.outcomeUnknown, row.unknownUntil]).toEqual([
      "leased",
      undefined,
      undefined,
    ]);
  });

  test("stays unknown while looking for it fails, and when its attempts are used up", async () => {
    await worker.settle(await worker.take(), retry(1_000, false));
    for (let n = 0; n < 9; n++) {
      await pass(backend, 40_000);
      await worker.settle(await worker.take(), retry(1_000, false));
    }
    expect(await states(backend)).toEqual(["failed"]);
    await again();
    expect(await worker.take()).toMatchObject({ outcomeUnknown: true });
  });
});

describe("asking before a part is sent again", () => {
  test("is granted to the holder, and changes nothing", async () => {
    await worker.take();
    await pass(backend, LEASE_AND_QUARANTINE);
    const claimed = await worker.take();
    const before = await deliveryOf(backend, claimed.deliveryId);
    expect(await worker.settle(claimed, { kind: "verify", part: 1 })).toBe(true);
    expect(await deliveryOf(backend, claimed.deliveryId)).toEqual(before);
  });

  test("is refused once the earlier holder has reported that part", async () => {
    const first = await worker.take();
    await pass(backend, LEASE_AND_QUARANTINE);
    const second = await new Worker(backend, "other").take();
    await worker.settle(first, posted("8001", 1, false));
    expect(await worker.settle(second, { kind: "verify", part: 1 })).toBe(false);
    expect(await worker.settle(second, { kind: "verify", part: 2 })).toBe(true);
  });

  test("is refused to a process that no longer holds it", async () => {
    const first = await worker.take();
    await pass(backend, LEASE_AND_QUARANTINE);
    expect(await worker.settle(first, { kind: "verify", part: 1 })).toBe(false);
    await new Worker(backend, "other").take();
    expect(await worker.settle(first, { kind: "verify", part: 1 })).toBe(false);
  });
});

describe("retry by an admin", () => {
  const fail = async () => {
    const claimed = await worker.take();
    await worker.settle(claimed, failed({ certain: false }));
    await pass(backend, 600_000);
    return claimed;
  };

  test("of everything lets the bridge look first, in the same time", async () => {
    const { firstClaimedAt } = await fail();
    await again();
    expect(await worker.take()).toMatchObject({
      outcomeUnknown: true,
      firstClaimedAt,
      unknownUntil: NOON,
    });
  });

  test("of one that is named sends it: the person has looked", async () => {
    const { deliveryId } = await fail();
    await again(deliveryId);
    expect(await worker.take()).toMatchObject({ outcomeUnknown: false, ageMs: 0 });
  });
});

describe("a delivery claimed more than five minutes after it was created", () => {
  const MINUTES = 60_000;

  test("is looked for first, because a restored backup may have brought it back", async () => {
    await pass(backend, 6 * MINUTES);
    expect(await worker.take()).toMatchObject({
      outcomeUnknown: false,
      lookFirst: true,
      firstClaimedAt: NOON,
      unknownUntil: NOON + 6 * MINUTES,
      ageMs: 0,
    });
  });

  test("whose request then gets no answer is as young as that request: its nonce still counts", async () => {
    await pass(backend, 6 * MINUTES);
    const claimed = await worker.take();
    await worker.settle(claimed, retry(25_000, false));
    await pass(backend, 26_000);
    const next = await worker.take();
    expect(next).toMatchObject({ outcomeUnknown: true });
    expect(next.ageMs).toBeLessThan(60_000);
  });

  test("is not when it was claimed in time, retried soon, or retried by an admin who has looked", async () => {
    const claimed = await worker.take();
    expect(claimed.lookFirst).toBeUndefined();
    await worker.settle(claimed, retry(1_000));
    await pass(backend, 4 * MINUTES);
    const second = await worker.take();
    expect(second.lookFirst).toBeUndefined();
    await worker.settle(second, failed());
    await pass(backend, 6 * MINUTES);
    await again(second.deliveryId);
    expect((await worker.take()).lookFirst).toBeUndefined();
  });
});
