import { expect, it, describe } from "vitest";
import { NotTaken } from "../../../bridges/core/shared/errors.ts";
import type { Outcome } from "../../../bridges/platform.ts";
import { delivery } from "../recording_core.ts";
import { deferred, soon, start, useSlackStage } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

useSlackStage();

describe("a Slack message", () => {
  it("reaches the core in order: new, in a thread, edited, deleted", async () => {
    const { slack, core, channel, say } = await start();
    const root = say(`a &amp; b <@${slack.botId}>`);
    const reply = say("in thread", root);
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
    const { core, say } = await start();
    const texts = Array.from({ length: 300 }, (_, n) => `message ${n}`);
    for (const text of texts) say(text);
    await eventually(() => expect(core.events).toHaveLength(300), 5_000);
    expect(core.texts()).toEqual(texts);
  });

  it("does not wait for its author's name, which follows once", async () => {
    const { slack, core, ada, say } = await start();
    slack.answerNext("users.info", { retryAfter: 1 });
    say("one");
    await eventually(() => expect(slack.acks).toHaveLength(1));
    expect(core.events[0]).toMatchObject({
      author: { externalId: ada, workspaceId: slack.teamId },
    });
    await eventually(() => expect(core.people).toHaveLength(1), 5_000);
    expect(core.people).toEqual([{ workspaceId: slack.teamId, externalId: ada, name: "Ada" }]);
    say(`two <@${ada}>`);
    await eventually(() => expect(core.events).toHaveLength(2));
    expect(core.events[1]).toMatchObject({
      author: { name: "Ada" },
      mentions: [{ kind: "user", id: ada, name: "Ada" }],
    });
  });

  it("that mentions channels and user groups is followed by their names, but for private ones", async () => {
    const { slack, core, ada, say } = await start();
    const open = slack.addChannel("random");
    const hidden = slack.addChannel("board", { isPrivate: true });
    const group = slack.addUserGroup("devs");
    const gone = "C0PG9999999";
    say(`<#${hidden}> <#${gone}> <#${open}> <!subteam^${group}>`);
    await eventually(() => expect(core.people).toHaveLength(3), 5_000);
    const named = { workspaceId: slack.teamId };
    expect(core.people).toEqual([
      { ...named, externalId: ada, name: "Ada" },
      { ...named, externalId: open, name: "random", kind: "channel" },
      { ...named, externalId: group, name: "devs", kind: "group" },
    ]);
    say(`<#${open}>`);
    await eventually(() => expect(core.events).toHaveLength(2));
    expect(core.events[1]).toMatchObject({ mentions: [{ id: open, name: "random" }] });
  });

  it("in an unmapped channel is acknowledged and causes no requests", async () => {
    const { slack, core, ada } = await start();
    const other = slack.addChannel("random");
    slack.say({ channel: other, person: ada, text: "psst" });
    await eventually(() => expect(slack.acks).toHaveLength(1));
    expect(core.events).toEqual([]);
    expect(slack.wire.filter(({ name }) => name === "users.info")).toEqual([]);
  });

  it("of the bot itself is acknowledged and dropped", async () => {
    const { slack, core, bridge, channel } = await start();
    const post = delivery({ channel });
    const ts = await bridge.post(post, 0, { text: "hi", upTo: 2 }, soon());
    await bridge.edit(post, ts, { text: "hi!", upTo: 3 }, soon());
    await eventually(() => expect(slack.acks).toHaveLength(2));
    expect(core.events).toEqual([]);
  });

  it("with a malformed id is reported without the id, so that the report can be stored", async () => {
    const { slack, core, channel, mapping, ada, lines } = await start();
    slack.sendEvent({ type: "message", channel, ts: 7, user: ada, text: "what somebody wrote" });
    await eventually(() => expect(core.problems).toHaveLength(1));
    const { mappingId } = mapping;
    expect(core.problems).toEqual([
      { mappingId, kind: "message_unreadable", reason: expect.any(String) as string },
    ]);
    expect(core.events).toEqual([]);
    expect(lines.join("")).not.toContain("what somebody wrote");
  });
});

describe("an acknowledgement", () => {
  it("waits for the commit", async () => {
    const { slack, core, ada, say } = await start();
    const committed = deferred<Outcome>();
    core.commit = () => committed.promise;
    say("hello");
    await eventually(() => expect(core.events).toHaveLength(1));
    // The next event uses the same socket: once it is acknowledged, the first one would have been too.
    slack.say({ channel: slack.addChannel("random"), person: ada, text: "psst" });
    await eventually(() =>
      expect(slack.acks).toMatchObject([{ eventId: expect.stringMatching(/2$/) }]),
    );
    expect(slack.undelivered()).toBe(1);
    committed.resolve("asked");
    await eventually(() => expect(slack.acks).toHaveLength(2));
    expect(slack.undelivered()).toBe(0);
  });

  it("is withheld while the core does not accept the event, and sent for the redelivery that it accepts", async () => {
    const { slack, core, say, lines } = await start({
      ackWithinMs: 1_000,
      redeliverAfterMs: [0, 50, 50],
    });
    core.commit = async () => {
      if (core.events.length < 3) throw new NotTaken("full");
      return "inserted";
    };
    const ts = say("hello hello");
    await eventually(() => expect(slack.acks).toHaveLength(1), 5_000);
    expect(slack.acks[0]).toMatchObject({ attempt: 2 });
    expect(core.events.map((event) => event.externalId)).toEqual([ts, ts, ts]);
    expect(slack.abandoned).toEqual([]);
    expect(lines.join("")).not.toContain("hello hello");
  });

  it("is skipped if the socket has closed, and sent for the redelivery", async () => {
    const { slack, core, say } = await start({
      ackWithinMs: 400,
      redeliverAfterMs: Array<number>(50).fill(600),
    });
    const committed = deferred<Outcome>();
    core.commit = () => committed.promise;
    say("hello");
    await eventually(() => expect(core.events).toHaveLength(1));
    slack.closeSockets();
    await eventually(() => expect(slack.connections()).toBe(1), 5_000);
    committed.resolve("inserted");
    await eventually(() => expect(slack.acks).toHaveLength(1), 5_000);
    expect(core.events.length).toBeGreaterThan(1);
  });

  it("is sent for events accepted before intake stopped, and withheld for later ones", async () => {
    const { slack, core, bridge, channel, say } = await start({ redeliverAfterMs: [] });
    const committed = deferred<Outcome>();
    core.commit = () => committed.promise;
    say("taken");
    await eventually(() => expect(core.events).toHaveLength(1));
    bridge.stopIntake();
    say("left");
    // After a round trip the event has arrived; the post causes a second one.
    await bridge.post(delivery({ channel }), 0, { text: "x", upTo: 1 }, soon());
    committed.resolve("inserted");
    await bridge.close();
    await eventually(() => expect(slack.connections()).toBe(0));
    expect(core.texts()).toEqual(["taken"]);
    expect(slack.acks).toHaveLength(1);
    expect(slack.undelivered()).toBe(2);
  });
});

it("logs no message text and no token at any level", async () => {
  const { slack, core, bridge, channel, say, lines } = await start();
  core.commit = async () => {
    throw new Error("secret words");
  };
  say("secret words");
  await bridge.post(delivery({ channel }), 0, { text: "secret words", upTo: 12 }, soon());
  slack.answerNext("apps.connections.open", { error: "internal_error" });
  slack.closeSockets();
  await eventually(() => expect(slack.connections()).toBe(0));
  await eventually(() => expect(slack.connections()).toBe(1), 5_000);
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.join("")).not.toMatch(/secret|xoxb|xapp|ticket/);
});
