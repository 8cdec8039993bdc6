import { beforeEach, describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { completion } from "../../../test/support/convex/ai.ts";
import { deleted } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { mapChannel, pass, rows } from "../../../test/support/convex/backend.ts";
import {
  exchange,
  failed,
  posted,
  retry,
  states,
  Worker,
} from "../../../test/support/convex/worker.ts";

useFreshBackend();

/* An answer that is deleted while it is being posted: nothing more of it is posted, and nothing of it stays. */

beforeEach(() => {
  ai.always(() => completion("an answer"));
});

async function replyIsDue() {
  const { mappingId } = await mapChannel(backend);
  await exchange(backend, mappingId);
  const worker = new Worker(backend);
  const claimed = await worker.take();
  const { messageId } = claimed;
  const remove = () => backend.admin.mutation(api.admin.deleteMessage, { messageId });
  const content = async () =>
    (await rows(backend, "messages")).find(({ _id }) => _id === messageId)?.content;
  return { mappingId, worker, claimed, remove, content };
}

/** What a bridge is told to take down next. */
async function takenDown(worker: Worker): Promise<string[]> {
  const { op, posts } = await worker.take();
  expect(op).toBe("delete");
  return posts.map(({ externalId }) => externalId);
}

describe("an answer deleted while it is being posted", () => {
  test("in parts: the rest is not posted, and what stands is taken down", async () => {
    const { worker, claimed, remove, content } = await replyIsDue();
    expect(await worker.settle(claimed, posted("900", 0, false))).toBe(true);
    expect(await remove()).toEqual({ takesDown: true });
    // Only the delivery keeps the text while a bridge may still be posting it: it may be needed to find the post.
    expect(await content()).toBe("");
    expect(await rows(backend, "frozenTexts")).toMatchObject([{ said: { content: "an answer" } }]);
    expect(await worker.settle(claimed, posted("901", 1, false))).toBe(false);
    expect(await states(backend)).toEqual(["cancelled", "ready"]);
    expect(await rows(backend, "frozenTexts")).toEqual([]);
    expect(await takenDown(worker)).toEqual(["900", "901"]);
  });

  test("by an earlier version, which kept the text hidden: it goes when the post is taken down", async () => {
    const { worker, claimed, remove, content } = await replyIsDue();
    await remove();
    await backend.t.run(async (ctx) => {
      for (const frozen of await ctx.db.query("frozenTexts").collect())
        await ctx.db.delete("frozenTexts", frozen._id);
      await ctx.db.patch("messages", claimed.messageId, { content: "an answer" });
    });
    await worker.settle(claimed, posted("900", 0));
    expect(await takenDown(worker)).toEqual(["900"]);
    expect(await content()).toBe("");
  });

  test("by a moderator, part by part: the same", async () => {
    const { mappingId, worker, claimed, content } = await replyIsDue();
    await worker.settle(claimed, posted("900", 0, false));
    await ingest(deleted(mappingId, "900"));
    expect(await content()).toBe("");
    expect(await worker.settle(claimed, posted("901", 1, false))).toBe(false);
    expect(await takenDown(worker)).toEqual(["901"]);
  });

  test("by a bridge that was given up and reports the post late: it is taken down", async () => {
    const { worker, claimed, remove } = await replyIsDue();
    await pass(backend, 61_000);
    await worker.settle(claimed, retry(0, false));
    await remove();
    await worker.settle(claimed, posted("900", 0, true));
    expect(await takenDown(worker)).toEqual(["900"]);
  });

  test("in parts: a part reported after the delete was claimed is taken down too", async () => {
    const { worker, claimed, remove } = await replyIsDue();
    await worker.settle(claimed, posted("900", 0, true));
    await remove();
    expect(await takenDown(worker)).toEqual(["900"]);
    await worker.settle(claimed, posted("901", 1, true));
    expect(await states(backend)).toEqual(["sent", "leased", "queued"]);
  });
});

describe("an answer deleted while its outcome is unknown", () => {
  async function unknown() {
    const stage = await replyIsDue();
    await stage.worker.settle(stage.claimed, retry(0, false));
    expect(await stage.remove()).toEqual({ takesDown: true });
    await pass(backend, 30_000);
    const again = await stage.worker.take();
    expect(again).toMatchObject({ op: "create", onlyFind: true, content: "an answer" });
    return { ...stage, again };
  }

  test("is looked for, found and taken down", async () => {
    const { worker, again, content } = await unknown();
    expect(await worker.settle(again, posted("900", 0, true))).toBe(false);
    expect(await content()).toBe("");
    expect(await takenDown(worker)).toEqual(["900"]);
  });

  test("is looked for and, where it isn't, not sent", async () => {
    const { worker, again, content } = await unknown();
    expect(await worker.settle(again, { kind: "verify", part: 0 })).toBe(false);
    expect(await content()).toBe("");
    expect(await states(backend)).toEqual(["cancelled", "ready"]);
    expect(await takenDown(worker)).toEqual([]);
  });

  test("is looked for once more where it had been given up", async () => {
    const { worker, claimed, remove, content } = await replyIsDue();
    await worker.settle(claimed, retry(0, false));
    await pass(backend, 30_000);
    await worker.settle(await worker.take(), failed());
    expect(await rows(backend, "deliveries")).toMatchObject([
      { state: "failed", outcomeUnknown: true },
    ]);
    expect(await remove()).toEqual({ takesDown: true });
    const again = await worker.take();
    expect(again).toMatchObject({ op: "create", onlyFind: true, content: "an answer" });
    await worker.settle(again, posted("900", 0, true));
    expect(await content()).toBe("");
    expect(await takenDown(worker)).toEqual(["900"]);
  });

  test("shows nobody its text meanwhile", async () => {
    const { mappingId, claimed } = await unknown();
    const [message] = (await rows(backend, "messages")).filter(
      ({ _id }) => _id === claimed.messageId,
    );
    const { page } = await backend.admin.query(api.admin.transcript, {
      channelId: message?.channelId ?? "",
      paginationOpts: { numItems: 10, cursor: null },
    });
    expect(page.find(({ _id }) => _id === claimed.messageId)?.content).toBe("");
    await exchange(backend, mappingId, { content: "and now?" });
    expect(ai.requests.at(-1)?.messages.map(({ role }) => role)).not.toContain("assistant");
  });
});

test("replies refused under a channel's old id are posted under its new one", async () => {
  const { mappingId } = await mapChannel(backend);
  const worker = new Worker(backend);
  await exchange(backend, mappingId);
  await worker.settle(await worker.take(), failed({ code: "channel_not_found" }));
  // Answers of hours ago stay where they are.
  await pass(backend, 2 * 3_600_000);
  const wrong = [
    failed({ code: "channel_not_found", health: true }),
    failed({ code: "msg_too_long" }),
  ];
  for (const settlement of wrong) {
    await exchange(backend, mappingId);
    await worker.settle(await worker.take(), settlement);
  }
  await backend.discord.mutation(api.bridge.report, {
    people: [],
    problems: [],
    health: [],
    channels: [{ mappingId, externalId: "100000000000000009" }],
  });
  expect(await states(backend)).toEqual(["failed", "ready", "failed"]);
  expect(await rows(backend, "mappingHealth")).toEqual([]);
  expect(await worker.take()).toMatchObject({ channel: "100000000000000009" });
});
