import { beforeEach, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { completion } from "../../../test/support/convex/ai.ts";
import { deleted, EVE, said } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { failure, mapChannel, pass, rows } from "../../../test/support/convex/backend.ts";

useFreshBackend();

beforeEach(() => {
  ai.always(() => completion("an answer"));
});
/** A question whose reply has not begun: the author's name is still being learned. */
const question = (mappingId: Id<"mappings">, externalId: string) =>
  said(mappingId, { externalId, author: { externalId, workspaceId: "guild" } });

test("deleting every asking message cancels a reply that has not begun", async () => {
  const { mappingId } = await mapChannel(backend);
  await ingest(question(mappingId, "11"), question(mappingId, "12"));
  await ingest(deleted(mappingId, "11"));
  expect(await rows(backend, "replies")).toMatchObject([{ state: "open" }]);
  await ingest(deleted(mappingId, "12"));
  expect(await rows(backend, "replies")).toMatchObject([
    { state: "cancelled", reason: "what was asked was deleted" },
  ]);
  await pass(backend, 200_000);
  expect(await rows(backend, "deliveries")).toEqual([]);
  // The conversation is free again.
  await ingest(said(mappingId));
  await pass(backend, 2_000);
  expect(await rows(backend, "deliveries")).toHaveLength(1);
});

test("deleting a message that asked nothing cancels nothing", async () => {
  const { mappingId } = await mapChannel(backend);
  const chatter = said(mappingId, { fromApp: true });
  await ingest(chatter, question(mappingId, "11"));
  await ingest(deleted(mappingId, chatter.externalId));
  expect(await rows(backend, "replies")).toMatchObject([{ state: "open" }]);
});

test("an edit before the reply is written is what the AI reads", async () => {
  const { mappingId } = await mapChannel(backend);
  const asked = { ...question(mappingId, "11"), content: "41?" };
  await ingest(asked);
  await ingest({ ...asked, content: "42?", editedAt: asked.sentAt + 1 });
  await pass(backend, 2_000);
  expect(ai.requests.at(-1)?.messages.at(-1)?.content).toContain("42?");
});

test("the AI sees what a message answers, also its own words, shortened", async () => {
  const { mappingId } = await mapChannel(backend);
  const first = said(mappingId, {
    content: `a\n\n${"long ".repeat(100)}`,
    fromApp: true,
    author: EVE,
  });
  await ingest(first);
  await ingest(said(mappingId, { content: "why?", replyTo: first.externalId }));
  await pass(backend, 2_000);
  const line = ai.requests.at(-1)?.messages.at(-1)?.content ?? "";
  expect(line).toMatch(/^> Eve: a long long .*…\nBob: why\?$/);
  expect(line.length).toBeLessThan(230);
});

test("a post in a forum is read with its title, a thread on a message without", async () => {
  const { mappingId } = await mapChannel(backend);
  const id = "500000000000000000";
  await ingest(
    said(mappingId, { externalId: id, threadId: id, threadName: "Help!", content: "see title" }),
  );
  await pass(backend, 2_000);
  expect(ai.requests.at(-1)?.messages.at(-1)?.content).toBe("[Help!]\nBob: see title");
  await ingest(said(mappingId, { threadId: "600000000000000000", threadName: "T", content: "hi" }));
  await pass(backend, 2_000);
  expect(ai.requests.at(-1)?.messages.at(-1)?.content).toBe("Bob: hi");
});

test("a thread that was renamed is called so from its next message on", async () => {
  const { mappingId } = await mapChannel(backend);
  await ingest(said(mappingId, { threadId: "6", threadName: "old" }));
  await ingest(said(mappingId, { threadId: "6", threadName: "new" }));
  expect(await rows(backend, "conversations")).toMatchObject([{ threadId: "6", name: "new" }]);
});

async function replyStands() {
  const { mappingId } = await mapChannel(backend);
  await ingest(said(mappingId));
  await pass(backend, 2_000);
  const [delivery] = await rows(backend, "deliveries");
  if (!delivery) throw new Error("nothing to post");
  return { mappingId, delivery };
}

const remove = (messageId: string) =>
  backend.admin.mutation(api.admin.deleteMessage, { messageId });

test("deleting an answer that waits cancels it", async () => {
  const { delivery } = await replyStands();
  expect(await remove(delivery.messageId)).toEqual({ takesDown: false });
  expect(await rows(backend, "deliveries")).toMatchObject([{ state: "cancelled" }]);
  expect(await remove(delivery.messageId)).toEqual({ takesDown: false });
});

test("deleting an answer that stands on the platform has it taken down", async () => {
  const { delivery } = await replyStands();
  const deliveryId = delivery._id;
  await backend.discord.mutation(api.bridge.claim, { deliveryId, owner: "a" });
  // While a bridge posts it: the delete waits behind.
  expect(await remove(delivery.messageId)).toEqual({ takesDown: true });
  await backend.discord.mutation(api.bridge.settle, {
    deliveryId,
    generation: 1,
    settlement: {
      kind: "posted",
      post: { part: 0, externalId: "900", upTo: 9 },
      last: true,
      format: "f",
    },
  });
  const [next] = await backend.discord.query(api.bridge.outbox, {});
  if (!next) throw new Error("nothing is taken down");
  const claim = await backend.discord.mutation(api.bridge.claim, { deliveryId: next, owner: "a" });
  expect(claim).toMatchObject({
    status: "claimed",
    delivery: { op: "delete", content: "", posts: [{ externalId: "900" }] },
  });
});

test("only what the AI said can be deleted by an admin", async () => {
  const { mappingId } = await replyStands();
  const person = (await rows(backend, "messages")).find(({ kind }) => kind === "person");
  expect(await failure(remove(person?._id ?? ""))).toBe("NOT_A_REPLY");
  expect(await failure(remove(mappingId))).toBe("NOT_FOUND");
});

test("a mapping follows its channel's name and id, and no other mapping's", async () => {
  const { mappingId } = await mapChannel(backend, "slack", { to: "s" });
  const tell = (news: { name?: string; externalId?: string }, as = backend.slack) =>
    as.mutation(api.bridge.report, {
      people: [],
      problems: [],
      health: [],
      channels: [{ mappingId, ...news }],
    });
  await tell({ name: "renamed", externalId: "C0000000009" });
  const moved = { _id: mappingId, externalName: "renamed", externalId: "C0000000009" };
  expect(await rows(backend, "mappings")).toMatchObject([moved]);
  expect(await backend.slack.query(api.bridge.mappings, {})).toMatchObject([
    { mappingId, externalId: "C0000000009" },
  ]);
  await tell({ name: "forged" }, backend.discord);
  expect(await rows(backend, "mappings")).toMatchObject([moved]);
  await backend.admin.mutation(api.admin.map, {
    platform: "slack",
    externalId: "C0000000010",
    to: "other",
  });
  await tell({ externalId: "C0000000010" });
  expect((await rows(backend, "mappings"))[0]).toMatchObject(moved);
});
