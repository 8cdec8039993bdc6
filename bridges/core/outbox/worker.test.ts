import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DeliveryId } from "../convex/backend.ts";
import { deliveryOf } from "../../../test/support/core_material.ts";
import { startWorker, stopWorkers } from "../../../test/support/outbox_fakes.ts";
import { eventually } from "../../../test/support/eventually.ts";

afterEach(stopWorkers);

describe("the lease", () => {
  test("counts from the call, not from its answer: a claim answered too late is released unsent", async () => {
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

  test("that runs out between two pieces stops the reply there, and releases it", async () => {
    const { outbox, platform } = startWorker({ postMs: 100, reserveMs: 50, marginMs: 0 });
    platform.onPost = () => new Promise((resolve) => setTimeout(resolve, 60));
    outbox.add(deliveryOf("d1", { leaseMs: 200 }));
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["posted", "release"]);
    });
  });

  test("that another process has taken ends the reply after the request in progress", async () => {
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
  test("up to eight lanes are delivered at the same time", async () => {
    const { outbox, platform } = startWorker();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let inProgress = 0;
    let most = 0;
    platform.onPost = async () => {
      inProgress += 1;
      most = Math.max(most, inProgress);
      await gate;
      inProgress -= 1;
    };
    const ids = Array.from({ length: 12 }, (_, i) => `d${String(i)}`);
    outbox.add(...ids.map((id) => deliveryOf(id, { content: "one." })));
    await eventually(() => {
      expect(inProgress).toBe(8);
    });
    expect(outbox.claims).toHaveLength(8);
    open();
    await eventually(() => {
      expect(outbox.settled).toHaveLength(12);
    });
    expect(most).toBe(8);
  });

  test("the rest of a lane is claimed by the reports that end what is before it", async () => {
    const { outbox, platform } = startWorker();
    outbox.queued.push(...["d2", "d3"].map((id) => deliveryOf(id, { content: "one." })));
    outbox.add(deliveryOf("d1", { content: "one." }));
    await eventually(() => expect(outbox.settled).toHaveLength(3));
    expect(outbox.claims).toEqual(["d1"]);
    expect(platform.did).toEqual(["d1 0 one.", "d2 0 one.", "d3 0 one."]);
  });

  test("a long lane gives its place to lanes that wait", async () => {
    const { outbox, platform } = startWorker({ lanes: 1 });
    outbox.queued.push(deliveryOf("behind", { content: "one." }));
    outbox.add(...["d1", "d2"].map((id) => deliveryOf(id, { content: "one." })));
    await eventually(() => expect(outbox.settled).toHaveLength(3));
    expect(platform.did).toEqual(["d1 0 one.", "d2 0 one.", "behind 0 one."]);
  });

  test("a wake-up during a claim that finds nothing is not lost", async () => {
    const { outbox, platform } = startWorker();
    const id = "d1" as DeliveryId;
    vi.spyOn(outbox, "claim").mockImplementationOnce(() => {
      // Another worker had it when Convex judged our claim, and releases it before the answer arrives.
      outbox.listener([id]);
      return Promise.resolve({ status: "gone" });
    });
    outbox.add(deliveryOf("d1", { content: "one." }));
    await eventually(() => {
      expect(platform.did).toEqual(["d1 0 one."]);
    });
  });

  test("a delivery found gone is not claimed again until something changes", async () => {
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

  test("a claim that Convex refuses is retried", async () => {
    const { outbox, platform } = startWorker();
    let refusals = 3;
    outbox.onClaim = () =>
      refusals-- > 0 ? Promise.reject(new Error("Server Error")) : Promise.resolve();
    outbox.add(deliveryOf("d1", { content: "one." }));
    await eventually(() => {
      expect(platform.did).toHaveLength(1);
    });
  });

  test("claims that Convex refuses for good hold up no other lane", async () => {
    const { outbox, platform } = startWorker({ retry: { first: 60_000, cap: 60_000 } });
    outbox.onClaim = (id) =>
      id.startsWith("cursed") ? Promise.reject(new Error("Server Error")) : Promise.resolve();
    const cursed = Array.from({ length: 8 }, (_, n) => deliveryOf(`cursed ${n.toString()}`));
    outbox.add(...cursed, deliveryOf("ninth", { content: "one." }));
    await eventually(() => {
      expect(platform.did).toEqual(["ninth 0 one."]);
    });
  });

  test("a settlement that Convex refuses is retried, and the piece is not posted again", async () => {
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

  test("settlements that Convex refuses for good hold up no other lane: they are dropped when their lease ends", async () => {
    const onDropped = vi.fn();
    const times = { postMs: 10, reserveMs: 0, marginMs: 0 };
    const { outbox, platform } = startWorker(times, onDropped);
    outbox.onSettle = ({ kind }) =>
      kind === "posted" && platform.did.length <= 8
        ? Promise.reject(new Error("Server Error"))
        : Promise.resolve();
    const cursed = Array.from({ length: 8 }, (_, n) =>
      deliveryOf(`cursed ${n.toString()}`, { content: "one.", leaseMs: 100 }),
    );
    outbox.add(...cursed, deliveryOf("ninth", { content: "one." }));
    await eventually(() => {
      expect(outbox.settled.map(({ id }) => id)).toContain("ninth");
    });
    expect(onDropped).toHaveBeenCalled();
  });
});

describe("stopping", () => {
  test("finishes the request in progress, releases the rest, and claims no more", async () => {
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

  test("does not wait for files of a post, which is released", async () => {
    let asked = false;
    const server = createServer(() => (asked = true));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo; // It listens.
    const { outbox, platform, worker } = startWorker();
    const file = { name: "a", type: "image/png", size: 1, url: `http://127.0.0.1:${port}/` };
    outbox.add(deliveryOf("d1", { files: [file] }));
    await eventually(() => {
      expect(asked).toBe(true);
    });
    expect(await worker.stop(2_000)).toBe(true);
    expect(outbox.kinds()).toEqual(["release"]);
    expect(platform.did).toEqual([]);
    server.close();
    server.closeAllConnections();
  });

  test("does not wait for a request beyond its deadline, and does not release its delivery", async () => {
    const { outbox, platform, worker } = startWorker();
    let inProgress = false;
    platform.onPost = () => {
      inProgress = true;
      return new Promise(() => undefined);
    };
    outbox.add(deliveryOf("d1"));
    await eventually(() => {
      expect(inProgress).toBe(true);
    });
    expect(await worker.stop(20)).toBe(false);
    expect(outbox.settled).toEqual([]);
  });
});
