import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import {
  type Carried,
  discord,
  mapSide,
  messageOf,
  slack,
  useRelay,
} from "../../../test/support/convex/fresh_relay.ts";
import { failed, posted, retry, states } from "../../../test/support/convex/worker.ts";

useRelay();

/** What is taken down, by the ids of its posts. */
function takenDown(carried: Carried[]): string[] {
  for (const { op, content } of carried)
    expect({ op, content }).toEqual({ op: "delete", content: "" });
  return carried.flatMap(({ posts }) => posts.map(({ externalId }) => externalId));
}

describe("a message that is deleted where it was said", () => {
  test("before the claim is not posted", async () => {
    const id = await discord.says("oops");
    await discord.deletes(id);
    expect(await slack.ready()).toEqual([]);
    expect(await states(backend)).toEqual(["cancelled"]);
  });

  test("while it is being posted is taken down", async () => {
    const id = await discord.says("oops");
    const claimed = await slack.take();
    await discord.deletes(id);
    const { as } = await slack.carryOut(claimed);
    expect(takenDown(await slack.carryOutAll())).toEqual([as]);
    expect(await rows(backend, "frozenTexts")).toEqual([]);
  });

  test("between two of its parts is not posted further", async () => {
    const id = await discord.says("oops");
    const claimed = await slack.take();
    expect(await slack.worker.settle(claimed, posted("900", 0, false))).toBe(true);
    await discord.deletes(id);
    expect(await slack.worker.settle(claimed, posted("901", 1, false))).toBe(false);
    expect(takenDown(await slack.carryOutAll())).toEqual(["900", "901"]);
  });

  test("while its outcome is unknown is looked for by its text, and taken down", async () => {
    const id = await discord.says("oops");
    const claimed = await slack.take();
    await slack.worker.settle(claimed, retry(0, false));
    await discord.deletes(id);
    expect((await rows(backend, "messages"))[0]?.content).toBe("");
    await pass(backend, 30_000);
    const again = await slack.take();
    expect(again).toMatchObject({
      onlyFind: true,
      content: "oops",
      author: { name: "Bob" },
      outcomeUnknown: true,
    });
    await slack.worker.settle(again, posted("900", 0));
    expect(takenDown(await slack.carryOutAll())).toEqual(["900"]);
    expect(await rows(backend, "frozenTexts")).toEqual([]);
  });

  test("after its outcome stayed unknown is looked for once more, and its text is not kept", async () => {
    const id = await discord.says("oops");
    await slack.worker.settle(await slack.take(), failed({ certain: false }));
    expect(await rows(backend, "frozenTexts")).toHaveLength(1);
    await discord.deletes(id);
    const again = await slack.take();
    expect(again).toMatchObject({ onlyFind: true, content: "oops", outcomeUnknown: true });
    await slack.worker.settle(again, failed({ certain: false }));
    expect(await rows(backend, "frozenTexts")).toEqual([]);
    await slack.carryOutAll();
    await backend.admin.mutation(api.admin.retry, {});
    expect(await slack.take()).toMatchObject({ onlyFind: true, content: "" });
  });

  test("leaves no text where its channel is unmapped and its outcome unknown", async () => {
    const id = await discord.says("oops");
    await slack.worker.settle(await slack.take(), failed({ certain: false }));
    const { platform, externalId } = slack;
    await backend.admin.mutation(api.admin.unmap, { platform, externalId });
    await discord.deletes(id);
    expect(await rows(backend, "frozenTexts")).toEqual([]);
  });

  test("after it was posted is taken down in every place, in the order of the lane", async () => {
    const third = await mapSide("discord", { externalId: "100000000000000002" });
    const id = await discord.says("oops");
    const [copy] = await slack.carryOutAll();
    const [other] = await third.carryOutAll();
    await discord.says("next");
    await discord.deletes(id);
    const [next, ...rest] = await slack.carryOutAll();
    expect(next?.content).toBe("next");
    expect(takenDown(rest)).toEqual([copy?.as]);
    expect(takenDown((await third.carryOutAll()).slice(1))).toEqual([other?.as]);
    // The platforms report it in turn.
    await slack.deletes(copy?.as ?? "");
    expect(await slack.ready()).toEqual([]);
    expect(await discord.ready()).toEqual([]);
  });

  test("with an edit under way is edited, then taken down", async () => {
    const id = await discord.says("draft");
    const [copy] = await slack.carryOutAll();
    await discord.edits(id, "final");
    const claimed = await slack.take();
    await discord.deletes(id);
    await slack.carryOut(claimed);
    expect(takenDown(await slack.carryOutAll())).toEqual([copy?.as]);
  });

  test("with an edit that waits is taken down at once", async () => {
    const id = await discord.says("draft");
    const [copy] = await slack.carryOutAll();
    await discord.edits(id, "final");
    await discord.deletes(id);
    expect(takenDown(await slack.carryOutAll())).toEqual([copy?.as]);
  });

  test("before it arrives is never relayed", async () => {
    const event = discord.event("oops");
    await discord.deletes(event.externalId);
    await discord.ingest(event);
    expect(await rows(backend, "deliveries")).toEqual([]);
  });

  test("after its relay was switched off is taken down", async () => {
    const id = await discord.says("oops");
    const [copy] = await slack.carryOutAll();
    await slack.change({ relay: false });
    await discord.deletes(id);
    expect(takenDown(await slack.carryOutAll())).toEqual([copy?.as]);
  });
});

