import { afterAll, beforeAll, expect, test } from "vitest";
import { Stage } from "../../scripts/verify/demo/stage.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { api } from "../../convex/_generated/api.js";
import { eventually } from "../support/eventually.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.stop();
});

test("after a kill, everything posted, edited, deleted and posted in threads meanwhile is caught up", async () => {
  const stage = new Stage(stack);
  const admin = await stack.adminClient();
  const rooms = { discord: "", slack: "" };
  for (const platform of PLATFORMS) {
    rooms[platform] = stack.chat(platform).addChannel("room");
    await stage.map(admin, platform, rooms[platform], { to: platform, trigger: "never" });
  }
  const first = await stack.startBridge();
  const before = { discord: [] as string[], slack: [] as string[] };
  const threads = { discord: "", slack: "" };
  for (const platform of PLATFORMS) {
    const room = rooms[platform];
    for (let n = 0; n < 6; n++)
      before[platform].push(stage.say(platform, room, "Ann", `Before ${String(n)}`));
    const root = before[platform][0] ?? "";
    threads[platform] = stack.chat(platform).openThread({ channel: room, id: root, name: "talk" });
    stage.say(platform, room, "Bob", "In the thread", threads[platform]);
  }
  expect((await stage.settle(10_000)).differences).toEqual([]);
  await first.kill();

  for (const platform of PLATFORMS) {
    const chat = stack.chat(platform);
    const channel = rooms[platform];
    const [, edited = "", deleted = ""] = before[platform];
    chat.edit({ channel, id: edited, text: "Edited in the gap" });
    chat.remove({ channel, id: deleted });
    for (let n = 0; n < 130; n++) stage.say(platform, channel, "Cid", `Gap ${String(n)}`);
    stage.say(platform, channel, "Bob", "In the thread, in the gap", threads[platform]);
    const fresh = stage.say(platform, channel, "Eve", "A new thread's root");
    const thread = chat.openThread({ channel, id: fresh, name: "new" });
    stage.say(platform, channel, "Eve", "A new thread's reply", thread);
  }
  await stack.startBridge();
  const verdict = await stage.settle(10_000);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ lost: 0, duplicated: 0 });
  await eventually(async () => {
    const { mappings } = await admin.query(api.admin.status, {});
    expect(mappings.map(({ lastCatchUp }) => lastCatchUp?.recovered)).toEqual([135, 135]);
  }, 5_000);
  expect(stack.discord.refused).toEqual([]);
  expect(stack.slack.refused).toEqual([]);
}, 60_000);

test("a channel mapped with --history is backfilled with its last messages, edited ones too, and none of them is answered", async () => {
  const admin = await stack.adminClient();
  const asked = stack.openai.requests.length;
  for (const platform of PLATFORMS) {
    const chat = stack.chat(platform);
    const channel = chat.addChannel("old");
    const person = chat.addPerson("Old");
    const ids = ["one", "two", "three", "four"].map((text) => chat.say({ channel, person, text }));
    chat.edit({ channel, id: ids[2] ?? "", text: "three, edited" });
    const { channelId } = await admin.mutation(api.admin.map, {
      platform,
      externalId: channel,
      to: `old ${platform}`,
      history: 3,
    });
    await eventually(async () => {
      const rows = await admin.query(api.index.listLatestMessages, { channelId });
      expect(rows.map(({ content }) => content)).toEqual(["two", "three, edited", "four"]);
    }, 10_000);
  }
  expect(stack.openai.requests.length).toBe(asked);
});

test("a channel mapped without --history is mirrored from now on", async () => {
  const admin = await stack.adminClient();
  for (const platform of PLATFORMS) {
    const chat = stack.chat(platform);
    const channel = chat.addChannel("fresh");
    const person = chat.addPerson("Fresh");
    chat.say({ channel, person, text: "before" });
    const { channelId } = await admin.mutation(api.admin.map, {
      platform,
      externalId: channel,
      to: `fresh ${platform}`,
      trigger: "never",
    });
    chat.say({ channel, person, text: "after" });
    await eventually(async () => {
      const rows = await admin.query(api.index.listLatestMessages, { channelId });
      expect(rows.map(({ content }) => content)).toEqual(["after"]);
    }, 10_000);
  }
});

test("messages posted while a mapping was paused are caught up when it is resumed", async () => {
  const admin = await stack.adminClient();
  for (const platform of PLATFORMS) {
    const chat = stack.chat(platform);
    const externalId = chat.addChannel("paused");
    const person = chat.addPerson("Patient");
    const place = { platform, externalId } as const;
    const { channelId } = await admin.mutation(api.admin.map, {
      ...place,
      to: `paused ${platform}`,
      trigger: "never",
    });
    await admin.mutation(api.admin.change, { ...place, state: "paused" });
    chat.say({ channel: externalId, person, text: "while paused" });
    await admin.mutation(api.admin.change, { ...place, state: "active" });
    await eventually(async () => {
      const rows = await admin.query(api.index.listLatestMessages, { channelId });
      expect(rows.map(({ content }) => content)).toEqual(["while paused"]);
    }, 10_000);
  }
});
