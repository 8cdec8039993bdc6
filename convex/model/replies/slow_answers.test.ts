import { expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import { refused } from "../../../test/support/convex/ai.ts";
import { EVE, said } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../test/support/convex/fresh.ts";
import { room, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { mapChannel, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import {
  deliveryOf,
  exchange,
  posted,
  retry,
  Worker,
} from "../../../test/support/convex/worker.ts";

useFreshRoom();

test("a question is answered although more was said since than the AI reads", async () => {
  ai.answers(() => refused(500), "here it is");
  await ingest(said(room, { content: "the question" }));
  await settleDown(backend);
  for (let n = 0; n < 40; n++) {
    await ingest(said(room, { author: EVE, fromApp: true, content: `chatter ${n}` }));
  }
  await pass(backend, 60_000);
  const read = ai.requests.at(-1)?.messages.map(({ content }) => content);
  expect(read?.[0]).toBe("Bob: the question");
  expect(read).toHaveLength(1 + 30);
  expect(await rows(backend, "replies")).toMatchObject([{ state: "done" }]);
});

test("a burst of questions, more than the AI usually reads, is answered by one reply that has read them all", async () => {
  const burst = Array.from({ length: 50 }, (_, n) => said(room, { content: `question ${n}` }));
  await ingest(...burst);
  await pass(backend, 60_000);
  expect(ai.requests).toHaveLength(1);
  expect(ai.requests[0]?.messages).toHaveLength(50);
});

test("a question that comes late has no old one answered again", async () => {
  const late = said(room, { content: "the late one" });
  for (let n = 0; n < 20; n++) {
    await exchange(backend, room);
    await pass(backend, 1_000);
  }
  const before = ai.requests.length;
  await ingest(late);
  await pass(backend, 60_000);
  expect(ai.requests).toHaveLength(before + 1);
});

test("a platform that only asks to wait uses up no attempt, however often", async () => {
  await exchange(backend, room);
  const worker = new Worker(backend);
  for (let n = 0; n < 30; n++) {
    const claimed = await worker.take();
    expect(claimed.attempts).toBe(1);
    await worker.settle(claimed, { ...retry(1_000), limited: true });
    await pass(backend, 62_000);
  }
  const claimed = await worker.post("8001");
  expect(await deliveryOf(backend, claimed.deliveryId)).toMatchObject({ state: "sent" });
});

test("a reply of many parts has its attempts back with each part that stands", async () => {
  await exchange(backend, room);
  const worker = new Worker(backend);
  for (let part = 1; part <= 12; part++) {
    const claimed = await worker.take();
    await worker.settle(claimed, posted(`800${part}`, part, false));
    await worker.settle(claimed, retry(1_000));
    await pass(backend, 2_000);
  }
  expect((await worker.take()).posts).toHaveLength(12);
});

test("a moderator who is faster than the report of a post takes it out of the context too", async () => {
  await exchange(backend, room);
  const worker = new Worker(backend);
  const claimed = await worker.take();
  await ingest({ type: "delete", mappingId: room, externalId: "8001" });
  await worker.settle(claimed, posted("8001"));
  const answers = (await rows(backend, "messages")).filter(({ kind }) => kind === "reply");
  expect(answers).toMatchObject([{ content: "" }]);
  expect(answers[0]?.deletedAt).toBeDefined();
});

test("mapping again while the old posts are purged leaves no lane stuck behind one of them", async () => {
  await exchange(backend, room);
  const onTheWire = await new Worker(backend).take();
  const target = { platform: "discord", externalId: onTheWire.channel } as const;
  await backend.admin.mutation(api.admin.unmap, { ...target, deleteMessages: true });
  await mapChannel(backend);
  // The purge has not come to the old post yet when a new reply queues up behind it.
  vi.setSystemTime(Date.now() + 5);
  await backend.t.run(async (ctx) => {
    const old = await ctx.db.get("deliveries", onTheWire.deliveryId);
    const message = await ctx.db.get("messages", onTheWire.messageId);
    if (!old || !message) throw new Error("gone too early");
    const fields = { channelId: message.channelId, conversationId: old.conversationId };
    const messageId = await ctx.db.insert("messages", {
      ...fields,
      mappingId: room,
      content: "new",
    });
    const { conversationId, platform } = old;
    const delivery = {
      conversationId,
      platform,
      mappingId: room,
      messageId,
      op: "create" as const,
    };
    await ctx.db.insert("deliveries", { ...delivery, state: "queued", attempts: 0, generation: 0 });
  });
  await pass(backend, 60_000);
  expect(await rows(backend, "deliveries")).toMatchObject([{ state: "ready" }]);
});
