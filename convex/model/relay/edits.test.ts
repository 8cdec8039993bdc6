import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { pass, rows } from "../../../test/support/convex/backend.ts";
import { discord, mapSide, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";
import { failed, posted, retry, states } from "../../../test/support/convex/worker.ts";

useRelay();

test("an edit that the platform puts off for long lets what waits pass", async () => {
  const id = await discord.says("draft");
  await slack.carryOutAll();
  await discord.edits(id, "final");
  const limited = { ...retry(60_000), limited: true as const };
  // Alone it waits.
  await slack.worker.settle(await slack.take(), limited);
  expect(await states(backend)).toEqual(["sent", "waiting"]);
  await discord.says("next");
  await pass(backend, 120_000);
  await slack.worker.settle(await slack.take(), limited);
  expect(await slack.hears()).toEqual(["next"]);
  await pass(backend, 60_000);
  expect(await slack.carryOutAll()).toMatchObject([{ op: "edit", content: "final" }]);
});

describe("an edit", () => {
  test("before the claim changes what is posted", async () => {
    const id = await discord.says("draft");
    await discord.edits(id, "final");
    expect(await slack.hears()).toEqual(["final"]);
    expect(await states(backend)).toEqual(["sent"]);
  });

  test("between the claim and its report follows what was claimed", async () => {
    const id = await discord.says("draft");
    const claimed = await slack.take();
    await discord.edits(id, "final");
    expect(claimed.content).toBe("draft");
    const { as } = await slack.carryOut(claimed);
    expect(await slack.carryOutAll()).toMatchObject([
      { op: "edit", content: "final", posts: [{ part: 0, externalId: as }] },
    ]);
  });

  test("after it was posted changes the copy, in every place", async () => {
    const third = await mapSide("discord", { externalId: "100000000000000002" });
    const id = await discord.says("draft");
    const [copy] = await slack.carryOutAll();
    const [other] = await third.carryOutAll();
    await discord.edits(id, "final");
    expect(await slack.carryOutAll()).toMatchObject([
      { op: "edit", content: "final", author: { name: "Bob" }, posts: [{ externalId: copy?.as }] },
    ]);
    expect(await third.carryOutAll()).toMatchObject([
      { op: "edit", posts: [{ externalId: other?.as }] },
    ]);
    expect(await discord.carryOutAll()).toEqual([]);
  });

  test("after another that is not claimed is one edit, with the newest text", async () => {
    const id = await discord.says("one");
    await slack.carryOutAll();
    for (const [n, text] of ["two", "three", "four"].entries())
      await discord.edits(id, text, Date.now() + n + 1);
    expect(await slack.hears()).toEqual(["four"]);
  });

  test("after another that is claimed follows it", async () => {
    const id = await discord.says("one");
    await slack.carryOutAll();
    await discord.edits(id, "two");
    const claimed = await slack.take();
    await discord.edits(id, "three", Date.now() + 2);
    expect(claimed.content).toBe("two");
    await slack.carryOut(claimed);
    expect(await slack.hears()).toEqual(["three"]);
  });

  test("that is older than what is stored changes nothing", async () => {
    const id = await discord.says("one");
    await slack.carryOutAll();
    await discord.edits(id, "three", Date.now() + 2);
    await slack.carryOutAll();
    await discord.edits(id, "two", Date.now() + 1);
    expect(await slack.ready()).toEqual([]);
  });

  test("of a message that was not relayed relays nothing", async () => {
    const id = await discord.says("one");
    await slack.carryOutAll();
    await slack.change({ relay: false });
    const other = await discord.says("two");
    await slack.change({ relay: true });
    await discord.edits(other, "two, edited");
    expect(await slack.ready()).toEqual([]);
    await discord.edits(id, "one, edited");
    expect(await slack.hears()).toEqual(["one, edited"]);
  });

  test("goes to the copy in a thread", async () => {
    const root = await discord.says("root");
    const id = await discord.says("one", { threadId: root });
    const [copy, one] = await slack.carryOutAll();
    await discord.edits(id, "one, edited");
    expect(await slack.carryOutAll()).toMatchObject([
      { op: "edit", threadId: copy?.as, posts: [{ externalId: one?.as }] },
    ]);
  });
});

describe("the text of a delivery", () => {
  test("stays the same while half of it is posted", async () => {
    const id = await discord.says("a long text");
    const claimed = await slack.take();
    await slack.worker.settle(claimed, posted("900", 0, false));
    await discord.edits(id, "another");
    await slack.worker.settle(claimed, retry(0));
    await pass(backend, 1_000);
    const again = await slack.take();
    expect(again).toMatchObject({
      op: "create",
      content: "a long text",
      posts: [{ externalId: "900" }],
    });
    await slack.worker.settle(again, posted("901", 1, true));
    expect(await slack.carryOutAll()).toMatchObject([
      { op: "edit", content: "another", posts: [{ externalId: "900" }, { externalId: "901" }] },
    ]);
    expect(await rows(backend, "frozenTexts")).toEqual([]);
  });

  test("stays the same while its outcome is unknown, whatever people are called meanwhile", async () => {
    await discord.says("hello <@7002>", { mentions: [{ kind: "user", id: "7002", name: "Eve" }] });
    const claimed = await slack.take();
    await slack.worker.settle(claimed, retry(0, false));
    await discord.says("my name", {
      author: { externalId: "7002", workspaceId: "guild", name: "Evelyn" },
    });
    await discord.says("my name too", {
      author: { externalId: "7001", workspaceId: "guild", name: "Robert" },
    });
    await pass(backend, 30_000);
    expect(await slack.take()).toMatchObject({
      content: "hello @Eve",
      author: { name: "Bob" },
      outcomeUnknown: true,
    });
  });

  test("is looked for after the newest post that the place had: the same was said before", async () => {
    await discord.says("ok");
    const [first] = await slack.carryOutAll();
    expect(first).not.toHaveProperty("newestPost");
    await discord.says("ok");
    const second = await slack.take();
    expect(second.newestPost).toBe(first?.as);
    await slack.worker.settle(second, retry(0, false));
    await pass(backend, 30_000);
    expect((await slack.take()).newestPost).toBe(first?.as);
  });
});

describe("an edit that has nothing to edit", () => {
  test("because a moderator has hidden the copy is not posted", async () => {
    const id = await discord.says("rude");
    const [copy] = await slack.carryOutAll();
    await discord.edits(id, "very rude");
    await slack.deletes(copy?.as ?? "");
    expect(await slack.carryOutAll()).toEqual([]);
    await discord.edits(id, "most rude", Date.now() + 2);
    expect(await slack.carryOutAll()).toEqual([]);
  });

  test("because the copy was refused is not posted", async () => {
    const id = await discord.says("one");
    const claimed = await slack.take();
    await discord.edits(id, "two");
    await slack.worker.settle(claimed, failed());
    expect(await slack.carryOutAll()).toEqual([]);
    // Once that is retried, it says what is said now.
    await backend.admin.mutation(api.admin.retry, {});
    expect(await slack.hears()).toEqual(["two"]);
  });

  test("because its thread is gone is not sent", async () => {
    const root = await slack.says("root");
    const [copy] = await discord.carryOutAll();
    const id = await slack.says("one", { threadId: root });
    await discord.carryOutAll();
    await discord.ingest({
      type: "delete",
      mappingId: discord.mappingId,
      externalId: copy?.as ?? "",
      thread: true,
    });
    await slack.edits(id, "two");
    await slack.deletes(id);
    expect(await discord.ready()).toEqual([]);
  });
});

test("a copy that may have been posted when it was given up is edited once it is retried", async () => {
  const id = await discord.says("one");
  await slack.worker.settle(await slack.take(), failed({ certain: false }));
  await discord.edits(id, "two");
  expect(await slack.ready()).toEqual([]);
  await backend.admin.mutation(api.admin.retry, {});
  const [found, edit] = await slack.carryOutAll();
  expect(found).toMatchObject({ op: "create", content: "one", outcomeUnknown: true });
  expect(edit).toMatchObject({ op: "edit", content: "two", posts: [{ externalId: found?.as }] });
});
