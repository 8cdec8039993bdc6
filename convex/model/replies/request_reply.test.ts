import { beforeEach, describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { MessageEvent } from "../ingest/event_validators.ts";
import { deleted, EVE, said, saidOnSlack, snowflake } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { mapChannel, NOON, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";

useFreshBackend();

/** Says the AI's waiting reply on the platform, as the message with that id. */
async function post(externalId: string) {
  const [deliveryId] = await backend.discord.query(api.bridge.outbox, {});
  if (!deliveryId) throw new Error("nothing is ready to be posted");
  const claim = await backend.discord.mutation(api.bridge.claim, { deliveryId, owner: "b" });
  if (claim.status === "gone") throw new Error("the delivery is gone");
  await backend.discord.mutation(api.bridge.settle, {
    deliveryId,
    generation: claim.delivery.generation,
    settlement: {
      kind: "posted",
      post: { part: 1, externalId, upTo: claim.delivery.content.length },
      last: true,
      format: "1",
    },
  });
  return claim.delivery;
}

describe("who is answered", () => {
  const ask = async (trigger: "always" | "mention" | "never", more: Partial<MessageEvent>) => {
    const { mappingId } = await mapChannel(backend, "discord", { trigger });
    return await ingest(said(mappingId, more));
  };

  test.each([
    ["always", {}, "asked"],
    ["always", { fromApp: true }, "inserted"],
    ["always", { mentionsBot: true, fromApp: true }, "inserted"],
    ["always", { threadId: "7" }, "asked"],
    ["mention", {}, "inserted"],
    ["mention", { threadId: "7" }, "inserted"],
    ["mention", { mentionsBot: true }, "asked"],
    ["mention", { mentionsBot: true, fromApp: true }, "inserted"],
    ["mention", { replyTo: "404" }, "inserted"],
    ["never", { mentionsBot: true }, "inserted"],
  ] as const)("trigger %s, %o: %s", async (trigger, more, outcome) => {
    expect(await ask(trigger, more)).toEqual([outcome]);
    const replies = await rows(backend, "replies");
    expect(replies).toHaveLength(outcome === "asked" ? 1 : 0);
  });

  test.each([
    [9 * 60_000 + 59_000, "asked"],
    [10 * 60_000, "inserted"],
    [86_400_000, "inserted"],
  ] as const)("a message %i ms old: %s", async (age, outcome) => {
    const sentAt = NOON - age;
    expect(await ask("always", { sentAt, externalId: snowflake(sentAt) })).toEqual([outcome]);
  });

  test("a message edited before it was first seen, as if it had not been", async () => {
    expect(await ask("always", { editedAt: NOON + 1 })).toEqual(["asked"]);
  });

  test("nobody for an edit or a redelivery of a message that was answered", async () => {
    const { mappingId } = await mapChannel(backend);
    const event = said(mappingId);
    await ingest(event);
    await settleDown(backend);
    await ingest(event, { ...event, content: "again?", editedAt: NOON + 1, mentionsBot: true });
    await settleDown(backend);
    expect(await rows(backend, "replies")).toHaveLength(1);
    expect(ai.requests).toHaveLength(1);
  });

  test("nobody for a message whose delete came first", async () => {
    const { mappingId } = await mapChannel(backend);
    const event = said(mappingId);
    expect(await ingest(deleted(mappingId, event.externalId), event)).toEqual(["deleted", "known"]);
    expect(await rows(backend, "replies")).toEqual([]);
  });

  test("with `mention`, who replies to something the bot said, though not to the other bot", async () => {
    const { mappingId } = await mapChannel(backend, "discord", { trigger: "mention" });
    await ingest(said(mappingId, { mentionsBot: true }));
    await settleDown(backend);
    await post("8001");
    expect(await ingest(said(mappingId, { replyTo: "8001", author: EVE }))).toEqual(["asked"]);
    expect(await ingest(said(mappingId, { replyTo: "8001", fromApp: true }))).toEqual(["inserted"]);
  });

  test("with `mention`, everyone in a thread the bot has spoken in, and only there", async () => {
    const { mappingId } = await mapChannel(backend, "discord", { trigger: "mention" });
    const inThread = (more: Partial<MessageEvent> = {}) =>
      ingest(said(mappingId, { threadId: "7", author: EVE, ...more }));
    expect(await inThread()).toEqual(["inserted"]);
    await inThread({ mentionsBot: true });
    await settleDown(backend);
    expect(await inThread()).toEqual(["asked"]);
    expect(await inThread({ threadId: "8" })).toEqual(["inserted"]);
    expect(await ingest(said(mappingId))).toEqual(["inserted"]);
  });

  test("with `mention`, everyone in a thread that hangs on what the bot said", async () => {
    const { mappingId } = await mapChannel(backend, "discord", { trigger: "mention" });
    await ingest(said(mappingId, { mentionsBot: true }));
    await settleDown(backend);
    await post("8001");
    const inThread = (more: Partial<MessageEvent>) => ingest(said(mappingId, { ...more }));
    expect(await inThread({ threadId: "8002" })).toEqual(["inserted"]);
    expect(await inThread({ threadId: "8001", fromApp: true })).toEqual(["inserted"]);
    expect(await inThread({ threadId: "8001", author: EVE })).toEqual(["asked"]);
  });
});

describe("while a reply is open", () => {
  test("further messages of the conversation add none", async () => {
    const { mappingId } = await mapChannel(backend);
    const outcomes = await ingest(said(mappingId), said(mappingId, { author: EVE }));
    expect(outcomes).toEqual(["asked", "asked"]);
    expect(await ingest(said(mappingId))).toEqual(["asked"]);
    expect(await rows(backend, "replies")).toHaveLength(1);
    await settleDown(backend);
    expect(ai.requests.map(({ messages }) => messages.length)).toEqual([3]);
  });

  test("other conversations have their own: threads, mappings, platforms", async () => {
    const one = await mapChannel(backend);
    const two = await mapChannel(backend, "discord", { externalId: "100000000000000002" });
    const three = await mapChannel(backend, "slack");
    await ingest(said(one.mappingId), said(one.mappingId, { threadId: "7" }), said(two.mappingId));
    await backend.slack.mutation(api.bridge.ingest, {
      events: [saidOnSlack(three.mappingId)],
      advance: [],
    });
    expect(new Set([one.channelId, two.channelId, three.channelId]).size).toBe(1);
    await pass(backend, 2_000);
    expect(await rows(backend, "replies")).toMatchObject(
      Array.from({ length: 4 }, () => ({ state: "done" })),
    );
    const deliveries = await rows(backend, "deliveries");
    expect(deliveries.map(({ mappingId }) => mappingId).sort()).toEqual(
      [one.mappingId, one.mappingId, two.mappingId, three.mappingId].sort(),
    );
    for (const { messages } of ai.requests) expect(messages).toHaveLength(1);
  });
});

describe("replyIn thread", () => {
  let mappingId: Id<"mappings">;
  beforeEach(async () => {
    ({ mappingId } = await mapChannel(backend, "discord", { replyIn: "thread" }));
  });

  test("answers two questions asked at once in a thread each", async () => {
    const first = said(mappingId, { content: "one?" });
    const second = said(mappingId, { content: "two?", author: EVE });
    expect(await ingest(first, second)).toEqual(["asked", "asked"]);
    await settleDown(backend);
    expect(ai.requests.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ["Bob: one?"],
      ["Eve: two?"],
    ]);
    const posted = [await post("8001"), await post("8002")];
    expect(posted.map(({ threadId, replyTo, content }) => [threadId, replyTo, content])).toEqual([
      [first.externalId, first.externalId, "answer 1"],
      [second.externalId, second.externalId, "answer 2"],
    ]);
  });

  test("goes on in the same conversation when the thread is spoken in", async () => {
    const question = said(mappingId, { content: "one?" });
    await ingest(question);
    await settleDown(backend);
    await ingest(said(mappingId, { threadId: question.externalId, content: "and?" }));
    await settleDown(backend);
    expect(ai.requests.at(-1)?.messages.map(({ content }) => content)).toEqual([
      "Bob: one?",
      "answer 1",
      "Bob: and?",
    ]);
    expect(await rows(backend, "conversations")).toHaveLength(1);
  });

  test("keeps what asks for nothing in the channel's own conversation", async () => {
    await ingest(said(mappingId, { fromApp: true }), said(mappingId, { fromApp: true }));
    expect(await rows(backend, "conversations")).toMatchObject([{ mappingId }]);
    expect((await rows(backend, "conversations"))[0]?.threadId).toBeUndefined();
  });
});
