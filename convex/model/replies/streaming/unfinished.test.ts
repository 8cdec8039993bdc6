import { describe, expect, test } from "vitest";
import { api } from "../../../_generated/api.js";
import type { Id } from "../../../_generated/dataModel.js";
import { AiStream } from "../../../../test/support/convex/ai_stream.ts";
import { refused } from "../../../../test/support/convex/ai.ts";
import { deleted, said } from "../../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../../test/support/convex/fresh.ts";
import { room, spoken, worker } from "../../../../test/support/convex/fresh_room.ts";
import {
  asked,
  beginning,
  deliveries,
  drafts,
  replies,
  TARGET,
  useFreshStream,
} from "../../../../test/support/convex/fresh_stream.ts";
import { pass, rows, settleDown } from "../../../../test/support/convex/backend.ts";
import { type Claimed, posted, type Settlement } from "../../../../test/support/convex/worker.ts";

/* Answers that are broken off, or not wanted any more, while people watch them being written. */

useFreshStream();

/** Reports, and claims what follows in the lane, as a bridge does. */
async function settle({ deliveryId, generation }: Claimed, settlement: Settlement) {
  const report = { deliveryId, generation, settlement, next: { owner: "worker" } };
  return (await backend.discord.mutation(api.bridge.settle, report)).next;
}

async function follow(draftId: Id<"drafts"> | undefined) {
  if (!draftId) throw new Error("nothing is being written");
  return await backend.discord.query(api.bridge.draft, { draftId });
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
