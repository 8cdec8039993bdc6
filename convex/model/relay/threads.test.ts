import { describe, expect, test } from "vitest";
import { backend } from "../../../test/support/convex/fresh.ts";
import { pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { discord, mapSide, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";

useRelay();

describe("a message in a thread", () => {
  test("goes to the thread of its root's copy, which it may open", async () => {
    const root = await discord.says("root");
    const [copy] = await slack.carryOutAll();
    await discord.says("one", { threadId: root });
    await discord.says("two", { threadId: root });
    const thread = { threadId: copy?.as, opensThread: true, question: "root" };
    expect(await slack.carryOutAll()).toMatchObject([
      { content: "one", ...thread },
      { content: "two", ...thread },
    ]);
    // It is the same thread for who goes on there.
    await slack.says("three", { threadId: copy?.as ?? "" });
    expect(await discord.carryOutAll()).toMatchObject([{ content: "three", threadId: root }]);
  });

  test("that was started from a copy goes to the thread of the message", async () => {
    const root = await discord.says("root");
    const [copy] = await slack.carryOutAll();
    await slack.says("one", { threadId: copy?.as ?? "" });
    expect(await discord.carryOutAll()).toMatchObject([
      { content: "one", threadId: root, opensThread: true, question: "root" },
    ]);
    await discord.says("two", { threadId: root });
    expect(await slack.carryOutAll()).toMatchObject([{ content: "two", threadId: copy?.as }]);
  });

  test("waits until its root's copy is posted", async () => {
    const root = await discord.says("root");
    const claimed = await slack.take();
    await discord.says("one", { threadId: root });
    await discord.says("two", { threadId: root });
    await discord.says("three");
    expect(await slack.ready()).toEqual([]);
    const copy = await slack.carryOut(claimed);
    const carried = await slack.carryOutAll();
    expect(carried.filter(({ threadId }) => threadId === copy.as)).toMatchObject([
      { content: "one" },
      { content: "two" },
    ]);
    expect(carried).toHaveLength(3);
  });

  test("has its root from before the relay posted first", async () => {
    await slack.change({ relay: false });
    const root = await discord.says("root");
    await slack.change({ relay: true });
    await pass(backend, 1_000);
    await discord.says("one", { threadId: root });
    await discord.says("two", { threadId: root });
    const [copy, ...others] = await slack.carryOutAll();
    expect(copy).toMatchObject({ content: "root", author: { name: "Bob" } });
    expect(copy).not.toHaveProperty("threadId");
    expect(others).toMatchObject([
      { content: "one", threadId: copy?.as },
      { content: "two", threadId: copy?.as },
    ]);
  });

  test("whose root is not stored stands for it", async () => {
    await discord.says("one", { threadId: "1234" });
    const [copy, ...others] = await slack.carryOutAll();
    expect(others).toEqual([]);
    expect(copy).not.toHaveProperty("threadId");
    await discord.says("two", { threadId: "1234" });
    expect(await slack.carryOutAll()).toMatchObject([{ content: "two", threadId: copy?.as }]);
    await slack.says("three", { threadId: copy?.as ?? "" });
    expect(await discord.carryOutAll()).toMatchObject([{ content: "three", threadId: "1234" }]);
  });

  test("on Slack that arrives before its root waits for it", async () => {
    const root = slack.event("root");
    await pass(backend, 1_000);
    await slack.says("one", { threadId: root.externalId });
    await slack.says("meanwhile");
    expect(await discord.ready()).toEqual([]);
    await pass(backend, 3_000);
    await slack.ingest(root);
    await pass(backend, 5_000);
    const [copy, ...others] = await discord.carryOutAll();
    expect(copy).toMatchObject({ content: "root" });
    expect(others.find(({ content }) => content === "one")).toMatchObject({ threadId: copy?.as });
    expect(others).toHaveLength(2);
  });

  test("on Slack does not wait for a root that does not come, nor for one from before the mapping", async () => {
    const [lost, old] = [slack.newId(), "1000000000.000001"];
    await slack.says("one", { threadId: old });
    expect(await discord.hears()).toEqual(["one"]);
    await slack.says("two", { threadId: lost });
    await pass(backend, 8_000);
    expect(await discord.hears()).toEqual(["two"]);
    await slack.says("three", { threadId: lost });
    expect(await discord.hears()).toEqual(["three"]);
  });

  test("whose root is a notice stands for it: notices are not relayed", async () => {
    await slack.change({ relay: false });
    const hello = await discord.says("hello");
    await backend.t.run(async (ctx) => {
      const [message] = await ctx.db.query("messages").collect();
      if (message) await ctx.db.patch("messages", message._id, { kind: "notice" });
    });
    await slack.change({ relay: true });
    await discord.says("one", { threadId: hello });
    expect(await slack.hears()).toEqual(["one"]);
  });

  test("reaches every place, each in its own thread", async () => {
    const third = await mapSide("slack", { externalId: "C0000000002" });
    const root = await discord.says("root");
    const [copy] = await slack.carryOutAll();
    const [other] = await third.carryOutAll();
    await slack.says("one", { threadId: copy?.as ?? "" });
    expect(await discord.carryOutAll()).toMatchObject([{ threadId: root }]);
    expect(await third.carryOutAll()).toMatchObject([{ threadId: other?.as }]);
  });
});

describe("a forum's post", () => {
  test("is its title and text, then its thread", async () => {
    const post = discord.newId();
    await discord.says("It *fails*.", {
      externalId: post,
      threadId: post,
      threadName: "Help [me]",
    });
    const [copy] = await slack.carryOutAll();
    expect(copy?.content).toBe("**Help \\[me\\]**\n\nIt *fails*.");
    expect(copy).not.toHaveProperty("threadId");
    await discord.says("one", { threadId: post, threadName: "Help [me]" });
    expect(await slack.carryOutAll()).toMatchObject([
      { content: "one", threadId: copy?.as, opensThread: true },
    ]);
    await slack.says("two", { threadId: copy?.as ?? "" });
    expect(await discord.carryOutAll()).toMatchObject([{ content: "two", threadId: post }]);
  });

  test("is not what a thread that was started from a message looks like", async () => {
    const root = await discord.says("root");
    await discord.says("one", { threadId: root, threadName: "root" });
    const [copy, reply] = await slack.carryOutAll();
    expect([copy?.content, reply?.content]).toEqual(["root", "one"]);
  });
});

describe("who speaks in the new thread before its id is reported", () => {
  test("has its lane merged with the one that waits", async () => {
    const root = await discord.says("root");
    const claimed = await slack.take();
    await discord.says("one", { threadId: root });
    const ts = slack.newId();
    await slack.says("early", { threadId: ts });
    await pass(backend, 8_000);
    await slack.worker.settle(claimed, {
      kind: "posted",
      post: { part: 0, externalId: ts, upTo: 4 },
      last: true,
      format: "1",
    });
    expect(await slack.carryOutAll()).toMatchObject([{ content: "one", threadId: ts }]);
    const threads = (await rows(backend, "conversations")).filter(
      ({ mappingId, rootId }) => mappingId === slack.mappingId && rootId !== undefined,
    );
    expect(threads).toMatchObject([{ threadId: ts }]);
    await discord.carryOutAll();
    await slack.says("later", { threadId: ts });
    expect(await discord.carryOutAll()).toMatchObject([{ content: "later", threadId: root }]);
    await discord.says("two", { threadId: root });
    expect(await slack.carryOutAll()).toMatchObject([{ content: "two", threadId: ts }]);
  });

  test("keeps one delivery under way", async () => {
    const root = await discord.says("root");
    const copy = await slack.take();
    await discord.says("one", { threadId: root });
    const ts = slack.newId();
    await slack.says("early", { threadId: ts });
    await pass(backend, 8_000);
    // What answers there is posted there, while what is older waits for the same thread.
    await slack.change({ trigger: "always" });
    await slack.says("early question", { threadId: ts });
    await settleDown(backend);
    const answer = await slack.take();
    await slack.worker.settle(copy, {
      kind: "posted",
      post: { part: 0, externalId: ts, upTo: 4 },
      last: true,
      format: "1",
    });
    expect(await slack.ready()).toEqual([]);
    // Nor does the end of what only waits start another.
    const two = await discord.says("two", { threadId: root });
    await discord.deletes(two);
    expect(await slack.ready()).toEqual([]);
    await slack.carryOut(answer);
    expect(await slack.carryOutAll()).toMatchObject([{ content: "one", threadId: ts }]);
  });
});
