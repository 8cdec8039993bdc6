import { afterEach, describe, expect, test, vi } from "vitest";
import type { DeliveryId } from "../convex/backend.ts";
import { deliveryOf } from "../../../test/support/core_material.ts";
import { startWorker, stopWorkers } from "../../../test/support/outbox_fakes.ts";
import { eventually } from "../../../test/support/eventually.ts";

afterEach(stopWorkers);

describe("the lease", () => {
  test("counts from the call, not from its answer: what comes too late is released unsent", async () => {
    const { outbox, platform } = startWorker({ postMs: 100, reserveMs: 50, marginMs: 10 });
    outbox.onClaim = () => new Promise((resolve) => setTimeout(resolve, 120));
    outbox.add(deliveryOf("late", { leaseMs: 250 }), deliveryOf("fresh", { leaseMs: 60_000 }));
    await eventually(() => {
      expect(
        outbox.settled.filter(({ id }) => id === "late").map((s) => s.settlement.kind),
      ).toEqual(["release"]);
      expect(platform.did).toHaveLength(3);
    });
    expect(platform.did.every((line) => line.startsWith("fresh"))).toBe(true);
  });

  test("that runs out between two pieces stops the reply there, and lets another go on", async () => {
    const { outbox, platform } = startWorker({ postMs: 100, reserveMs: 50, marginMs: 0 });
    platform.onPost = () => new Promise((resolve) => setTimeout(resolve, 60));
    outbox.add(deliveryOf("d1", { leaseMs: 200 }));
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["posted", "release"]);
    });
  });

  test("that another has taken ends the reply after the piece on the wire", async () => {
    const { outbox, platform } = startWorker();
    const settle = vi.spyOn(outbox, "settle").mockResolvedValue({ held: false });
    outbox.add(deliveryOf("d1"));
    await eventually(() => {
      expect(settle).toHaveBeenCalledTimes(1);
    });
    expect(platform.did).toEqual(["d1 0 one."]);
  });
});

describe("waking up", () => {
  test("several lanes go at the same time, eight at most", async () => {
    const { outbox, platform } = startWorker();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let underWay = 0;
    let most = 0;
    platform.onPost = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await gate;
      underWay -= 1;
    };
    const ids = Array.from({ length: 12 }, (_, i) => `d${String(i)}`);
    outbox.add(...ids.map((id) => deliveryOf(id, { content: "one." })));
    await eventually(() => {
      expect(underWay).toBe(8);
    });
    expect(outbox.claims).toHaveLength(8);
    open();
    await eventually(() => {
      expect(outbox.settled).toHaveLength(12);
    });
    expect(most).toBe(8);
  });

  test("a wake-up during a claim that finds nothing is not lost", async () => {
    const { outbox, platform } = startWorker();
    const id = "d1" as DeliveryId;
    vi.spyOn(outbox, "claim").mockImplementationOnce(() => {
      // Another worker had it when our claim was judged, and gives it back before the answer arrives.
      outbox.listener([id]);
      return Promise.resolve({ status: "gone" });
    });
    outbox.add(deliveryOf("d1", { content: "one." }));
    await eventually(() => {
      expect(platform.did).toEqual(["d1 0 one."]);
    });
  });

  test("a delivery found gone is not asked for again until something changes", async () => {
    const { outbox } = startWorker();
    const id = "d1" as DeliveryId;
    outbox.listener([id]);
    await eventually(() => {
      expect(outbox.claims).toHaveLength(1);
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(outbox.claims).toHaveLength(1);
    outbox.listener([id]);
    await eventually(() => {
      expect(outbox.claims).toHaveLength(2);
    });
  });

  test("a claim that Convex refuses is made again", async () => {
    const { outbox, platform } = startWorker();
    let refusals = 3;
    outbox.onClaim = () =>
      refusals-- > 0 ? Promise.reject(new Error("Server Error")) : Promise.resolve();
    outbox.add(deliveryOf("d1", { content: "one." }));
    await eventually(() => {
      expect(platform.did).toHaveLength(1);
    });
  });

  test("a settlement that Convex refuses is told again, and the piece not posted again", async () => {
    const { outbox, platform } = startWorker();
    let refusals = 3;
    outbox.onSettle = () =>
      refusals-- > 0 ? Promise.reject(new Error("Server Error")) : Promise.resolve();
    outbox.add(deliveryOf("d1", { content: "one." }));
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["posted"]);
    });
    expect(platform.did).toHaveLength(1);
  });
});

describe("stopping", () => {
  test("finishes the piece on the wire, releases the rest, and claims no more", async () => {
    const { outbox, platform, worker } = startWorker();
    let land: () => void = () => undefined;
    platform.onPost = () => new Promise((resolve) => (land = resolve));
    outbox.add(deliveryOf("d1"));
    await eventually(() => {
      expect(outbox.claims).toHaveLength(1);
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const stopped = worker.stop(5_000);
    outbox.add(deliveryOf("d2"));
    land();
    expect(await stopped).toBe(true);
    expect(outbox.kinds()).toEqual(["posted", "release"]);
    expect(outbox.claims).toEqual(["d1"]);
  });

  test("does not wait for the wire beyond its deadline, and releases nothing that is on it", async () => {
    const { outbox, platform, worker } = startWorker();
    let underWay = false;
    platform.onPost = () => {
      underWay = true;
      return new Promise(() => undefined);
    };
    outbox.add(deliveryOf("d1"));
    await eventually(() => {
      expect(underWay).toBe(true);
    });
    expect(await worker.stop(20)).toBe(false);
    expect(outbox.settled).toEqual([]);
  });
});
