import { expect, test, vi } from "vitest";
import { MAPPING } from "../../../test/support/core_material.ts";
import { NOW, MINUTE, at, said, page, row, own, run } from "../../../test/support/past.ts";
import type { HistoryPage, ReactionsEvent } from "../../platform.ts";
import { PlatformError } from "../shared/errors.ts";

test("threads come first, the channel oldest first, and the cursor follows page by page", async () => {
  const { result, did } = run({
    threads: [{ id: "T" }],
    pages: {
      T: [page(said(-2 * MINUTE, { threadId: "T" }))],
      channel: [page(said(-9 * MINUTE)), page(said(-8 * MINUTE), said(-0.5 * MINUTE))],
    },
  });
  expect(await result).toEqual({ recovered: 4 });
  expect(did).toEqual([
    `message ${at(-2 * MINUTE)}`,
    `message ${at(-9 * MINUTE)}`,
    `committed ${at(-9 * MINUTE)}`,
    `message ${at(-8 * MINUTE)}`,
    `message ${at(-0.5 * MINUTE)}`,
    `committed ${at(-MINUTE)}`,
  ]);
});

test("an interrupted catch-up has moved the cursor no further than what it committed", async () => {
  const { result, advances } = run({
    pages: { channel: [page(said(-9 * MINUTE)), new Error("cut off")] },
  });
  await expect(result).rejects.toThrow("cut off");
  expect(advances.map(({ upTo }) => upTo)).toEqual([at(-9 * MINUTE)]);
});

test("no cursor passes an event that a paused mapping refused", async () => {
  const { result, advances } = run({
    threads: [{ id: "T" }],
    pages: { T: [page(said(-2 * MINUTE, { threadId: "T" }))], channel: [page(said(-9 * MINUTE))] },
    outcome: "inactive",
  });
  await expect(result).rejects.toMatchObject({ code: "INACTIVE" });
  expect(advances).toEqual([]);
});

test("messages that are not mirrored move the cursor too", async () => {
  const botsOnly: HistoryPage = { events: [], ids: ["x"], upTo: at(-3 * MINUTE) };
  const { result, advances } = run({ pages: { channel: [botsOnly] } });
  await result;
  expect(advances.map(({ upTo }) => upTo)).toEqual([at(-3 * MINUTE), at(-MINUTE)]);
});

test("no row of a thread is looked for in the channel", async () => {
  const reply = said(-20 * MINUTE, { threadId: "T" });
  const { result, did } = run({
    rows: [row(-20 * MINUTE, { threadId: "T" })],
    pages: { T: [page(reply)], channel: [page(said(-5 * MINUTE))] },
  });
  await result;
  expect(did.filter((done) => /checked|delete/.test(done))).toEqual([]);
});

test("a row that history does not show is deleted only if it is not found by its id either", async () => {
  const { result, did, pushed } = run({
    rows: [row(-20 * MINUTE), row(-19 * MINUTE)],
    gone: [at(-19 * MINUTE)],
    pages: { channel: [page(said(-5 * MINUTE))] },
  });
  await result;
  expect(did.filter((done) => done.startsWith("checked"))).toHaveLength(2);
  expect(pushed.filter(({ type }) => type === "delete")).toEqual([
    { type: "delete", mappingId: MAPPING, externalId: at(-19 * MINUTE) },
  ]);
});

test("nothing is deleted from a conversation that was not read to its end", async () => {
  const { result, did } = run({
    rows: [row(-20 * MINUTE)],
    gone: [at(-20 * MINUTE)],
    pages: { channel: [page(said(-5 * MINUTE)), new Error("short page")] },
  });
  await expect(result).rejects.toThrow("short page");
  expect(did.filter((done) => /checked|delete/.test(done))).toEqual([]);
});

test("before the cursor only newer edits are ingested, and nothing that Convex does not have", async () => {
  const { result, pushed } = run({
    rows: [row(-20 * MINUTE, { editedAt: 5 }), row(-19 * MINUTE), row(-18 * MINUTE)],
    pages: {
      channel: [
        page(
          said(-20 * MINUTE, { editedAt: 5 }),
          said(-19 * MINUTE, { editedAt: 6 }),
          said(-18 * MINUTE),
          said(-17 * MINUTE, { content: "purged, or from before the channel was mapped" }),
        ),
      ],
    },
  });
  await result;
  expect(pushed.map(({ externalId }) => externalId)).toEqual([at(-19 * MINUTE)]);
});

function reactions(ms: number, ...emojis: string[]): ReactionsEvent {
  const counts = emojis.map((emoji) => ({ emoji, count: 1 }));
  return { type: "reactions", mappingId: MAPPING, externalId: at(ms), reactions: counts, at: NOW };
}

