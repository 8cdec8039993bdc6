import { describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import { completion } from "../../../test/support/convex/ai.ts";
import { deleted, EVE, said } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../test/support/convex/fresh.ts";
import { room, spoken, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { IDS, mapChannel, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { states } from "../../../test/support/convex/worker.ts";

useFreshRoom();

const lines = (request: number) => ai.requests[request]?.messages.map(({ content }) => content);

describe("messages that come while the AI writes", () => {
  test.each([1, 3])("get exactly one next reply: %i of them", async (count) => {
    const release = ai.holds("first");
    await ingest(said(room, { content: "one" }));
    await settleDown(backend);
    for (let i = 0; i < count; i++) {
      expect(await ingest(said(room, { content: `more ${i}`, author: EVE }))).toEqual(["asked"]);
    }
    release();
    await pass(backend, 300_000);
    expect(ai.requests).toHaveLength(2);
    expect(lines(1)?.slice(0, 2)).toEqual(["Bob: one", "first"]);
    expect(lines(1)).toHaveLength(2 + count);
    expect(await states(backend)).toEqual(["ready", "queued"]);
  });

  test("get none when they were read all the same", async () => {
    await ingest(said(room));
    await ingest(said(room, { author: EVE }));
    await pass(backend, 300_000);
    expect(ai.requests).toHaveLength(1);
    expect(await rows(backend, "deliveries")).toHaveLength(1);
  });

  test("do not cost the first question its answer, however many they are", async () => {
    const release = ai.holds("first");
    await ingest(said(room, { content: "one" }));
    await settleDown(backend);
    for (let batch = 0; batch < 3; batch++)
      await ingest(...Array.from({ length: 80 }, () => said(room, { author: EVE })));
    release();
    await pass(backend, 300_000);
    expect((await spoken()).filter((line) => line === "first")).toHaveLength(1);
    expect(await states(backend)).toEqual(["ready", "queued"]);
  });

  test("get one even if they stand before what was read", async () => {
    const release = ai.holds("first");
    const early = said(room, { content: "early", author: EVE });
    await ingest(said(room, { content: "a", fromApp: true, externalId: "1" }));
    await ingest(said(room, { content: "late" }));
    await settleDown(backend);
    await ingest(early);
    release();
    await pass(backend, 300_000);
    expect(ai.requests).toHaveLength(2);
    expect(lines(1)).toContain("Eve: early");
  });

  test("get none when they were deleted meanwhile", async () => {
    const release = ai.holds("first");
    await ingest(said(room));
    await settleDown(backend);
    const second = said(room, { author: EVE });
    await ingest(second, deleted(room, second.externalId));
    release();
    await pass(backend, 300_000);
    expect(ai.requests).toHaveLength(1);
  });

  test("get their reply when the first of them is limited and another is not", async () => {
    // If the earliest unread asker has reached a limit, the next one must be tried.
    vi.stubEnv("AI_REPLIES_PER_AUTHOR", "1");
    const release = ai.holds("first");
    await ingest(said(room, { content: "one" }));
    await settleDown(backend);
    await ingest(said(room, { content: "again" }), said(room, { content: "Eve's", author: EVE }));
    release();
    await pass(backend, 300_000);
    expect(ai.requests).toHaveLength(2);
  });
});

describe("a question deleted", () => {
  test("while the AI writes is not answered", async () => {
    const release = ai.holds("too late");
    const question = said(room);
    await ingest(question);
    await settleDown(backend);
    await ingest(deleted(room, question.externalId));
    release();
    await pass(backend, 300_000);
    expect(await spoken()).toEqual([]);
    expect(await rows(backend, "deliveries")).toEqual([]);
    expect(await rows(backend, "replies")).toMatchObject([{ state: "cancelled" }]);
  });

  test("while the AI writes does not make it answer an older question a second time", async () => {
    await ingest(said(room, { content: "old" }));
    await settleDown(backend);
    const release = ai.holds("too late");
    const question = said(room, { content: "new" });
    await ingest(question);
    await settleDown(backend);
    await ingest(deleted(room, question.externalId));
    release();
    await pass(backend, 300_000);
    expect(await spoken()).toEqual(["old", "answer 1"]);
  });

  test("leaves the others' questions answered, and answers one of those", async () => {
    const release = ai.holds("to both");
    const [first, second] = [said(room), said(room, { author: EVE })];
    await ingest(first, second);
    await settleDown(backend);
    await ingest(deleted(room, first.externalId));
    release();
    await pass(backend, 300_000);
    expect(await rows(backend, "deliveries")).toMatchObject([{ replyTo: second.externalId }]);
    expect(ai.requests).toHaveLength(1);
  });

  test("before the AI is asked buys nothing and says nothing", async () => {
    // If the AI were called with no messages, it would answer 400, and the channel would be told that a deleted
    // question could not be answered.
    ai.always(({ messages }) =>
      messages.length > 0 ? completion("?") : Response.json({ error: {} }, { status: 400 }),
    );
    const question = said(room);
    await ingest(question, deleted(room, question.externalId));
    await pass(backend, 300_000);
    expect(await rows(backend, "deliveries")).toEqual([]);
    expect(await spoken()).toEqual([]);
    expect(ai.requests).toEqual([]);
  });
});

describe("a channel unmapped while the AI writes", () => {
  const target = { platform: "discord", externalId: IDS.discord } as const;

  test.each(["unmapped", "mapped onto another channel"])(
    "gets nothing when it is %s",
    async (how) => {
      const release = ai.holds("too late");
      await ingest(said(room));
      await settleDown(backend);
      await backend.admin.mutation(api.admin.unmap, target);
      if (how !== "unmapped") await mapChannel(backend, "discord", { to: "elsewhere" });
      release();
      await pass(backend, 300_000);
      expect(await rows(backend, "deliveries")).toEqual([]);
      expect(await spoken()).toEqual(["hello"]);
      expect(await rows(backend, "replies")).toMatchObject([{ state: "cancelled" }]);
    },
  );

  test("is told nothing of a failure either", async () => {
    ai.always(() => Response.json({ error: {} }, { status: 401 }));
    await ingest(said(room));
    await backend.admin.mutation(api.admin.unmap, target);
    await pass(backend, 300_000);
    expect(await rows(backend, "deliveries")).toEqual([]);
    expect(await spoken()).toEqual(["hello"]);
  });
});
