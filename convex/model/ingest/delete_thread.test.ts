import { beforeEach, describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { completion } from "../../../test/support/convex/ai.ts";
import { said, snowflake } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { mapChannel, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { exchange, posted, states, Worker } from "../../../test/support/convex/worker.ts";

useFreshBackend();

/* A thread is deleted on its platform, which sends no events for the messages in it. */

let mappingId: Id<"mappings">;
let threadId: string;

beforeEach(async () => {
  ai.always(() => completion("an answer"));
  ({ mappingId } = await mapChannel(backend));
  threadId = snowflake();
});

const gone = () => ingest({ type: "delete", mappingId, externalId: threadId, thread: true });

async function contents(): Promise<string[]> {
  return (await rows(backend, "messages")).map(({ content }) => content);
}

describe("a thread that was deleted", () => {
  test("is emptied, however much was said in it, and nothing outside it is", async () => {
    const root = said(mappingId, { externalId: threadId, content: "root", fromApp: true });
    const inside = Array.from({ length: 250 }, () =>
      said(mappingId, { threadId, content: "inside", fromApp: true }),
    );
    const other = said(mappingId, { threadId: snowflake(), content: "other", fromApp: true });
    await ingest(root, other);
    for (let from = 0; from < inside.length; from += 50)
      await ingest(...inside.slice(from, from + 50));
    expect(await gone()).toEqual(["deleted"]);
    await pass(backend, 3_000);
    const left = (await contents()).filter((content) => content !== "");
    expect(left).toEqual(["root", "other"]);
    const cleared = (await rows(backend, "messages")).filter(({ deletedAt }) => deletedAt);
    expect(cleared).toHaveLength(250);
  });

  test("keeps the question that it was opened at, which stands in the channel", async () => {
    await backend.admin.mutation(api.admin.change, {
      platform: "discord",
      externalId: "100000000000000001",
      replyIn: "thread",
    });
    await exchange(backend, mappingId, { externalId: threadId, content: "question" });
    await new Worker(backend).post("900");
    await gone();
    await settleDown(backend);
    expect(await contents()).toEqual(["question", ""]);
    expect(await rows(backend, "posts")).toMatchObject([
      { deletedAt: expect.any(Number) as number },
    ]);
  });

  test("is answered no more: what is being written is dropped, what waits to be posted is cancelled", async () => {
    await exchange(backend, mappingId, { threadId, content: "one" });
    await exchange(backend, mappingId, { threadId, content: "two" });
    expect(await states(backend)).toEqual(["ready", "queued"]);
    const release = ai.holds("too late");
    await ingest(said(mappingId, { threadId, content: "three" }));
    await settleDown(backend);
    await gone();
    expect(await states(backend)).toEqual(["cancelled", "cancelled"]);
    expect((await rows(backend, "replies")).at(-1)).toMatchObject({
      state: "cancelled",
      reason: "the thread was deleted",
    });
    release();
    await settleDown(backend);
    expect((await contents()).filter((content) => content !== "")).toEqual([]);
    expect(await states(backend)).toEqual(["cancelled", "cancelled"]);
  });

  test("leaves no text of a post that a bridge reports late", async () => {
    await exchange(backend, mappingId, { threadId, content: "one" });
    const worker = new Worker(backend);
    const claimed = await worker.take();
    await gone();
    await settleDown(backend);
    expect(await worker.settle(claimed, posted("900"))).toBe(false);
    expect(await contents()).toEqual(["", ""]);
  });

  test("is emptied of what had been read of it before and is stored behind it, too", async () => {
    const late = said(mappingId, { threadId, content: "late", fromApp: true });
    await ingest(said(mappingId, { threadId, content: "inside", fromApp: true }));
    await gone();
    await settleDown(backend);
    await ingest(late);
    expect(await contents()).toEqual(["", "late"]);
    await pass(backend, 61_000);
    expect(await contents()).toEqual(["", ""]);
  });

  test("may be opened anew at the same message: what is said then stays", async () => {
    await ingest(said(mappingId, { threadId, content: "inside", fromApp: true }));
    await gone();
    await pass(backend, 2_000);
    await ingest(said(mappingId, { threadId, content: "anew", fromApp: true }));
    await pass(backend, 61_000);
    expect(await contents()).toEqual(["", "anew"]);
  });

  test("of which nothing is known is nothing", async () => {
    expect(await gone()).toEqual(["known"]);
  });

  test("of another mapping with the same id is left alone", async () => {
    const other = await mapChannel(backend, "discord", {
      externalId: "100000000000000002",
      to: "other",
    });
    await ingest(said(other.mappingId, { threadId, content: "elsewhere", fromApp: true }));
    await gone();
    await settleDown(backend);
    expect(await contents()).toEqual(["elsewhere"]);
  });
});
