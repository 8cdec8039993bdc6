import { describe, expect, test, vi } from "vitest";
import { api } from "../../../_generated/api.js";
import type { Id } from "../../../_generated/dataModel.js";
import { ai, backend } from "../../../../test/support/convex/fresh.ts";
import { spoken, worker } from "../../../../test/support/convex/fresh_room.ts";
import {
  asked,
  beginning,
  deliveries,
  drafts,
  TARGET,
  useFreshStream,
} from "../../../../test/support/convex/fresh_stream.ts";
import { pass, rows, settleDown } from "../../../../test/support/convex/backend.ts";
import {
  type Claimed,
  failed,
  posted,
  retry,
  type Settlement,
} from "../../../../test/support/convex/worker.ts";

useFreshStream();

const DONE = { kind: "done" } as const;

/** Reports, and claims what follows in the lane, as a bridge does. */
async function settle({ deliveryId, generation }: Claimed, settlement: Settlement) {
  const report = { deliveryId, generation, settlement, next: { owner: "worker" } };
  return (await backend.discord.mutation(api.bridge.settle, report)).next;
}

async function follow(draftId: Id<"drafts"> | undefined) {
  if (!draftId) throw new Error("nothing is being written");
  return await backend.discord.query(api.bridge.draft, { draftId });
}

