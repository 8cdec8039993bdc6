import { expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { failure, mapChannel, NOON, rows } from "../../../test/support/convex/backend.ts";
import { backend, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { exchange } from "../../../test/support/convex/worker.ts";

useFreshBackend();

test("an admin is told what cannot be retried", async () => {
  const { mappingId } = await mapChannel(backend);
  await exchange(backend, mappingId);
  const [waiting] = await rows(backend, "deliveries");
  const retry = (deliveryId: string) =>
    failure(backend.admin.mutation(api.admin.retry, { deliveryId }));
  expect(await retry("nonsense")).toBe("NOT_FOUND");
  expect(await retry(`${"9".repeat(22)}deliveries`)).toBe("NOT_FOUND");
  expect(await retry(waiting?._id ?? "")).toBe("NOT_FAILED");
  expect(await retry(mappingId)).toBe("NOT_FOUND");
});

test("a call retries a hundred and says that there are more", async () => {
  const { mappingId } = await mapChannel(backend);
  await exchange(backend, mappingId);
  await backend.t.run(async (ctx) => {
    const delivery = await ctx.db.query("deliveries").first();
    if (!delivery) throw new Error("nothing was delivered");
    const { _id, _creationTime, ...fields } = delivery;
    await ctx.db.delete(_id);
    for (let i = 0; i < 130; i++) {
      await ctx.db.insert("deliveries", { ...fields, state: "failed", endedAt: NOON });
    }
  });
  const retry = () => backend.admin.mutation(api.admin.retry, {});
  expect(await retry()).toEqual({ retried: 100, more: true });
  expect(await retry()).toEqual({ retried: 30, more: false });
  const states = (await rows(backend, "deliveries")).map(({ state }) => state);
  expect(states.filter((state) => state === "ready")).toHaveLength(1);
});
