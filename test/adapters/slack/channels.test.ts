import { expect, test } from "vitest";
import { delivery } from "../recording_core.ts";
import { deferred, soon, start, useSlackStage } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

useSlackStage();

test("changes of a mapped channel are reported, those of other channels are ignored", async () => {
  const { slack, core, channel, mapping } = await start();
  const other = slack.addChannel("other");
  const { mappingId } = mapping;
  slack.sendEvent({ type: "channel_rename", channel: { id: other, name: "x", created: 1 } });
  slack.sendEvent({ type: "channel_archive", channel: other, user: "U1" });
  slack.sendEvent({ type: "channel_rename", channel: { id: channel, name: "lounge", created: 1 } });
  slack.sendEvent({ type: "channel_archive", channel, user: "U1" });
  slack.sendEvent({ type: "channel_unarchive", channel, user: "U1" });
  slack.sendEvent({ type: "member_left_channel", channel, user: "U1" });
  slack.sendEvent({ type: "member_left_channel", channel, user: slack.botId });
  slack.sendEvent({ type: "member_joined_channel", channel, user: slack.botId });
  slack.sendEvent({ type: "channel_id_changed", old_channel_id: channel, new_channel_id: "CNEW" });
  await eventually(() => expect(core.updates).toHaveLength(2), 5_000);
  await eventually(() => expect(core.healths).toHaveLength(4), 5_000);
  expect(core.updates).toEqual([
    { mappingId, name: "lounge" },
    { mappingId, externalId: "CNEW" },
  ]);
  expect(core.healths).toMatchObject([
    { mappingId, direction: "in", trouble: { code: "is_archived" } },
    { mappingId, direction: "out" },
    { mappingId, direction: "in", trouble: { code: "not_in_channel" } },
    { mappingId, direction: "out" },
  ]);
  // Slack sends nothing meanwhile: a catch-up reads the messages and decides whether the mapping is healthy.
  expect(core.gaps).toEqual([
    `the channel is archived: ${mappingId}`,
    `the channel was unarchived: ${mappingId}`,
    `the bot is not in the channel: ${mappingId}`,
    `the bot joined the channel: ${mappingId}`,
    `the channel's id changed: ${mappingId}`,
  ]);
});

test("messages under a channel's new id belong to its mapping before Convex has stored the id", async () => {
  const { slack, core, bridge, channel, mapping, ada, say } = await start();
  say("before");
  const moved = slack.moveChannel(channel);
  slack.sendEvent({ type: "channel_id_changed", old_channel_id: channel, new_channel_id: moved });
  await eventually(() => expect(core.updates).toHaveLength(1));
  slack.say({ channel: moved, person: ada, text: "after" });
  await eventually(() => expect(core.texts()).toEqual(["before", "after"]));
  expect(new Set(core.events.map(({ mappingId }) => mappingId))).toEqual(
    new Set([mapping.mappingId]),
  );

  // A reply that was claimed under the old id is posted under the new one.
  const piece = { text: "hello", upTo: 5 };
  await bridge.post(delivery({ channel }), 0, piece, soon());
  expect(slack.posts).toMatchObject([{ channel: moved, text: "hello" }]);
  const page = await bridge.history.newest(mapping, 10, soon());
  expect(page.events.map(({ content }) => content)).toEqual(["before", "after"]);
});

test.each([
  [
    "a new id",
    (channel: string) => ({
      type: "channel_id_changed",
      old_channel_id: channel,
      new_channel_id: "C2",
    }),
  ],
  [
    "a new name",
    (channel: string) => ({
      type: "channel_rename",
      channel: { id: channel, name: "x", created: 1 },
    }),
  ],
  ["an unreadable message", (channel: string) => ({ type: "message", channel, ts: "now" })],
])("%s is acknowledged once it is stored", async (_what, eventOf) => {
  const { slack, core, channel } = await start({ redeliverAfterMs: [0] });
  const stored = deferred<undefined>();
  core.store = () => stored.promise;
  slack.sendEvent(eventOf(channel));
  const reported = () => core.updates.length + core.problems.length;
  await eventually(() => expect(reported()).toBe(1));
  expect(slack.undelivered()).toBe(1);
  expect(slack.acks).toEqual([]);
  stored.resolve(undefined);
  await eventually(() => expect(slack.acks).toHaveLength(1));
});

test("history detects that a channel is archived or was renamed", async () => {
  const { slack, core, bridge, channel, ...setup } = await start();
  const mapping = { ...setup.mapping, externalName: "old" };
  expect(await bridge.history.activity(mapping, "0", soon())).not.toHaveProperty("trouble");
  expect(core.updates).toMatchObject([{ name: "general" }]);
  slack.setArchived(channel, true);
  const news = await bridge.history.activity({ ...mapping, externalName: "general" }, "0", soon());
  expect(news).toMatchObject({ trouble: { code: "is_archived" } });
  expect(core.updates).toHaveLength(1);
  slack.answerNext("conversations.info", { error: "missing_scope" });
  expect(await bridge.history.activity(mapping, "0", soon())).not.toHaveProperty("trouble");
});

test("text from Slack's editor arrives as Markdown, even after an edit", async () => {
  const { slack, core, channel, say } = await start();
  const text = "*Hi* <@U1>, _see_ ~this~ `a*b*`:\n• one\n• two\n```x &lt; *y*```";
  const id = say(text);
  await eventually(() => expect(core.events).toHaveLength(1), 5_000);
  slack.edit({ channel, id, text: "*Hi* all" });
  await eventually(() => expect(core.events).toHaveLength(2), 5_000);
  expect(core.texts()).toEqual([
    "**Hi** <@U1>, _see_ ~~this~~ `a*b*`:\n- one\n- two\n```\nx < *y*\n```",
    "**Hi** all",
  ]);
});

test("an unknown kind of message is reported once, however often it arrives", async () => {
  const { slack, core, channel, ada, say } = await start();
  const ts = (n: number) => `1700000000.00000${n}`;
  for (const n of [1, 2, 3])
    slack.sendEvent({
      type: "message",
      subtype: "hologram",
      channel,
      user: ada,
      ts: ts(n),
      text: "",
    });
  say("after");
  await eventually(() => expect(core.events).toHaveLength(1), 5_000);
  expect(core.problems).toMatchObject([
    { kind: "content_unknown", externalId: "message hologram" },
  ]);
});

test("revoking the bot's token ends the bridge with the step that fixes it, revoking another does not", async () => {
  const { slack, core, say, fatal } = await start();
  const revoked = (tokens: object) => slack.sendEvent({ type: "tokens_revoked", tokens });
  revoked({ oauth: ["U1"], bot: ["UOTHER"] });
  say("still here");
  await eventually(() => expect(core.texts()).toEqual(["still here"]));
  expect(fatal).toEqual([]);
  revoked({ oauth: [], bot: [slack.botId] });
  await eventually(() => expect(fatal).toMatchObject([{ code: "token_revoked" }]));
  expect(fatal[0]).toMatchObject({ step: expect.stringContaining("Install to Workspace") });
});
