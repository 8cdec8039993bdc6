import { expect, test, vi } from "vitest";
import { api, internal } from "../../_generated/api.js";
import type { TableNames } from "../../_generated/dataModel.js";
import { failure, IDS, NOON, pass, rows } from "../../../test/support/convex/backend.ts";
import { deleted, said } from "../../../test/support/convex/events.ts";
import { backend, ingest } from "../../../test/support/convex/fresh.ts";
import { room, spoken, useFreshRoom, worker } from "../../../test/support/convex/fresh_room.ts";
import { exchange } from "../../../test/support/convex/worker.ts";

useFreshRoom();

const DAY_MS = 24 * 60 * 60_000;
const CHANNEL = { platform: "discord", externalId: IDS.discord } as const;

async function keep(keepDays: number | null) {
  return await backend.admin.mutation(api.admin.change, { ...CHANNEL, keepDays });
}

/** Sets the clock without running the jobs in between. */
function setDay(day: number): void {
  vi.setSystemTime(NOON + day * DAY_MS);
}

async function runDaily(): Promise<void> {
  await backend.t.mutation(internal.retention.expire, {});
  await pass(backend, 2_000);
}

async function count(table: TableNames): Promise<number> {
  return (await rows(backend, table)).length;
}

async function counts() {
  return {
    messages: await count("messages"),
    posts: await count("posts"),
    deliveries: await count("deliveries"),
  };
}

test("old messages go with their posts and deliveries, newer ones stay", async () => {
  await keep(7);
  await exchange(backend, room, { content: "old" });
  await worker.post("900");
  setDay(6);
  await runDaily();
  expect(await counts()).toEqual({ messages: 2, posts: 1, deliveries: 1 });
  await exchange(backend, room, { content: "new" });
  setDay(8);
  await runDaily();
  expect(await spoken()).toEqual(["new", "answer 2"]);
  expect(await counts()).toEqual({ messages: 2, posts: 0, deliveries: 1 });
  expect(await worker.take()).toMatchObject({ content: "answer 2" });
});

test("without a limit, or with one that was lifted, everything stays", async () => {
  await exchange(backend, room);
  await keep(7);
  expect((await keep(null)).keepDays).toBeUndefined();
  setDay(365);
  await runDaily();
  expect(await count("messages")).toBe(2);
  await ingest(said(room, { sentAt: NOON }));
  expect(await count("messages")).toBe(3);
});

test("older messages are not stored, live, edited or backfilled; newer ones are", async () => {
  await keep(7);
  const sentAt = Date.now() - 7 * DAY_MS - 1;
  const outcomes = await ingest(
    said(room, { sentAt }),
    said(room, { sentAt, editedAt: Date.now() }),
    said(room, { sentAt, backfilled: true }),
    said(room, { sentAt: sentAt + 60_000, backfilled: true }),
  );
  expect(outcomes).toEqual(["ignored", "ignored", "ignored", "inserted"]);
});

test("a message that is old but still stored is edited and deleted until its day comes", async () => {
  await keep(7);
  const message = said(room);
  await ingest(message);
  setDay(8);
  expect(await ingest({ ...message, content: "corrected", editedAt: Date.now() })).toEqual([
    "edited",
  ]);
  expect(await ingest(deleted(room, message.externalId))).toEqual(["deleted"]);
});

test("a redelivery does not bring back what was deleted for its age", async () => {
  await keep(1);
  const message = said(room);
  await ingest(message);
  setDay(2);
  await runDaily();
  expect(await ingest(message, { ...message, backfilled: true })).toEqual(["ignored", "ignored"]);
  expect(await count("messages")).toBe(0);
});

test("the name of a thread goes with its last message", async () => {
  await keep(7);
  await ingest(said(room, { threadId: "55", threadName: "secret plans" }));
  setDay(4);
  await ingest(said(room, { threadId: "55", threadName: "secret plans" }));
  const names = async () => (await rows(backend, "conversations")).map(({ name }) => name);
  setDay(8);
  await runDaily();
  expect(await names()).toContain("secret plans");
  setDay(20);
  await runDaily();
  expect(await names()).not.toContain("secret plans");
});

test("tombstones go with their messages' age, before the usual 30 days", async () => {
  await keep(7);
  await ingest(deleted(room, "42"));
  setDay(6);
  await runDaily();
  expect(await count("tombstones")).toBe(1);
  setDay(8);
  await runDaily();
  expect(await count("tombstones")).toBe(0);
});

test("the limit still applies after unmapping; mapping anew without one ends it", async () => {
  await keep(7);
  await ingest(said(room));
  await backend.admin.mutation(api.admin.unmap, CHANNEL);
  setDay(8);
  await runDaily();
  expect(await count("messages")).toBe(0);
  await backend.admin.mutation(api.admin.map, { ...CHANNEL, to: "room" });
  expect(await backend.admin.query(api.admin.list, {})).toEqual([
    expect.not.objectContaining({ keepDays: 7 }),
  ]);
});

test("one run deletes about a hundred documents, and the next ones follow until none is left", async () => {
  await keep(7);
  const sentAt = Date.now() - 20 * 60_000;
  for (let i = 0; i < 3; i++)
    await ingest(...Array.from({ length: 50 }, () => said(room, { sentAt })));
  setDay(8);
  await backend.t.mutation(internal.retention.expire, {});
  expect(await count("messages")).toBe(50);
  await pass(backend, 2_000);
  expect(await count("messages")).toBe(0);
});

test("a mapping behind a thousand others is not forgotten", async () => {
  await keep(7);
  await exchange(backend, room);
  await backend.t.run(async (ctx) => {
    const mapping = await ctx.db.get("mappings", room);
    if (!mapping) throw new Error("no mapping");
    const { _id, _creationTime, ...fields } = mapping;
    for (let n = 0; n < 1_200; n++)
      await ctx.db.insert("mappings", { ...fields, externalId: `other ${n}`, keepDays: 1 });
  });
  setDay(8);
  await runDaily();
  expect(await count("messages")).toBe(0);
});

test("map and change refuse a limit that is no number of days", async () => {
  for (const keepDays of [0, -1, 1.5, 3_651, Number.NaN])
    expect(await failure(keep(keepDays))).toBe("BAD_KEEP");
  const other = { ...CHANNEL, externalId: "100000000000000002", to: "room" };
  const map = (keepDays: number) => backend.admin.mutation(api.admin.map, { ...other, keepDays });
  expect(await failure(map(0))).toBe("BAD_KEEP");
  await map(30);
  const { mappings } = await backend.admin.query(api.admin.status, {});
  expect(mappings.map(({ keepDays }) => keepDays)).toEqual([undefined, 30]);
});
