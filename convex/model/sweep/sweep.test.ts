import { describe, expect, test } from "vitest";
import { api, internal } from "../../_generated/api.js";
import { said } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../test/support/convex/fresh.ts";
import { room, spoken, useFreshRoom, worker } from "../../../test/support/convex/fresh_room.ts";
import { failure, IDS, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { exchange } from "../../../test/support/convex/worker.ts";

useFreshRoom();

const HOUR = 60 * 60_000;

/** What a restored backup has: every row, and none of the scheduled functions. */
async function loseJobs(): Promise<void> {
  await backend.t.run(async (ctx) => {
    for (const job of await ctx.db.system.query("_scheduled_functions").collect())
      if (job.state.kind === "pending") await ctx.scheduler.cancel(job._id);
  });
}

const sweep = () => backend.t.mutation(internal.sweep.run, {});
const states = async (table: "replies" | "deliveries") =>
  (await rows(backend, table)).map(({ state }) => state);
const rearmed = async () => (await backend.admin.query(api.admin.status, {})).rearmed;

describe("after every scheduled function was lost", () => {
  test("an open reply is written at the next sweep, once", async () => {
    await ingest(said(room, { content: "why?" }));
    await loseJobs();
    await pass(backend, HOUR);
    expect(await states("replies")).toEqual(["open"]);
    expect(ai.requests).toHaveLength(0);
    await sweep();
    await pass(backend, 60_000);
    expect(await spoken()).toEqual(["why?", "answer 1"]);
    expect(ai.requests).toHaveLength(1);
    expect(await rearmed()).toMatchObject({ replies: 1, deliveries: 0, purges: 0 });
  });

  test("an open reply is written at the conversation's next question, and both are answered", async () => {
    await ingest(said(room, { content: "why?" }));
    await loseJobs();
    await ingest(said(room, { content: "and why not?" }));
    await pass(backend, 60_000);
    expect(ai.requests).toHaveLength(1);
    expect(await states("replies")).toEqual(["done"]);
  });

  test("a leased delivery is given up when its lease ends, and looked for before it is sent again", async () => {
    await exchange(backend, room);
    await worker.take();
    await loseJobs();
    await sweep();
    await pass(backend, 10_000);
    expect(await states("deliveries")).toEqual(["leased"]);
    await pass(backend, 50_000);
    expect(await states("deliveries")).toEqual(["waiting"]);
    await pass(backend, 25_000);
    expect((await worker.take()).outcomeUnknown).toBe(true);
  });

  test("a waiting delivery is ready again when its time comes", async () => {
    await exchange(backend, room);
    const claimed = await worker.take();
    const trouble = { code: "429", reason: "busy", certain: true };
    await worker.settle(claimed, { kind: "retry", afterMs: 30_000, ...trouble });
    await loseJobs();
    await pass(backend, HOUR);
    expect(await states("deliveries")).toEqual(["waiting"]);
    await sweep();
    await settleDown(backend);
    expect(await states("deliveries")).toEqual(["ready"]);
  });

  test("the lane of a leased delivery goes on at the conversation's next answer", async () => {
    await exchange(backend, room);
    await worker.take();
    await loseJobs();
    await exchange(backend, room, { content: "and?" });
    await pass(backend, 90_000);
    expect(await states("deliveries")).toEqual(["ready", "queued"]);
    expect(await rearmed()).toMatchObject({ deliveries: 1 });
  });

  test("messages are deleted to the end", async () => {
    await exchange(backend, room);
    const target = { platform: "discord", externalId: IDS.discord } as const;
    await backend.admin.mutation(api.admin.unmap, { ...target, deleteMessages: true });
    await loseJobs();
    await pass(backend, HOUR);
    expect(await rows(backend, "messages")).toHaveLength(2);
    await sweep();
    await settleDown(backend);
    expect(await rows(backend, "messages")).toEqual([]);
    expect(await rows(backend, "purges")).toEqual([]);
  });

  test("a channel whose messages are still to be deleted can't be mapped with history", async () => {
    await exchange(backend, room);
    const target = { platform: "discord", externalId: IDS.discord } as const;
    await backend.admin.mutation(api.admin.unmap, { ...target, deleteMessages: true });
    await loseJobs();
    const again = () =>
      failure(backend.admin.mutation(api.admin.map, { ...target, to: "again", history: 10 }));
    expect(await again()).toBe("BEING_DELETED");
    await sweep();
    await settleDown(backend);
    expect(await again()).toBe("ok");
  });

  test("what a resumed mapping still holds is released", async () => {
    await exchange(backend, room);
    await backend.t.run(async (ctx) => {
      for (const row of await ctx.db.query("deliveries").collect())
        await ctx.db.patch("deliveries", row._id, { state: "held" });
    });
    await sweep();
    expect(await states("deliveries")).toEqual(["ready"]);
  });
});

test("a sweep touches nothing whose scheduled function is there", async () => {
  await exchange(backend, room);
  await worker.take();
  await ingest(said(room, { content: "why?" }));
  const jobs = () =>
    backend.t.run(async (ctx) => await ctx.db.system.query("_scheduled_functions").collect());
  const before = await jobs();
  await sweep();
  expect(await jobs()).toEqual(before);
  expect(await rearmed()).toBeUndefined();
});

test("a sweep of many rows goes on in batches", async () => {
  await exchange(backend, room);
  await backend.t.run(async (ctx) => {
    const [delivery] = await ctx.db.query("deliveries").collect();
    if (!delivery) throw new Error("no delivery");
    const { _id, _creationTime, ...fields } = delivery;
    for (let n = 0; n < 250; n++)
      await ctx.db.insert("deliveries", { ...fields, state: "waiting", notBefore: 0 });
  });
  await sweep();
  expect(await rearmed()).toMatchObject({ deliveries: 100 });
  await pass(backend, 1_000);
  expect(await rearmed()).toMatchObject({ deliveries: 250 });
  expect(await states("deliveries")).not.toContain("waiting");
});