describe("a copy that a moderator deletes", () => {
  test("is hidden alone", async () => {
    const third = await mapSide("discord", { externalId: "100000000000000002" });
    await discord.says("rude");
    const [copy] = await slack.carryOutAll();
    await third.carryOutAll();
    expect(await slack.deletes(copy?.as ?? "")).toBe("deleted");
    expect((await messageOf("rude")).deletedAt).toBeUndefined();
    for (const side of [discord, slack, third]) expect(await side.ready()).toEqual([]);
  });

  test("of an answer, elsewhere than it was asked for, is hidden alone", async () => {
    await discord.change({ trigger: "always" });
    await discord.says("why?");
    await settleDown(backend);
    await discord.carryOutAll();
    const [, copy] = await slack.carryOutAll();
    await slack.deletes(copy?.as ?? "");
    expect((await messageOf("answer 1")).deletedAt).toBeUndefined();
    expect(await discord.ready()).toEqual([]);
  });

  test("of an answer, where it was asked for, deletes it everywhere", async () => {
    await discord.change({ trigger: "always" });
    await discord.says("why?");
    await settleDown(backend);
    const [answer] = await discord.carryOutAll();
    const [, copy] = await slack.carryOutAll();
    await discord.deletes(answer?.as ?? "");
    expect(takenDown(await slack.carryOutAll())).toEqual([copy?.as]);
    expect(await discord.ready()).toEqual([]);
  });

  test("before it is reported is hidden when it is", async () => {
    await discord.says("rude");
    const claimed = await slack.take();
    await slack.deletes("900");
    await slack.worker.settle(claimed, posted("900", 0));
    expect((await rows(backend, "posts"))[0]?.deletedAt).toBeDefined();
    expect((await messageOf("rude")).deletedAt).toBeUndefined();
  });
});

describe("a thread that is deleted", () => {
  const drop = async (threadId: string) =>
    await discord.ingest({
      type: "delete",
      mappingId: discord.mappingId,
      externalId: threadId,
      thread: true,
    });

  test("takes the copies of what was said in it along, not those of others", async () => {
    const root = await discord.says("root");
    const [copy] = await slack.carryOutAll();
    await discord.says("one", { threadId: root });
    const [one] = await slack.carryOutAll();
    await slack.says("two", { threadId: copy?.as ?? "" });
    await discord.carryOutAll();
    await drop(root);
    await settleDown(backend);
    expect(takenDown(await slack.carryOutAll())).toEqual([one?.as]);
    expect((await messageOf("two")).deletedAt).toBeUndefined();
    expect((await messageOf("root")).deletedAt).toBeUndefined();
  });

  test("is not relayed to any more, and what waits for it is dropped", async () => {
    const root = await discord.says("root");
    const [copy] = await slack.carryOutAll();
    await slack.says("one", { threadId: copy?.as ?? "" });
    await drop(root);
    await slack.says("two", { threadId: copy?.as ?? "" });
    expect(await discord.ready()).toEqual([]);
  });

  test("is relayed to once it was opened again", async () => {
    const root = await discord.says("root");
    const [copy] = await slack.carryOutAll();
    await discord.says("one", { threadId: root });
    await drop(root);
    await pass(backend, 90_000);
    await discord.says("again", { threadId: root });
    await slack.carryOutAll();
    await slack.says("two", { threadId: copy?.as ?? "" });
    expect(await discord.carryOutAll()).toMatchObject([{ content: "two", threadId: root }]);
  });
});

test("a thread's messages are deleted in a dozen channels, in transactions that Convex allows", async () => {
  const threadId = discord.newId();
  await slack.change({ relay: false });
  const events = Array.from({ length: 100 }, () => discord.event("inside", { threadId }));
  await discord.ingest(...events);
  const sides = [slack];
  for (let n = 2; n < 13; n++)
    sides.push(await mapSide("slack", { externalId: `C00000000${n.toString().padStart(2, "0")}` }));
  await backend.t.run(async (ctx) => {
    const messages = await ctx.db.query("messages").collect();
    for (const { mappingId, channelId } of sides) {
      const conversationId = await ctx.db.insert("conversations", { channelId, mappingId });
      for (const { _id: messageId } of messages) {
        const deliveryId = await ctx.db.insert("deliveries", {
          ...{ conversationId, mappingId, messageId, platform: "slack", op: "create" },
          ...{ state: "sent", endedAt: 1, attempts: 1, generation: 1 },
        });
        const post = { part: 0, externalId: slack.newId(), upTo: 6 };
        await ctx.db.insert("posts", { ...post, mappingId, deliveryId, messageId, conversationId });
      }
    }
  });
  const event = { type: "delete", mappingId: discord.mappingId, externalId: threadId } as const;
  await discord.ingest({ ...event, thread: true });
  await pass(backend, 3_000);
  const queued = (await rows(backend, "deliveries")).filter(({ op }) => op === "delete");
  expect(queued).toHaveLength(1_200);
});
