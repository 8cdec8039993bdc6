import { expect, test, vi } from "vitest";
import { api, internal } from "../../_generated/api.js";
import type { Doc, Id, TableNames } from "../../_generated/dataModel.js";
import { IDS, NOON, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { deleted, said } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../test/support/convex/fresh.ts";
import { room, useFreshRoom, worker } from "../../../test/support/convex/fresh_room.ts";
import { exchange, failed } from "../../../test/support/convex/worker.ts";
import { refused } from "../../../test/support/convex/ai.ts";

useFreshRoom();

const DAY_MS = 24 * 60 * 60_000;

/** Sets the clock without running the jobs in between. */
function setDay(day: number): void {
  vi.setSystemTime(NOON + day * DAY_MS);
}

async function runDaily(): Promise<void> {
  await backend.t.mutation(internal.retention.expire, {});
  await settleDown(backend);
}

async function count(table: TableNames): Promise<number> {
  return (await rows(backend, table)).length;
}

async function firstOf<Table extends TableNames>(table: Table): Promise<Doc<Table>> {
  const row = (await rows(backend, table))[0];
  if (!row) throw new Error(`no ${table}`);
  return row;
}

const PROBLEM = { platform: "discord", kind: "event_set_aside", reason: "odd", count: 1 } as const;

async function insertProblems(
  ...problems: { mappingId: Id<"mappings">; externalId?: string; resolvedAt?: number }[]
): Promise<void> {
  await backend.t.run(async (ctx) => {
    for (const more of problems)
      await ctx.db.insert("problems", { ...PROBLEM, at: Date.now(), ...more });
  });
}

test("a sent delivery and its reply go after 30 days; the message and its posts stay", async () => {
  await exchange(backend, room);
  await worker.post("900");
  const [messages, posts] = [await count("messages"), await count("posts")];
  setDay(29);
  await runDaily();
  expect(await count("deliveries")).toBe(1);
  expect(await count("replies")).toBe(1);
  setDay(31);
  await runDaily();
  expect(await count("deliveries")).toBe(0);
  expect(await count("replies")).toBe(0);
  expect([await count("messages"), await count("posts")]).toEqual([messages, posts]);
});

test("what was posted can still be deleted, here and on the platform, without its delivery", async () => {
  await exchange(backend, room);
  await worker.post("900");
  const { messageId, externalId } = await firstOf("posts");
  setDay(31);
  await runDaily();
  const { takesDown } = await backend.admin.mutation(api.admin.deleteMessage, { messageId });
  expect(takesDown).toBe(true);
  expect(await worker.take()).toMatchObject({ op: "delete", posts: [{ externalId }] });
});

test("a delivery that has not ended stays, however old, and so does the reply being written", async () => {
  await exchange(backend, room);
  ai.always(() => new Promise<Response>(() => undefined));
  await ingest(said(room, { content: "and now?" }));
  setDay(365);
  await backend.t.mutation(internal.retention.expire, {});
  expect(await rows(backend, "deliveries")).toMatchObject([{ state: "ready" }]);
  expect(await rows(backend, "replies")).toMatchObject([{ state: "open" }]);
});

test("a failed delivery stays in the status, and can still be retried", async () => {
  await exchange(backend, room);
  await worker.settle(await worker.take(), failed());
  setDay(31);
  await runDaily();
  expect((await backend.admin.query(api.admin.status, {})).failed).toHaveLength(1);
  expect(await backend.admin.mutation(api.admin.retry, {})).toMatchObject({ retried: 1 });
});

test("a cancelled delivery, and failed and cancelled replies go too", async () => {
  vi.stubEnv("AI_REPLIES_PER_AUTHOR", "1");
  ai.answers(() => refused(401));
  await exchange(backend, room);
  await exchange(backend, room);
  const states = (await rows(backend, "replies")).map(({ state }) => state);
  expect(states.sort()).toEqual(["cancelled", "failed"]);
  await backend.admin.mutation(api.admin.unmap, { platform: "discord", externalId: IDS.discord });
  expect((await rows(backend, "deliveries")).map(({ state }) => state)).toContain("cancelled");
  setDay(31);
  await runDaily();
  expect(await count("replies")).toBe(0);
  expect(await count("deliveries")).toBe(0);
});

test("a resolved problem goes 30 days after it was resolved; an open one stays", async () => {
  await insertProblems({ mappingId: room, resolvedAt: NOON }, { mappingId: room });
  setDay(29);
  await runDaily();
  expect(await count("problems")).toBe(2);
  setDay(31);
  await runDaily();
  const left = await rows(backend, "problems");
  expect(left.map(({ resolvedAt }) => resolvedAt)).toEqual([undefined]);
});

test("failed answers leave the status 30 days after they ended, and not while they last", async () => {
  const aiHealth = async () => (await backend.admin.query(api.admin.status, {})).aiHealth;
  ai.answers(() => refused(401));
  await exchange(backend, room);
  setDay(31);
  await runDaily();
  expect(await aiHealth()).toMatchObject({ failures: 1 });
  await exchange(backend, room);
  setDay(60);
  await runDaily();
  expect((await aiHealth())?.endedAt).toBeGreaterThan(NOON);
  setDay(62);
  await runDaily();
  expect(await aiHealth()).toBeUndefined();
});

test("a tombstone goes after 30 days, and what was open about its message is resolved", async () => {
  await ingest(deleted(room, "42"));
  await insertProblems(
    { mappingId: room, externalId: "42" },
    { mappingId: room, externalId: "43" },
  );
  setDay(29);
  await runDaily();
  expect(await count("tombstones")).toBe(1);
  setDay(31);
  await runDaily();
  expect(await count("tombstones")).toBe(0);
  const { problems } = await backend.admin.query(api.admin.status, {});
  expect(problems.map(({ externalId }) => externalId)).toEqual(["43"]);
});

test("one run deletes at most a hundred documents, and the next ones follow until none is left", async () => {
  await exchange(backend, room);
  const { _id, _creationTime, ...reply } = await firstOf("replies");
  await backend.t.run(async (ctx) => {
    for (let i = 0; i < 149; i++) await ctx.db.insert("replies", reply);
    for (let i = 0; i < 100; i++)
      await ctx.db.insert("tombstones", { mappingId: room, externalId: i.toString() });
  });
  setDay(31);
  await backend.t.mutation(internal.retention.expire, {});
  expect((await count("replies")) + (await count("tombstones"))).toBe(150);
  await pass(backend, 2_000);
  expect([await count("replies"), await count("tombstones")]).toEqual([0, 0]);
});
