import { expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { soon, start, useSlackStage } from "./stage.ts";

useSlackStage();

const ALL_BUT_REACTIONS = [
  ...["channels:history", "channels:read", "chat:write", "groups:history", "groups:read"],
  ...["usergroups:read", "users:read"],
];

test("reactions arrive with Slack's time, and with the name once it is known", async () => {
  const { slack, core, channel, ada, say } = await start();
  const id = say("lunch?");
  const thumb = { channel, id, person: ada, emoji: "+1::skin-tone-4" };
  await eventually(() => expect(core.people).toHaveLength(1));
  slack.reactions.add(thumb);
  slack.reactions.remove(thumb);
  slack.reactions.add({ ...thumb, person: slack.addApp("CI"), emoji: "partyparrot" });
  await eventually(() => expect(core.events).toHaveLength(4));
  const on = { type: "reaction", mappingId: core.mappingOf(channel)?.mappingId, externalId: id };
  const author = { externalId: ada, workspaceId: slack.teamId, name: "Ada" };
  expect(core.events.slice(1)).toMatchObject([
    { ...on, author, emoji: "👍🏽", change: "added" },
    { ...on, author, emoji: "👍🏽", change: "removed" },
    { ...on, emoji: ":partyparrot:", change: "added" },
  ]);
  await eventually(() => expect(core.people).toMatchObject([{}, { name: "CI" }]));
});

test("a reaction elsewhere, to a file or by the bot is acknowledged, and no more", async () => {
  const { slack, core, channel, ada } = await start();
  const elsewhere = slack.addChannel("elsewhere");
  const other = slack.say({ channel: elsewhere, person: ada, text: "not mapped" });
  slack.reactions.add({ channel: elsewhere, id: other, person: ada, emoji: "+1" });
  const event = {
    type: "reaction_added",
    user: ada,
    reaction: "+1",
    event_ts: "1700000000.000100",
  };
  slack.sendEvent({ ...event, item: { type: "file", file: "F1" } });
  const item = { type: "message", channel, ts: "1700000000.000100" };
  slack.sendEvent({ ...event, user: slack.botId, item });
  await eventually(() => expect(slack.acks).toHaveLength(4));
  expect([core.events, core.problems, core.gaps]).toEqual([[], [], []]);
});

test("an event is acknowledged only when its reaction is committed", async () => {
  const { slack, core, channel, ada, say } = await start();
  const id = say("lunch?");
  await eventually(() => expect(slack.undelivered()).toBe(0));
  let commit = () => {};
  core.commit = async () => {
    await new Promise<void>((resolve) => (commit = resolve));
    return "reacted";
  };
  slack.reactions.add({ channel, id, person: ada, emoji: "+1" });
  await eventually(() => expect(core.events).toHaveLength(2));
  expect(slack.undelivered()).toBe(1);
  commit();
  await eventually(() => expect(slack.undelivered()).toBe(0));
});

test("history says who reacts to each message, as far as Slack names them, also to the bot's posts", async () => {
  const { slack, bridge, mapping, channel, say } = await start();
  const id = say("lunch?");
  for (const name of ["A", "B", "C", "D"])
    slack.reactions.add({ channel, id, person: slack.addPerson(name), emoji: "tada" });
  const bare = say("nobody reacts");
  const page = await bridge.history.newest(mapping, 10, soon());
  expect(page.reactions).toMatchObject([
    { externalId: id, reactions: [{ emoji: "🎉", count: 4 }] },
    { externalId: bare, reactions: [] },
  ]);
  expect(page.reactions?.[0]?.reactions[0]?.users).toHaveLength(3);
});

test("without the scope everything else works", async () => {
  const { slack, core, bridge, mapping, channel, ada, say } = await start({
    scopes: ALL_BUT_REACTIONS,
  });
  const id = say("lunch?");
  slack.reactions.add({ channel, id, person: ada, emoji: "+1" });
  await eventually(() => expect(core.texts()).toEqual(["lunch?"]));
  const page = await bridge.history.newest(mapping, 10, soon());
  expect(page.reactions).toMatchObject([{ externalId: id, reactions: [] }]);
});