test("reactions are compared for what Convex has and what it is about to have, and count as no recovered message", async () => {
  const { result, pushed } = run({
    outcome: "reacted",
    rows: [row(-20 * MINUTE), row(-19 * MINUTE, { reacted: true }), row(-18 * MINUTE), own],
    pages: {
      channel: [
        {
          ...page(said(-20 * MINUTE), said(-5 * MINUTE)),
          ids: [-20, -19, -18, -17, -16, -5].map((minutes) => at(minutes * MINUTE)),
          reactions: [
            reactions(-20 * MINUTE, "👍"),
            reactions(-19 * MINUTE),
            reactions(-18 * MINUTE),
            reactions(-17 * MINUTE, "of a message that Convex does not have"),
            reactions(-16 * MINUTE, "👎"),
            reactions(-5 * MINUTE, "🎉"),
          ],
        },
      ],
    },
  });
  expect(await result).toEqual({ recovered: 0 });
  expect(pushed.map(({ type, externalId }) => [type, externalId])).toEqual([
    ["message", at(-5 * MINUTE)],
    ["reactions", at(-20 * MINUTE)],
    ["reactions", at(-19 * MINUTE)],
    ["reactions", at(-16 * MINUTE)],
    ["reactions", at(-5 * MINUTE)],
  ]);
});

test("events wait for room in a full queue, in order", async () => {
  vi.useFakeTimers();
  const { result, pushed } = run({
    full: 3,
    pages: { channel: [page(said(-5 * MINUTE), said(-4 * MINUTE))] },
  });
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
  await result;
  expect(pushed.map(({ externalId }) => externalId)).toEqual([at(-5 * MINUTE), at(-4 * MINUTE)]);
});

test("backfilled messages from before the mapping do not ask the AI, and later ones are left to the catch-up", async () => {
  const before = said(-2_000 * MINUTE);
  const { result, pushed } = run({ history: 2, older: [before, said(-30 * MINUTE)] });
  await result;
  expect(pushed).toEqual([{ ...before, backfilled: true }]);
});

test("a thread that cannot be read is reported, and stops neither the others nor the channel", async () => {
  const refused = new PlatformError({
    code: "50001",
    reason: "the bot can't see the thread",
    step: "if the thread is private, mention the bot in it",
    retryable: false,
    certain: true,
  });
  const { result, problems } = run({
    threads: [{ id: "T" }, { id: "U" }],
    pages: { T: [refused], U: [page(said(-2 * MINUTE))], channel: [page(said(-3 * MINUTE))] },
  });
  expect(await result).toEqual({ recovered: 2 });
  expect(problems).toMatchObject([{ kind: "thread_unreadable", externalId: "T" }]);
});

test("the messages of a deleted thread are deleted, and the channel is still caught up", async () => {
  const inThread = { threadId: at(-30 * MINUTE) };
  const { result, did, problems } = run({
    rows: [row(-30 * MINUTE, inThread), row(-20 * MINUTE, inThread)],
    pages: {
      [inThread.threadId]: ["gone"],
      channel: [page(said(-30 * MINUTE), said(-3 * MINUTE))],
    },
  });
  expect(await result).toEqual({ recovered: 3 });
  // Its root is in the channel.
  expect(did).toEqual([
    `delete ${inThread.threadId}`,
    `delete ${at(-20 * MINUTE)}`,
    `message ${at(-3 * MINUTE)}`,
    `committed ${at(-3 * MINUTE)}`,
    `committed ${at(-MINUTE)}`,
  ]);
  expect(problems).toEqual([]);
});

test("the first message of a deleted forum post is deleted with it, however old it is", async () => {
  const post = at(-9_000 * MINUTE);
  const { result, pushed } = run({
    forum: true,
    rows: [row(-20 * MINUTE, { threadId: post })],
    pages: { [post]: ["gone"] },
  });
  await result;
  expect(pushed).toEqual([
    { type: "delete", mappingId: MAPPING, externalId: post, thread: true },
    { type: "delete", mappingId: MAPPING, externalId: post },
    { type: "delete", mappingId: MAPPING, externalId: at(-20 * MINUTE) },
  ]);
});

test("limits that were reached are said", async () => {
  const { result } = run({ beyond: ["messages", "threads"] });
  const { missed } = await result;
  expect(missed).toContain("only among its newest 200 messages");
  expect(missed).toContain("only 50 were read");
});

test("a message whose files are missing is offered again, so that they are fetched", async () => {
  const file = {
    id: "f1",
    name: "f1.png",
    type: "image/png",
    size: 1,
    url: "https://files.test/f1",
  };
  const { result, pushed } = run({
    outcome: "known",
    rows: [row(-20 * MINUTE, { lacksFiles: true }), row(-19 * MINUTE)],
    pages: {
      channel: [
        page(
          said(-20 * MINUTE, { attachments: [file] }),
          said(-19 * MINUTE, { attachments: [file] }),
        ),
      ],
    },
  });
  expect((await result).recovered).toBe(0);
  expect(pushed.map(({ externalId }) => externalId)).toEqual([at(-20 * MINUTE)]);
});
