import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { mapChannel, pass, rows } from "../../../test/support/convex/backend.ts";
import {
  type Carried,
  discord,
  mapSide,
  type Side,
  slack,
  useRelay,
} from "../../../test/support/convex/fresh_relay.ts";
import { failed, posted, retry } from "../../../test/support/convex/worker.ts";

useRelay();

/* A thread whose root gets no copy: what waits for it is said in the channel, the first of it as another root. */

const target = () => ({ platform: slack.platform, externalId: slack.externalId });

/** The first is posted in the channel, and the others in the thread that opens at it. */
function expectThreadAtFirst([first, ...others]: Carried[], ...texts: string[]): void {
  expect([first, ...others].map((carried) => carried?.content)).toEqual(texts);
  expect(first).not.toHaveProperty("threadId");
  for (const other of others)
    expect(other).toMatchObject({ threadId: first?.as, opensThread: true, question: texts[0] });
}

async function twoWait(root: string): Promise<void> {
  await discord.says("one", { threadId: root });
  await discord.says("two", { threadId: root });
}

describe("a root that is deleted", () => {
  test("before its copy is claimed", async () => {
    const root = await discord.says("root");
    await twoWait(root);
    await discord.deletes(root);
    expectThreadAtFirst(await slack.carryOutAll(), "one", "two");
    // Later ones join them.
    await discord.says("three", { threadId: root });
    const [three] = await slack.carryOutAll();
    expect(three?.threadId).toBeDefined();
  });

  test("before its copy is claimed in one place, and after it was posted in another", async () => {
    const third = await mapSide("slack", { externalId: "C0000000002" });
    const root = await discord.says("root");
    const [copy] = await third.carryOutAll();
    await twoWait(root);
    await discord.deletes(root);
    expectThreadAtFirst(await slack.carryOutAll(), "one", "two");
    expect((await third.carryOutAll()).filter(({ op }) => op === "create")).toMatchObject([
      { content: "one", threadId: copy?.as },
      { content: "two", threadId: copy?.as },
    ]);
  });

  test("before its copies are claimed in several places", async () => {
    const third = await mapSide("slack", { externalId: "C0000000002" });
    const root = await discord.says("root");
    await twoWait(root);
    await discord.deletes(root);
    for (const side of [slack, third]) expectThreadAtFirst(await side.carryOutAll(), "one", "two");
    // It is still one thread.
    await discord.says("three", { threadId: root });
    for (const side of [slack, third]) expect(await side.hears()).toEqual(["three"]);
  });

  test("while its copy is being posted", async () => {
    const root = await discord.says("root");
    const claimed = await slack.take();
    await twoWait(root);
    await discord.deletes(root);
    expect(await slack.ready()).toEqual([]);
    await slack.carryOut(claimed);
    const carried = await slack.carryOutAll();
    expect(carried.filter(({ op }) => op === "delete")).toHaveLength(1);
    expectThreadAtFirst(
      carried.filter(({ op }) => op === "create"),
      "one",
      "two",
    );
  });

  test("while it is not known whether its copy was posted, which is not found", async () => {
    const root = await discord.says("root");
    const claimed = await slack.take();
    await twoWait(root);
    await slack.worker.settle(claimed, retry(0, false));
    await discord.deletes(root);
    await pass(backend, 30_000);
    const again = await slack.take();
    expect(again).toMatchObject({ onlyFind: true, content: "root" });
    expect(await slack.worker.settle(again, { kind: "verify", part: 0 })).toBe(false);
    const others = (await slack.carryOutAll()).filter(({ op }) => op === "create");
    expectThreadAtFirst(others, "one", "two");
  });

  test("with the first of those that wait", async () => {
    const root = await discord.says("root");
    const one = await discord.says("one", { threadId: root });
    await discord.says("two", { threadId: root });
    await discord.says("three", { threadId: root });
    await discord.deletes(root);
    await discord.deletes(one);
    expectThreadAtFirst(await slack.carryOutAll(), "two", "three");
  });
});