describe("an answer that is being written", () => {
  test("is shown after a second, in one message, and what grows is its draft", async () => {
    const stream = await beginning();
    expect(await drafts()).toEqual([{ text: "It is", revision: 1 }]);
    expect(await deliveries()).toEqual(["create ready"]);
    stream.say(" **simp");
    await pass(backend, 2_000);
    expect(await drafts()).toEqual([{ text: "It is **simp**", revision: 2 }]);
    expect(await spoken()).toEqual(["why?", "It is"]);
    stream.say("le**.");
    stream.end();
    await settleDown(backend);
    expect(await spoken()).toEqual(["why?", "It is **simple**."]);
    expect(await drafts()).toEqual([]);
    expect(await rows(backend, "replies")).toMatchObject([
      { state: "done", usage: { promptTokens: 11, completionTokens: 7 } },
    ]);
    expect(await deliveries()).toEqual(["create ready"]);
    expect((await worker.post("900")).content).toBe("It is **simple**.");
    expect(await deliveries()).toEqual(["create sent"]);
    expect(ai.requests[0]).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  test("is as without streaming if it is whole before it is shown", async () => {
    const stream = await asked();
    stream.say("Yes", ".");
    stream.end();
    await settleDown(backend);
    expect(await rows(backend, "messages")).toMatchObject([{}, { content: "Yes." }]);
    expect((await rows(backend, "messages"))[1]).not.toHaveProperty("streamed");
    expect(await worker.take()).not.toHaveProperty("draft");
  });

  test("is shown every 1.5 s at most, also if the AI stops in the middle", async () => {
    const stream = await beginning();
    for (let n = 0; n < 60; n++) {
      stream.say(` ${n}`);
      await vi.advanceTimersByTimeAsync(100);
    }
    await pass(backend, 30_000);
    const [draft] = await drafts();
    expect(draft?.text).toMatch(/ 59$/);
    expect(draft?.revision).toBeGreaterThanOrEqual(4);
    expect(draft?.revision).toBeLessThanOrEqual(6);
  });

  test("is claimed with what is written by then, which its delivery says until it ends", async () => {
    const stream = await beginning();
    stream.say(" s");
    await pass(backend, 2_000);
    const claimed = await worker.take();
    expect(claimed).toMatchObject({ content: "It is s" });
    await worker.settle(claimed, posted("900", 0, false));
    stream.say("i");
    await pass(backend, 2_000);
    expect(await follow(claimed.draft)).toEqual({ text: "It is si", revision: 3 });
    await worker.settle(claimed, { kind: "release" });
    expect((await worker.take()).content).toBe("It is s");
  });

  test("is claimed with what is written by then as long as certainly nothing is posted", async () => {
    const stream = await beginning(">");
    const claimed = await worker.take();
    expect(claimed).toMatchObject({ content: ">" });
    stream.say(" quoted");
    await pass(backend, 2_000);
    await worker.settle(claimed, { ...retry(1_000), limited: true });
    await pass(backend, 3_000);
    expect(await worker.take()).toMatchObject({ content: "> quoted" });
    stream.end();
  });

  test("goes on in an edit with a text of its own as long as it grows, and is edited once when it is whole", async () => {
    const stream = await beginning();
    const create = await worker.take();
    await worker.settle(create, posted("900", 0, false));
    stream.say(" s");
    await pass(backend, 2_000);
    const edit = await settle(create, posted("900", 0));
    expect(edit).toMatchObject({ op: "edit", content: "It is s", draft: create.draft });
    stream.say("imple");
    stream.end();
    await settleDown(backend);
    expect(await follow(create.draft)).toBeNull();
    expect(await deliveries()).toEqual(["create sent", "edit leased", "edit queued"]);
    const last = edit && (await settle(edit, DONE));
    expect(last).toMatchObject({ op: "edit", content: "It is simple" });
    expect(last).not.toHaveProperty("draft");
    expect(last && (await settle(last, DONE))).toBeUndefined();
    expect(await deliveries()).toEqual(["create sent", "edit sent", "edit sent"]);
  });

  test("has no edit if its create has said it all", async () => {
    const stream = await beginning("It is simple");
    stream.end();
    await settleDown(backend);
    await worker.post("900");
    expect(await deliveries()).toEqual(["create sent"]);
  });

  test("leaves its lane to what waits there", async () => {
    const stream = await beginning();
    const create = await worker.take();
    expect(await follow(create.draft)).not.toHaveProperty("waiting");
    await backend.t.run(async (ctx) => {
      const found = (await ctx.db.query("deliveries").first()) ?? fail();
      const { _id, _creationTime, lease: _lease, ...row } = found;
      const question = (await ctx.db.query("messages").first()) ?? fail();
      await ctx.db.insert("deliveries", { ...row, messageId: question._id, state: "queued" });
    });
    expect(await follow(create.draft)).toMatchObject({ waiting: true });
    stream.say(" s");
    await pass(backend, 2_000);
    await worker.settle(create, posted("900", 0));
    expect(await deliveries()).toEqual(["create sent", "create ready", "edit queued"]);
    stream.end();
  });

  test("is not followed while its channel is paused", async () => {
    const stream = await beginning();
    const create = await worker.take();
    await backend.admin.mutation(api.admin.change, { ...TARGET, state: "paused" });
    expect(await follow(create.draft)).toMatchObject({ waiting: true });
    await worker.settle(create, posted("900", 0));
    stream.say(" s");
    await pass(backend, 2_000);
    expect(await deliveries()).toEqual(["create sent", "edit held"]);
    stream.end();
  });

  test("that stops for long has an edit only when it goes on", async () => {
    const stream = await beginning();
    const create = await worker.take();
    expect(await settle(create, posted("900", 0))).toBeUndefined();
    await pass(backend, 20_000);
    expect(await deliveries()).toEqual(["create sent"]);
    stream.say(" s");
    await pass(backend, 2_000);
    expect(await worker.take()).toMatchObject({ op: "edit", content: "It is s" });
    stream.say("o");
    await pass(backend, 2_000);
    expect(await deliveries()).toEqual(["create sent", "edit leased"]);
    stream.end();
  });

  test.each([
    ["the newest text if it certainly was not made", true, "It is so"],
    ["the same text if that is unknown", false, "It is s"],
  ])("has its edit made again with %s", async (_what, certain, content) => {
    const stream = await beginning();
    const create = await worker.take();
    stream.say(" s");
    await pass(backend, 2_000);
    const edit = await settle(create, posted("900", 0));
    stream.say("o");
    await pass(backend, 2_000);
    if (edit) await worker.settle(edit, retry(1_000, certain));
    await pass(backend, 26_000);
    expect(await worker.take()).toMatchObject({ op: "edit", content });
    stream.end();
  });

  test("that an admin has posted again is edited behind it: a part may say what was written then", async () => {
    const stream = await beginning();
    const create = await worker.take();
    await worker.settle(create, posted("900", 0, false));
    await worker.settle(create, failed());
    stream.say(" simple");
    stream.end();
    await settleDown(backend);
    await worker.settle(await worker.take(), DONE);
    await backend.admin.mutation(api.admin.retry, {});
    expect(await deliveries()).toEqual(["create ready", "edit sent", "edit queued"]);
  });

  test("goes on behind an edit that has let others pass", async () => {
    const stream = await beginning();
    const create = await worker.take();
    stream.say(" s");
    await pass(backend, 2_000);
    const edit = (await settle(create, posted("900", 0))) ?? fail();
    await backend.t.run(async (ctx) => {
      const { _id, _creationTime, ...row } =
        (await ctx.db.get("deliveries", edit.deliveryId)) ?? fail();
      const question = (await ctx.db.query("messages").first()) ?? fail();
      const { lease: _lease, timerId: _timer, ...rest } = row;
      await ctx.db.insert("deliveries", {
        ...rest,
        op: "create",
        messageId: question._id,
        state: "queued",
      });
    });
    await worker.settle(edit, { ...retry(40_000), limited: true });
    await worker.settle(await worker.take(), posted("901", 0));
    await pass(backend, 45_000);
    await worker.settle(await worker.take(), DONE);
    stream.say("o");
    await pass(backend, 2_000);
    expect((await deliveries()).at(-1)).toBe("edit ready");
    stream.end();
  });

  test("has no further edit if one of them has failed, before it is whole", async () => {
    const stream = await beginning();
    const create = await worker.take();
    stream.say(" s");
    await pass(backend, 2_000);
    const edit = await settle(create, posted("900", 0));
    if (edit) await worker.settle(edit, failed());
    stream.say("o");
    await pass(backend, 2_000);
    expect(await deliveries()).toEqual(["create sent", "edit failed"]);
    stream.end();
    await settleDown(backend);
    expect(await deliveries()).toEqual(["create sent", "edit failed", "edit ready"]);
  });
});

function fail(): never {
  throw new Error("nothing is there");
}
