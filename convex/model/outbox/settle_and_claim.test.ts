import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { failure, pass } from "../../../test/support/convex/backend.ts";
import { backend } from "../../../test/support/convex/fresh.ts";
import { room, useFreshRoom, worker } from "../../../test/support/convex/fresh_room.ts";
import {
  copyDelivery,
  exchange,
  posted,
  retry,
  states,
  Worker,
} from "../../../test/support/convex/worker.ts";

useFreshRoom();

const next = { owner: "worker", format: "1" };

describe("a report that may claim the next delivery", () => {
  test("claims it if it ended its own", async () => {
    await exchange(backend, room);
    await copyDelivery(backend, 1, "queued");
    const { deliveryId, generation } = await worker.take();
    const args = { deliveryId, generation, next };
    const more = await backend.discord.mutation(api.bridge.settle, {
      ...args,
      settlement: posted("901", 0, false),
    });
    expect([more.held, more.next]).toEqual([true, undefined]);
    const last = await backend.discord.mutation(api.bridge.settle, {
      ...args,
      settlement: posted("902", 1),
    });
    expect(last).toMatchObject({ held: false, next: { generation: 1, op: "create" } });
    expect(await states(backend)).toEqual(["sent", "leased"]);
    expect(await worker.ready()).toEqual([]);
  });

  test("claims nothing while its own waits, and nothing that another holds", async () => {
    await exchange(backend, room);
    await copyDelivery(backend, 1, "queued");
    const first = await worker.take();
    const { deliveryId, generation } = first;
    const settle = (settlement: ReturnType<typeof posted>) =>
      backend.discord.mutation(api.bridge.settle, { deliveryId, generation, settlement, next });
    expect((await settle(retry(1_000))).next).toBeUndefined();
    await pass(backend, 2_000);
    const again = await worker.take();
    await worker.settle(again, posted("901"));
    await new Worker(backend, "another").take();
    // Its report arrives a second time, late.
    expect((await settle(posted("901"))).next).toBeUndefined();
  });
});

describe("several calls in one", () => {
  test("are answered in order", async () => {
    await exchange(backend, room);
    const [deliveryId] = await worker.ready();
    if (!deliveryId) throw new Error("nothing is ready");
    const claim = { kind: "claim" as const, args: { deliveryId, owner: "worker" } };
    const answers = await backend.discord.mutation(api.bridge.exchange, { calls: [claim, claim] });
    expect(answers).toMatchObject([
      { kind: "claim", answer: { status: "claimed" } },
      { kind: "claim", answer: { status: "gone" } },
    ]);
  });

  test("count none if one of them is refused", async () => {
    await exchange(backend, room);
    const { deliveryId, generation } = await worker.take();
    const settle = (settlement: ReturnType<typeof posted>) => ({
      kind: "settle" as const,
      args: { deliveryId, generation, settlement },
    });
    const calls = [settle(posted("901"))];
    expect(await failure(backend.slack.mutation(api.bridge.exchange, { calls }))).toBe("FORBIDDEN");
    expect(await states(backend)).toEqual(["leased"]);
  });
});
