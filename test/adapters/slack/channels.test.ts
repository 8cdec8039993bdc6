import { expect, test } from "vitest";
import { delivery, soon, start } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

test("what becomes of a mapped channel is told, of another nothing", async () => {
  const { slack, core, channel } = await start();
  const other = slack.addChannel("other");
  const mappingId = `m ${channel}`;
  slack.tell({ type: "channel_rename", channel: { id: other, name: "x", created: 1 } });
  slack.tell({ type: "channel_archive", channel: other, user: "U1" });
  slack.tell({ type: "channel_rename", channel: { id: channel, name: "lounge", created: 1 } });
  slack.tell({ type: "channel_archive", channel, user: "U1" });
  slack.tell({ type: "channel_unarchive", channel, user: "U1" });
  slack.tell({ type: "member_left_channel", channel, user: "U1" });
  slack.tell({ type: "member_left_channel", channel, user: slack.botId });
  slack.tell({ type: "member_joined_channel", channel, user: slack.botId });
  slack.tell({ type: "channel_id_changed", old_channel_id: channel, new_channel_id: "CNEW" });
  await eventually(() => expect(core.channels).toHaveLength(2), 5_000);
  await eventually(() => expect(core.healths).toHaveLength(4), 5_000);
  expect(core.channels).toEqual([
    { mappingId, name: "lounge" },
    { mappingId, externalId: "CNEW" },
  ]);
  expect(core.healths).toMatchObject([
    { mappingId, direction: "in", trouble: { code: "is_archived" } },
    { mappingId, direction: "out" },
    { mappingId, direction: "in", trouble: { code: "not_in_channel" } },
    { mappingId, direction: "out" },
  ]);
  // Nothing was told meanwhile: what was said is read from history, which also tells whether all is well.
  expect(core.gaps).toEqual([
    `a channel was lost: ${mappingId}`,
    `a channel is open again: ${mappingId}`,
    `a channel was lost: ${mappingId}`,
    `the bot is in a channel again: ${mappingId}`,
    `a channel has another id: ${mappingId}`,
  ]);
});

test("what is said under a channel's new id belongs to its mapping before Convex knows the id", async () => {
  const { slack, core, bridge, channel, ada } = await start();
  slack.say({ channel, person: ada, text: "before" });
  const moved = slack.moveChannel(channel);
  slack.tell({ type: "channel_id_changed", old_channel_id: channel, new_channel_id: moved });
  await eventually(() => expect(core.channels).toHaveLength(1));
  slack.say({ channel: moved, person: ada, text: "after" });
  await eventually(() => expect(core.texts()).toEqual(["before", "after"]));
  expect(new Set(core.events.map(({ mappingId }) => mappingId))).toEqual(new Set([`m ${channel}`]));

  // A reply claimed under the old id goes where the channel is now.
  const piece = { text: "hello", upTo: 5 };
  await bridge.post(delivery({ channel }), 0, piece, soon());
  expect(slack.posts).toMatchObject([{ channel: moved, text: "hello" }]);
  const page = await bridge.history.newest(
    { ...delivery({ channel }), externalId: channel, since: "0" },
    10,
    soon(),
  );
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
  ["a message nobody can read", (channel: string) => ({ type: "message", channel, ts: "now" })],
])("Slack is told that %s was received once it is stored", async (_what, eventOf) => {
  const { slack, core, channel } = await start({ redeliverAfterMs: [0] });
  let store: () => void = () => undefined;
  const stored = new Promise<void>((resolve) => (store = resolve));
  core.store = () => stored;
  slack.tell(eventOf(channel));
  const told = () => core.channels.length + core.problems.length;
  await eventually(() => expect(told()).toBe(1));
  expect(slack.undelivered()).toBe(1);
  expect(slack.acks).toEqual([]);
  store();
  await eventually(() => expect(slack.acks).toHaveLength(1));
});

test("history tells that a channel is archived, and what it is called now", async () => {
  const { slack, core, bridge, channel } = await start();
  const mapping = {
    ...delivery({ channel }),
    externalId: channel,
    externalName: "old",
    since: "0",
  };
  expect(await bridge.history.news(mapping, "0", soon())).not.toHaveProperty("trouble");
  expect(core.channels).toMatchObject([{ name: "general" }]);
  slack.setArchived(channel, true);
  const news = await bridge.history.news({ ...mapping, externalName: "general" }, "0", soon());
  expect(news).toMatchObject({ trouble: { code: "is_archived" } });
  expect(core.channels).toHaveLength(1);
  slack.answerNext("conversations.info", { error: "missing_scope" });
  expect(await bridge.history.news(mapping, "0", soon())).not.toHaveProperty("trouble");
});

test("what people type in Slack's editor arrives as Markdown, also when edited", async () => {
  const { slack, core, channel, ada } = await start();
  const text = "*Hi* <@U1>, _see_ ~this~ `a*b*`:\n• one\n• two\n```x &lt; *y*```";
  const id = slack.say({ channel, person: ada, text });
  await eventually(() => expect(core.events).toHaveLength(1), 5_000);
  slack.edit({ channel, id, text: "*Hi* all" });
  await eventually(() => expect(core.events).toHaveLength(2), 5_000);
  expect(core.texts()).toEqual([
    "**Hi** <@U1>, _see_ ~~this~~ `a*b*`:\n- one\n- two\n```\nx < *y*\n```",
    "**Hi** all",
  ]);
});

test("a kind of message nobody knows is told of once, however often it comes", async () => {
  const { slack, core, channel, ada } = await start();
  const ts = (n: number) => `1700000000.00000${n}`;
  for (const n of [1, 2, 3])
    slack.tell({ type: "message", subtype: "hologram", channel, user: ada, ts: ts(n), text: "" });
  slack.say({ channel, person: ada, text: "after" });
  await eventually(() => expect(core.events).toHaveLength(1), 5_000);
  expect(core.problems).toMatchObject([
    { kind: "unknown content", externalId: "message hologram" },
  ]);
});

test("a revoked token of the bot's ends the bridge with the step that mends it, another's does not", async () => {
  const { slack, core, channel, ada, fatal } = await start();
  const revoked = (tokens: object) => slack.tell({ type: "tokens_revoked", tokens });
  revoked({ oauth: ["U1"], bot: ["UOTHER"] });
  slack.say({ channel, person: ada, text: "still here" });
  await eventually(() => expect(core.texts()).toEqual(["still here"]));
  expect(fatal).toEqual([]);
  revoked({ oauth: [], bot: [slack.botId] });
  await eventually(() => expect(fatal).toMatchObject([{ code: "token_revoked" }]));
  expect(fatal[0]).toMatchObject({ step: expect.stringContaining("Install to Workspace") });
});
