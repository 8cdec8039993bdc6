import { beforeEach, expect, test, vi } from "vitest";
import { api, internal } from "../../_generated/api.js";
import { NOON, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { deleted, EVE, reacted, reactionsOf, said } from "../../../test/support/convex/events.ts";
import { backend, ingest } from "../../../test/support/convex/fresh.ts";
import { room, useFreshRoom, worker } from "../../../test/support/convex/fresh_room.ts";
import { exchange, posted } from "../../../test/support/convex/worker.ts";

useFreshRoom();

const DAY_MS = 24 * 60 * 60_000;
const QUESTION = { externalId: "800", content: "what is <@7002>?" };

/** A question, and its answer in two posts. */
beforeEach(async () => {
  const mentions = [{ kind: "user" as const, id: "7002", name: "Eve" }];
  await exchange(backend, room, { ...QUESTION, mentions });
  const claimed = await worker.take();
  await worker.settle(claimed, posted("900", 0, false));
  await worker.settle(claimed, posted("901", 1));
});

async function ofReply() {
  return (await rows(backend, "replies")).map(({ feedback, ratedAt }) => ({
    feedback,
    ratedAt,
  }))[0];
}
async function exported() {
  const paginationOpts = { numItems: 10, cursor: null };
  return (await backend.admin.query(api.admin.feedback, { paginationOpts })).page;
}
const recent = async () => (await backend.admin.query(api.admin.status, {})).feedback;

test("thumbs in any skin tone rate an answer, on whichever of its posts, and nothing else does", async () => {
  await ingest(reacted(room, "900", { emoji: "👍🏽" }), reacted(room, "901", { emoji: "👍" }));
  await ingest(reacted(room, "901", { emoji: "👎", author: EVE }));
  await ingest(reacted(room, "901", { emoji: "👏", author: EVE }), reacted(room, "800"));
  expect(await ofReply()).toEqual({ feedback: { up: 1, down: 1 }, ratedAt: NOON });
});

test("a rating that is taken back, cleared or counted anew counts no more", async () => {
  await ingest(reacted(room, "900", { at: 1 }));
  expect((await ofReply())?.feedback).toEqual({ up: 1, down: 0 });
  await ingest(reacted(room, "900", { change: "removed", at: 2 }));
  expect(await ofReply()).toEqual({});
  await ingest(
    reacted(room, "900", { at: 3 }),
    reactionsOf(room, "900", { emoji: "👎", count: 4 }),
  );
  expect((await ofReply())?.feedback).toEqual({ up: 0, down: 4 });
  await ingest({ ...reactionsOf(room, "900"), emoji: "👎", at: NOON + 1 });
  expect(await ofReply()).toEqual({});
});

test("what rates no answer writes no reply", async () => {
  await ingest(reacted(room, "900"));
  vi.setSystemTime(NOON + 1_000);
  await ingest(reacted(room, "900", { emoji: "🎉" }), reacted(room, "901", { emoji: "👍🏿" }));
  expect((await ofReply())?.ratedAt).toBe(NOON);
});

test("ratings are in the status", async () => {
  expect(await recent()).toBeUndefined();
  await ingest(reacted(room, "900"), reacted(room, "900", { author: EVE }));
  expect(await recent()).toEqual({ up: 2, down: 0, answers: 1 });
});

test("the status counts the 1,000 answers that were last to be rated", async () => {
  await ingest(reacted(room, "900"));
  const rated = (await rows(backend, "replies")).find(({ ratedAt }) => ratedAt !== undefined);
  const more = async (count: number, ratedAt: number) =>
    await backend.t.run(async ({ db }) => {
      if (!rated) throw new Error("no answer is rated");
      const { _id, _creationTime, ...row } = rated;
      for (let n = 0; n < count; n++)
        await db.insert("replies", { ...row, ratedAt, feedback: { up: 0, down: 1 } });
    });
  await more(998, NOON + 1);
  expect(await recent()).toEqual({ up: 1, down: 998, answers: 999 });
  await more(2, NOON + 2);
  expect(await recent()).toEqual({ up: 0, down: 1_000, answers: 1_000, isMore: true });
});

test("a rated answer is exported with its question, as people read them", async () => {
  await ingest(reacted(room, "900"));
  const [row, ...others] = await exported();
  expect(others).toEqual([]);
  expect(row).toMatchObject({ channel: "room", question: "what is @Eve?", up: 1, down: 0 });
  expect(row?.answer).not.toBe("");
  expect(row?.at).toBe((await rows(backend, "messages"))[1]?.sentAt);
});

test("nothing of a deleted message is exported", async () => {
  await ingest(reacted(room, "900"));
  await ingest(deleted(room, "800"));
  expect((await exported())[0]).not.toHaveProperty("question");
  const messageId = (await rows(backend, "messages"))[1]?._id ?? "";
  await backend.admin.mutation(api.admin.deleteMessage, { messageId });
  expect(await exported()).toEqual([]);
  expect(await ofReply()).toEqual({});
  expect(await rows(backend, "reactions")).toEqual([]);
});

async function expireAt(day: number): Promise<void> {
  vi.setSystemTime(NOON + day * DAY_MS);
  await backend.t.mutation(internal.retention.expire, {});
  await settleDown(backend);
}

test("a rated reply is kept as long as its answer, and holds up no other", async () => {
  await ingest(reacted(room, "900"));
  await exchange(backend, room);
  await exchange(backend, room);
  await expireAt(31);
  expect(await rows(backend, "replies")).toMatchObject([{ feedback: { up: 1, down: 0 } }]);
  expect(await exported()).toHaveLength(1);
  await backend.admin.mutation(api.admin.change, {
    ...{ platform: "discord", externalId: "100000000000000001" },
    keepDays: 20,
  });
  await expireAt(32);
  expect(await rows(backend, "replies")).toEqual([]);
  expect(await rows(backend, "reactions")).toEqual([]);
});

test("a reaction to an answer whose reply is no longer kept is only a reaction", async () => {
  await expireAt(31);
  expect(await ingest(reacted(room, "900"))).toEqual(["reacted"]);
  expect(await exported()).toEqual([]);
});

test("an ordinary message is no answer", async () => {
  const event = said(room, { fromApp: true });
  await ingest(event, reacted(room, event.externalId));
  expect(await exported()).toEqual([]);
});
