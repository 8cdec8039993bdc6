import { beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../../../_generated/api.js";
import type { Id } from "../../../_generated/dataModel.js";
import { refused } from "../../../../test/support/convex/ai.ts";
import { AiStream } from "../../../../test/support/convex/ai_stream.ts";
import { deleted, said } from "../../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../../test/support/convex/fresh.ts";
import { room, spoken, useFreshRoom, worker } from "../../../../test/support/convex/fresh_room.ts";
import {
  IDS,
  mapChannel,
  pass,
  rows,
  settleDown,
} from "../../../../test/support/convex/backend.ts";
import {
  type Claimed,
  failed,
  posted,
  retry,
  type Settlement,
  Worker,
} from "../../../../test/support/convex/worker.ts";

useFreshRoom();

const TARGET = { platform: "discord", externalId: IDS.discord } as const;
const DONE = { kind: "done" } as const;

beforeEach(async () => {
  await backend.admin.mutation(api.admin.change, { ...TARGET, stream: true });
});

/** Asks, and has the AI answer with a stream. */
async function asked(content = "why?"): Promise<AiStream> {
  const stream = new AiStream();
  ai.answers(stream.answer);
  await ingest(said(room, { content }));
  await settleDown(backend);
  return stream;
}

async function beginning(text = "It is"): Promise<AiStream> {
  const stream = await asked();
  stream.say(text);
  await pass(backend, 1_500);
  return stream;
}

async function drafts() {
  return (await rows(backend, "drafts")).map(({ text, revision }) => ({ text, revision }));
}

async function deliveries() {
  return (await rows(backend, "deliveries")).map(({ op, state }) => `${op} ${state}`);
}

async function replies() {
  return (await rows(backend, "replies")).map(({ state, reason }) => `${state} ${reason ?? ""}`);
}

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

describe("an attempt that breaks off", () => {
  test("is followed by one that edits the same post, and has not read it", async () => {
    const first = await beginning("It was");
    const create = await worker.take();
    await worker.settle(create, posted("900", 0, false));
    const second = new AiStream();
    ai.answers(second.answer);
    first.breakOff();
    await settleDown(backend);
    expect(await drafts()).toEqual([{ text: "It was", revision: 1 }]);
    await ingest(said(room, { content: "and when?" }));
    await pass(backend, 5_000);
    expect(ai.requests[1]?.messages.map(({ content }) => content)).toEqual([
      "Bob: why?",
      "Bob: and when?",
    ]);
    second.say("It is");
    await pass(backend, 2_000);
    expect(await drafts()).toEqual([{ text: "It is", revision: 2 }]);
    second.end();
    await settleDown(backend);
    // Behind what it had read.
    expect(await spoken()).toEqual(["why?", "and when?", "It is"]);
    expect(await replies()).toEqual(["done "]);
    expect(await settle(create, posted("900", 0))).toMatchObject({ op: "edit", content: "It is" });
  });

  test("and is the last leaves what it has said, with a note and no notice", async () => {
    const stream = await beginning("```\nIt was");
    ai.always(() => refused(401));
    stream.breakOff();
    await pass(backend, 10_000);
    expect(await replies()).toEqual(["failed the AI service refused the key (OPENAI_API_KEY)"]);
    const note = "_The answer ends here: the AI service broke it off._";
    expect(await spoken()).toEqual(["why?", `\`\`\`\nIt was\n\`\`\`\n\n${note}`]);
    expect(await drafts()).toEqual([]);
  });

  test("leaves nothing if the next one has nothing to say in time", async () => {
    const stream = await beginning();
    await worker.post("900");
    ai.always(() => new Promise<Response>(() => undefined));
    stream.breakOff();
    await pass(backend, 4 * 60_000);
    expect(await replies()).toEqual(["failed the AI service took too long"]);
    expect(await drafts()).toEqual([]);
    expect((await spoken())[1]).toMatch(/^It is\n\n_The answer ends here/);
  });

  test("ends as without streaming where the service says why", async () => {
    const stream = await beginning();
    stream.end("length");
    await settleDown(backend);
    expect((await spoken())[1]).toMatch(/^It is\n\n_.*reached the limit of its length/);
    const other = await beginning("So");
    other.event({ error: { message: "overloaded", code: 500 } });
    other.end("");
    await settleDown(backend);
    expect((await spoken()).at(-1)).toBe("So");
  });
});

describe("an answer that is not wanted any more", () => {
  test("is deleted with its question, and the AI's stream ends", async () => {
    const stream = await asked();
    const [question] = await rows(backend, "messages");
    stream.say("It is");
    await pass(backend, 1_500);
    const create = await worker.take();
    await worker.settle(create, posted("900", 0, false));
    await ingest(deleted(room, question?.externalId ?? ""));
    expect(await replies()).toEqual(["cancelled what was asked was deleted"]);
    expect(await follow(create.draft)).toBeNull();
    expect(await settle(create, posted("900", 0))).toMatchObject({ op: "delete" });
    stream.say(" so");
    await pass(backend, 2_000);
    expect(stream.isCancelled).toBe(true);
    expect(await spoken()).toEqual([]);
    expect(await drafts()).toEqual([]);
  });

  test("is deleted with its question although another has come since, which is answered", async () => {
    const stream = await asked("first?");
    const [question] = await rows(backend, "messages");
    stream.say("It is");
    await pass(backend, 1_500);
    await ingest(said(room, { content: "second?" }));
    await ingest(deleted(room, question?.externalId ?? ""));
    ai.answers("Two.");
    stream.say(" so");
    await pass(backend, 2_000);
    expect(stream.isCancelled).toBe(true);
    expect(await spoken()).toEqual(["second?", "Two."]);
    expect(await replies()).toEqual(["cancelled what was asked was deleted", "done "]);
  });

  test("is gone for good if a moderator deletes a part of it", async () => {
    const stream = await beginning();
    const create = await worker.take();
    await worker.settle(create, posted("900", 0, false));
    await worker.settle(create, posted("901", 1, false));
    await ingest(deleted(room, "901"));
    expect(await follow(create.draft)).toBeNull();
    stream.say(" so");
    await pass(backend, 2_000);
    expect(stream.isCancelled).toBe(true);
    expect(await replies()).toEqual(["cancelled the answer was deleted"]);
    expect(await settle(create, posted("901", 1))).toMatchObject({
      op: "delete",
      posts: [{ externalId: "900" }],
    });
    expect(await spoken()).toEqual(["why?"]);
  });

  test("is not begun again, nor missed, if an admin deletes it before its attempt breaks off", async () => {
    const stream = await beginning();
    const { messageId } = await worker.take();
    await backend.admin.mutation(api.admin.deleteMessage, { messageId });
    await ingest(said(room, { content: "and when?" }));
    ai.answers("Now.");
    stream.breakOff();
    await pass(backend, 30_000);
    expect(await replies()).toEqual(["cancelled the answer was deleted", "done "]);
    expect(await spoken()).toEqual(["why?", "and when?", "Now."]);
  });

  test("is left cut if its channel is unmapped", async () => {
    const stream = await beginning();
    await worker.post("900");
    await backend.admin.mutation(api.admin.unmap, TARGET);
    stream.say(" so");
    await pass(backend, 2_000);
    expect(stream.isCancelled).toBe(true);
    expect(await replies()).toEqual(["cancelled the channel was unmapped"]);
    expect((await spoken())[1]).toMatch(/^It is\n\n_The answer ends here/);
    expect(await drafts()).toEqual([]);
  });

  test("goes with its channel's messages", async () => {
    await beginning();
    await backend.admin.mutation(api.admin.unmap, { ...TARGET, deleteMessages: true });
    await pass(backend, 2_000);
    expect(await rows(backend, "messages")).toEqual([]);
    expect(await drafts()).toEqual([]);
  });

  test("goes with its thread", async () => {
    const stream = new AiStream();
    ai.answers(stream.answer);
    await ingest(said(room, { content: "why?", threadId: "777" }));
    await settleDown(backend);
    stream.say("It is");
    await pass(backend, 1_500);
    await worker.take();
    await ingest({ type: "delete", mappingId: room, externalId: "777", thread: true });
    await pass(backend, 2_000);
    expect(await drafts()).toEqual([]);
    expect(await replies()).toEqual(["cancelled the thread was deleted"]);
    expect(await deliveries()).toEqual(["create cancelled"]);
  });
});

test("the other places of its channel hear an answer when it is whole", async () => {
  await mapChannel(backend, "slack", { relay: true });
  const stream = await beginning();
  const heard = async () =>
    (await rows(backend, "deliveries")).filter(({ platform }) => platform === "slack");
  expect(await heard()).toHaveLength(1);
  stream.say(" simple");
  stream.end();
  await settleDown(backend);
  const slack = new Worker(backend, "worker", "1", "slack");
  await slack.post("1.1");
  expect(await slack.take()).toMatchObject({ content: "It is simple" });
  expect(await heard()).toHaveLength(2);
});

test("a thread that somebody starts from an answer before it is whole has it relayed once", async () => {
  await mapChannel(backend, "slack", { relay: true });
  const stream = await beginning();
  const create = await worker.take();
  await worker.settle(create, posted("900", 0, false));
  await ingest(said(room, { threadId: "900", content: "really?" }));
  const copies = async () =>
    (await rows(backend, "deliveries")).filter(
      ({ platform, messageId }) => platform === "slack" && messageId === create.messageId,
    );
  expect(await copies()).toEqual([]);
  stream.say(" simple");
  stream.end();
  await settleDown(backend);
  expect(await copies()).toHaveLength(1);
});
