import { describe, expect, test, vi } from "vitest";
import crons from "../../crons.ts";
import { api, internal } from "../../_generated/api.js";
import { said } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../test/support/convex/fresh.ts";
import { room, spoken, useFreshRoom, worker } from "../../../test/support/convex/fresh_room.ts";
import {
  failure,
  IDS,
  mapChannel,
  pass,
  rows,
  settleDown,
} from "../../../test/support/convex/backend.ts";
import { copyDelivery, exchange } from "../../../test/support/convex/worker.ts";

useFreshRoom();

const HOUR = 60 * 60_000;

const CHANNEL = { platform: "discord", externalId: IDS.discord } as const;

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
    await copyDelivery(backend, 250, "held");
    await backend.admin.mutation(api.admin.change, { ...CHANNEL, state: "active" });
    await loseJobs();
    await pass(backend, HOUR);
    expect(await states("deliveries")).toContain("held");
    await sweep();
    await pass(backend, 1_000);
    expect(await states("deliveries")).not.toContain("held");
    expect(await rearmed()).toMatchObject({ tasks: 1 });
    expect(await rows(backend, "tasks")).toEqual([]);
  });

  test("what an earlier version left held in a mapping that is not paused is released", async () => {
    await exchange(backend, room);
    await backend.t.run(async (ctx) => {
      for (const row of await ctx.db.query("deliveries").collect())
        await ctx.db.patch("deliveries", row._id, { state: "held" });
    });
    await sweep();
    expect(await states("deliveries")).toEqual(["ready"]);
  });

  test("what an unmapped channel still had in the outbox is cancelled, and never posted if it is mapped again", async () => {
    await exchange(backend, room);
    await copyDelivery(backend, 250, "ready");
    await backend.admin.mutation(api.admin.unmap, CHANNEL);
    await loseJobs();
    vi.setSystemTime(Date.now() + 10);
    await mapChannel(backend);
    const left = (await rows(backend, "deliveries")).find(({ state }) => state === "ready");
    if (!left) throw new Error("none is ready");
    const claim = { deliveryId: left._id, owner: "a bridge" };
    expect(await backend.discord.mutation(api.bridge.claim, claim)).toEqual({ status: "gone" });
    await sweep();
    await pass(backend, 1_000);
    expect(new Set(await states("deliveries"))).toEqual(new Set(["cancelled"]));
  });

  test("questions for which another transaction was to ask are answered", async () => {
    await backend.admin.mutation(api.admin.change, { ...CHANNEL, replyIn: "thread" });
    await ingest(...Array.from({ length: 60 }, (_, n) => said(room, { content: `${n}?` })));
    await loseJobs();
    await pass(backend, HOUR);
    await sweep();
    await pass(backend, 120_000);
    expect(ai.requests).toHaveLength(60);
  });

  test("a deleted thread's messages are cleared, and what arrives late a minute after", async () => {
    const thread = { threadId: "555", threadName: "a thread" };
    await ingest(said(room, thread));
    await ingest({ type: "delete", mappingId: room, externalId: "555", thread: true });
    await loseJobs();
    await sweep();
    await pass(backend, 10_000);
    expect(await spoken()).toEqual([]);
    await ingest(said(room, { ...thread, content: "late", sentAt: Date.now() - 20_000 }));
    expect(await spoken()).toContain("late");
    await pass(backend, 60_000);
    expect(await spoken()).not.toContain("late");
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

test("what is re-armed hours later is another incident", async () => {
  await ingest(said(room));
  await loseJobs();
  await sweep();
  await loseJobs();
  await sweep();
  expect(await rearmed()).toMatchObject({ replies: 2 });
  vi.setSystemTime(Date.now() + 3 * HOUR);
  await loseJobs();
  await sweep();
  expect(await rearmed()).toMatchObject({ replies: 1 });
});

test("the sweep runs every hour, and what is no longer kept is deleted every day", () => {
  const times = Object.values(crons.crons).map(({ name, schedule }) => [name, schedule]);
  expect(times).toEqual([
    ["sweep:run", { type: "interval", hours: 1 }],
    ["retention:expire", { type: "interval", hours: 24 }],
  ]);
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
