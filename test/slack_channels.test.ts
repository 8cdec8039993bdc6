import { expect, test, vi } from "vitest";
import { start } from "./slack_stage.ts";

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
  await vi.waitFor(() => expect(core.channels).toHaveLength(2), 5_000);
  await vi.waitFor(() => expect(core.healths).toHaveLength(4), 5_000);
  expect(core.channels).toEqual([
    { mappingId, name: "lounge" },
    { mappingId, externalId: "CNEW" },
  ]);
  expect(core.healths).toMatchObject([
    { mappingId, direction: "in", trouble: { code: "is_archived" } },
    { mappingId, direction: "in" },
    { mappingId, direction: "in", trouble: { code: "not_in_channel" } },
    { mappingId, direction: "in" },
  ]);
  expect(core.healths[1]).not.toHaveProperty("trouble");
});

test("what people type in Slack's editor arrives as Markdown, also when edited", async () => {
  const { slack, core, channel, ada } = await start();
  const text = "*Hi* <@U1>, _see_ ~this~ `a*b*`:\n• one\n• two\n```x &lt; *y*```";
  const id = slack.say({ channel, person: ada, text });
  await vi.waitFor(() => expect(core.events).toHaveLength(1), 5_000);
  slack.edit({ channel, id, text: "*Hi* all" });
  await vi.waitFor(() => expect(core.events).toHaveLength(2), 5_000);
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
  await vi.waitFor(() => expect(core.events).toHaveLength(1), 5_000);
  expect(core.problems).toMatchObject([
    { kind: "unknown content", externalId: "message hologram" },
  ]);
});