describe("a root that is refused", () => {
  const refuse = async (side: Side) => {
    await side.worker.settle(await side.take(), failed());
  };

  test("while others wait for it", async () => {
    const root = await discord.says("root");
    await twoWait(root);
    await refuse(slack);
    expectThreadAtFirst(await slack.carryOutAll(), "one", "two");
  });

  test("before anybody speaks in its thread", async () => {
    const root = await discord.says("root");
    await refuse(slack);
    await twoWait(root);
    expectThreadAtFirst(await slack.carryOutAll(), "one", "two");
  });

  test("and retried: it is posted in the channel, and the thread stays where it is", async () => {
    const root = await discord.says("root");
    await refuse(slack);
    await discord.says("one", { threadId: root });
    const [one] = await slack.carryOutAll();
    await backend.admin.mutation(api.admin.retry, {});
    expect(await slack.hears()).toEqual(["root"]);
    await discord.says("two", { threadId: root });
    expect(await slack.carryOutAll()).toMatchObject([{ content: "two", threadId: one?.as }]);
  });
});

test("what waits for a root goes on waiting when a message before it is deleted", async () => {
  const root = await discord.says("root");
  const claimed = await slack.take();
  const one = await discord.says("one", { threadId: root });
  await discord.says("two", { threadId: root });
  await discord.deletes(one);
  expect(await slack.ready()).toEqual([]);
  const { as } = await slack.carryOut(claimed);
  expect(await slack.carryOutAll()).toMatchObject([{ content: "two", threadId: as }]);
});

test("a root from when its channel was mapped to another one is not shown there", async () => {
  const secret = await slack.says("secret");
  await backend.admin.mutation(api.admin.unmap, target());
  await pass(backend, 1_000);
  await mapSide("discord", { externalId: "100000000000000002", to: "elsewhere" });
  await mapChannel(backend, "slack", { trigger: "never", relay: true, to: "elsewhere" });
  await pass(backend, 1_000);
  await slack.says("one", { threadId: secret });
  const texts = await Promise.all(
    (await discord.worker.ready()).map(async (id) => (await discord.worker.take(id)).content),
  );
  expect(texts.sort()).toEqual(["one", "secret"]);
  const shown = (await rows(backend, "deliveries")).filter(
    ({ mappingId }) => mappingId !== discord.mappingId,
  );
  expect(shown).toHaveLength(1);
});

test("a root that a moderator has hidden there stays hidden", async () => {
  const root = await discord.says("root");
  const [copy] = await slack.carryOutAll();
  await slack.deletes(copy?.as ?? "");
  await twoWait(root);
  expectThreadAtFirst(await slack.carryOutAll(), "one", "two");
});

test("what waited for a root while its relay was switched off is dropped, and the thread goes on", async () => {
  const root = await discord.says("root");
  await twoWait(root);
  await slack.change({ relay: false });
  expect(await slack.carryOutAll()).toEqual([]);
  expect((await rows(backend, "deliveries")).every(({ state }) => state === "cancelled")).toBe(
    true,
  );
  await pass(backend, 1_000);
  await slack.change({ relay: true });
  await discord.says("three", { threadId: root });
  await discord.says("four", { threadId: root });
  expectThreadAtFirst(await slack.carryOutAll(), "three", "four");
});

test("a thread goes on that waited for its root when its channel was unmapped", async () => {
  const root = await discord.says("root");
  await twoWait(root);
  await backend.admin.mutation(api.admin.unmap, target());
  await pass(backend, 1_000);
  await mapChannel(backend, "slack", { trigger: "never", relay: true });
  await discord.says("three", { threadId: root });
  await discord.says("four", { threadId: root });
  expectThreadAtFirst(await slack.carryOutAll(), "three", "four");
});

test("a thread keeps its places when its root is purged", async () => {
  const root = await discord.says("root");
  const [copy] = await slack.carryOutAll();
  await discord.says("one", { threadId: root });
  await slack.carryOutAll();
  await backend.t.run(async (ctx) => {
    const messages = await ctx.db.query("messages").collect();
    for (const { _id, externalId } of messages)
      if (externalId === root) await ctx.db.delete("messages", _id);
  });
  await discord.says("two", { threadId: root });
  expect(await slack.carryOutAll()).toMatchObject([{ content: "two", threadId: copy?.as }]);
});

test("a copy that a moderator deletes before it is reported opens no thread", async () => {
  const root = await discord.says("root");
  const claimed = await slack.take();
  await discord.says("one", { threadId: root });
  const ts = slack.newId();
  await slack.deletes(ts);
  await slack.worker.settle(claimed, posted(ts, 0));
  const [one] = await slack.carryOutAll();
  expect(one).toMatchObject({ content: "one" });
  expect(one).not.toHaveProperty("threadId");
  await discord.says("two", { threadId: root });
  expect(await slack.carryOutAll()).toMatchObject([{ content: "two", threadId: one?.as }]);
});
