import { beforeEach, expect, test, vi } from "vitest";
import { api, internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { IDS, NOON, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { backend } from "../../../test/support/convex/fresh.ts";
import { discord, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";

/* Messages that apps and admins write in Convex belong to no mapping. */

useRelay();

const DAY_MS = 24 * 60 * 60_000;
let authorId: Id<"users">;

beforeEach(async () => {
  authorId = await backend.admin.mutation(api.index.createUser, { name: "Shop" });
});

async function writes(content: string): Promise<void> {
  const { channelId } = discord;
  await backend.admin.mutation(api.index.sendMessage, { channelId, authorId, content });
  await settleDown(backend);
  for (const side of [discord, slack]) await side.carryOutAll();
}

async function runOnDay(day: number): Promise<void> {
  vi.setSystemTime(NOON + day * DAY_MS);
  await backend.t.mutation(internal.retention.expire, {});
  await pass(backend, 2_000);
}

const left = async () => (await rows(backend, "messages")).map(({ content }) => content);

const unmap = async (platform: "discord" | "slack") =>
  await backend.admin.mutation(api.admin.unmap, { platform, externalId: IDS[platform] });

test("they go with their answers and copies at the shortest limit of their channel's mappings", async () => {
  await discord.change({ keepDays: 30 });
  await slack.change({ keepDays: 7 });
  await writes("old");
  await discord.says("on Discord");
  await runOnDay(6);
  await writes("new");
  expect(await left()).toEqual(["old", "answer 1", "on Discord", "new", "answer 2"]);
  expect(await rows(backend, "posts")).toHaveLength(9);
  await runOnDay(8);
  expect(await left()).toEqual(["on Discord", "new", "answer 2"]);
  await runOnDay(14);
  expect(await left()).toEqual(["on Discord"]);
});

test("they stay where no mapping of the channel has a limit", async () => {
  await writes("old");
  await runOnDay(365);
  expect(await left()).toEqual(["old", "answer 1"]);
});

test("the limit of an unmapped channel is theirs only where no other is mapped", async () => {
  await discord.change({ keepDays: 7 });
  await writes("old");
  await unmap("discord");
  await runOnDay(8);
  expect(await left()).toEqual(["old", "answer 1"]);
  await unmap("slack");
  await runOnDay(9);
  expect(await left()).toEqual([]);
});

test("what a channel had before it was taken over goes the same way", async () => {
  const { admin, nobody } = backend;
  const channelId = await nobody.mutation(api.index.createChannel, { name: "lobby" });
  await nobody.mutation(api.index.sendMessage, { channelId, authorId, content: "before" });
  await settleDown(backend);
  const externalId = "C0000000002";
  await admin.mutation(api.admin.map, { platform: "slack", externalId, adopt: channelId });
  await runOnDay(8);
  expect(await left()).toEqual(["before", "answer 1"]);
  await admin.mutation(api.admin.change, { platform: "slack", externalId, keepDays: 7 });
  await runOnDay(9);
  expect(await left()).toEqual([]);
});
