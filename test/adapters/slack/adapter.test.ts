import { expect, it, describe } from "vitest";
import { NotTaken } from "../../../bridges/core/shared/errors.ts";
import type { Outcome } from "../../../bridges/platform.ts";
import { delivery, soon, start } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

describe("what Slack says", () => {
  it("reaches the core: new, in a thread, edited, deleted, in order", async () => {
    const { slack, core, channel, ada } = await start();
    const root = slack.say({ channel, person: ada, text: `a &amp; b <@${slack.botId}>` });
    const reply = slack.say({ channel, person: ada, text: "in thread", thread: root });
    slack.edit({ channel, id: reply, thread: root, text: "changed" });
    slack.unfurl({ channel, id: root, url: "https://e.com" });
    slack.remove({ channel, id: reply, thread: root });
    await eventually(() => expect(slack.acks).toHaveLength(5));
    expect(core.events).toMatchObject([
      { type: "message", externalId: root, content: `a & b <@${slack.botId}>`, mentionsBot: true },
      { type: "message", externalId: reply, threadId: root, content: "in thread" },
      { type: "message", externalId: reply, threadId: root, content: "changed" },
      { type: "delete", externalId: reply },
    ]);
    expect(core.problems).toEqual([]);
  });

  it("keeps its order in a burst", async () => {
    const { slack, core, channel, ada } = await start();
    const texts = Array.from({ length: 300 }, (_, n) => `message ${n}`);
    for (const text of texts) slack.say({ channel, person: ada, text });
    await eventually(() => expect(core.events).toHaveLength(300), 5_000);
    expect(core.texts()).toEqual(texts);
  });

  it("comes without waiting for the name, which follows once", async () => {
    const { slack, core, channel, ada } = await start();
    slack.answerNext("users.info", { retryAfter: 1 });
    slack.say({ channel, person: ada, text: "one" });
    await eventually(() => expect(slack.acks).toHaveLength(1));
    expect(core.events[0]).toMatchObject({
      author: { externalId: ada, workspaceId: slack.teamId },
    });
    await eventually(() => expect(core.people).toHaveLength(1), 5_000);
    expect(core.people).toEqual([{ workspaceId: slack.teamId, externalId: ada, name: "Ada" }]);
    slack.say({ channel, person: ada, text: `two <@${ada}>` });
    await eventually(() => expect(core.events).toHaveLength(2));
    expect(core.events[1]).toMatchObject({
      author: { name: "Ada" },
      mentions: [{ kind: "user", id: ada, name: "Ada" }],
    });
  });

  it("in a channel that is not mapped is acknowledged and costs nothing", async () => {
    const { slack, core, ada } = await start();
    const other = slack.addChannel("random");
    slack.say({ channel: other, person: ada, text: "psst" });
    await eventually(() => expect(slack.acks).toHaveLength(1));
    expect(core.events).toEqual([]);
    expect(slack.wire.filter(({ name }) => name === "users.info")).toEqual([]);
  });

  it("never comes back: own posts are acknowledged and dropped", async () => {
    const { slack, core, bridge, channel } = await start();
    const post = delivery({ channel });
    const ts = await bridge.post(post, 0, { text: "hi", upTo: 2 }, soon());
    await bridge.edit(post, ts, { text: "hi!", upTo: 3 }, soon());
    await eventually(() => expect(slack.acks).toHaveLength(2));
    expect(core.events).toEqual([]);
  });
});

describe("an acknowledgement", () => {
  it("waits for the commit", async () => {
    const { slack, core, channel, ada } = await start();
    const committed = deferred<Outcome>();
    core.commit = () => committed.promise;
    slack.say({ channel, person: ada, text: "hello" });
    await eventually(() => expect(core.events).toHaveLength(1));
    // The next event goes through the same socket: once it is acknowledged, so would the first one be.
    slack.say({ channel: slack.addChannel("random"), person: ada, text: "psst" });
    await eventually(() =>
      expect(slack.acks).toMatchObject([{ eventId: expect.stringMatching(/2$/) }]),
    );
    expect(slack.undelivered()).toBe(1);
    committed.resolve("asked");
    await eventually(() => expect(slack.acks).toHaveLength(2));
    expect(slack.undelivered()).toBe(0);
  });

  it("is not given for what was not taken: Slack delivers it again, and then it is", async () => {
    const { slack, core, channel, ada, lines } = await start({
      ackWithinMs: 1_000,
      redeliverAfterMs: [0, 50, 50],
    });
    core.commit = async () => {
      if (core.events.length < 3) throw new NotTaken("full");
      return "inserted";
    };
    const ts = slack.say({ channel, person: ada, text: "hello hello" });
    await eventually(() => expect(slack.acks).toHaveLength(1), 5_000);
    expect(slack.acks[0]).toMatchObject({ attempt: 2 });
    expect(core.events.map((event) => event.externalId)).toEqual([ts, ts, ts]);
    expect(slack.abandoned).toEqual([]);
    expect(lines.join("")).not.toContain("hello hello");
  });

  it("on a socket that is gone is left out: the redelivery is acknowledged", async () => {
    const { slack, core, channel, ada } = await start({
      ackWithinMs: 400,
      redeliverAfterMs: Array<number>(50).fill(600),
    });
    const committed = deferred<Outcome>();
    core.commit = () => committed.promise;
    slack.say({ channel, person: ada, text: "hello" });
    await eventually(() => expect(core.events).toHaveLength(1));
    slack.closeSockets();
    await eventually(() => expect(slack.connections()).toBe(1), 5_000);
    committed.resolve("inserted");
    await eventually(() => expect(slack.acks).toHaveLength(1), 5_000);
    expect(core.events.length).toBeGreaterThan(1);
  });

  it("of what was taken is still given after intake has stopped; the rest is left to Slack", async () => {
    const { slack, core, bridge, channel, ada } = await start({ redeliverAfterMs: [] });
    const committed = deferred<Outcome>();
    core.commit = () => committed.promise;
    slack.say({ channel, person: ada, text: "taken" });
    await eventually(() => expect(core.events).toHaveLength(1));
    bridge.stopIntake();
    slack.say({ channel, person: ada, text: "left" });
    // A whole round trip later the event has arrived; the post comes back as a second one.
    await bridge.post(delivery({ channel }), 0, { text: "x", upTo: 1 }, soon());
    committed.resolve("inserted");
    await bridge.close();
    await eventually(() => expect(slack.connections()).toBe(0));
    expect(core.texts()).toEqual(["taken"]);
    expect(slack.acks).toHaveLength(1);
    expect(slack.undelivered()).toBe(2);
  });
});

it("writes no text and no token into the log, whatever its level", async () => {
  const { slack, core, bridge, channel, ada, lines } = await start();
  core.commit = async () => {
    throw new Error("secret words");
  };
  slack.say({ channel, person: ada, text: "secret words" });
  await bridge.post(delivery({ channel }), 0, { text: "secret words", upTo: 12 }, soon());
  slack.answerNext("apps.connections.open", { error: "internal_error" });
  slack.closeSockets();
  await eventually(() => expect(slack.connections()).toBe(0));
  await eventually(() => expect(slack.connections()).toBe(1), 5_000);
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.join("")).not.toMatch(/secret|xoxb|xapp|ticket/);
});
