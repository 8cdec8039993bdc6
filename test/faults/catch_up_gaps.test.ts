import { afterAll, beforeAll, expect, test } from "vitest";
import { sleep, Stage } from "../../scripts/verify/demo/stage.ts";
import { startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { api } from "../../convex/_generated/api.js";
import { eventually } from "../support/eventually.ts";

let stack: Stack;
let stage: Stage;
let room: string;

beforeAll(async () => {
  stack = await startStack({ slack: { redeliverAfterMs: [] } });
  stage = new Stage(stack);
  room = stack.discord.addChannel("room");
  await stage.map(await stack.adminClient(), "discord", room, { to: "room" });
  await stack.startBridge();
});

afterAll(async () => {
  await stack.stop();
});

function say(text: string): void {
  stage.say("discord", room, "Ann", text);
}

/** Discord ends the session for good: messages posted before the bridge has a new one are never dispatched. */
async function withoutSession(during: () => void | Promise<void>): Promise<void> {
  stack.discord.refuseResume();
  stack.discord.closeGateway(4000);
  await eventually(() => expect(stack.discord.connections()).toBe(0));
  await during();
  await eventually(() => expect(stack.discord.connections()).toBe(1), 15_000);
}

test("a Discord session that cannot be resumed: messages in between are caught up, despite an answer and live messages after them", async () => {
  say("Question");
  await withoutSession(async () => {
    for (let n = 0; n < 5; n++) say(`Missed ${String(n)}`);
    // The answer is stored meanwhile, and is newer than the missed messages.
    await sleep(300);
  });
  say("Live at once");
  const verdict = await stage.settle(15_000);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ mirrored: 7, lost: 0, duplicated: 0 });
}, 60_000);

test("forum posts and threads from a gap are caught up, archived ones too", async () => {
  const { discord } = stack;
  const forum = discord.addForum("forum");
  await stage.map(await stack.adminClient(), "discord", forum, { to: "forum", trigger: "never" });
  const person = stage.person("discord", "Fay");
  const post = (name: string) =>
    discord.openPost({ channel: forum, person, name, text: `${name}, first` });
  const old = post("Old");
  expect((await stage.settle(10_000)).differences).toEqual([]);
  await withoutSession(() => {
    stage.say("discord", forum, "Gus", "On an old post", old);
    const fresh = post("Fresh");
    stage.say("discord", forum, "Gus", "On a fresh post", fresh);
    discord.setArchived(fresh, true);
  });
  const verdict = await stage.settle(15_000);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ lost: 0, duplicated: 0 });
}, 60_000);

test("a channel whose history the bot may not read is reported with the step that fixes it, and delays no other", async () => {
  const { discord } = stack;
  const admin = await stack.adminClient();
  const shut = discord.addChannel("shut");
  await stage.map(admin, "discord", shut, { to: "shut", trigger: "never" });
  discord.deny(shut, { history: true });
  await withoutSession(() => {
    stage.say("discord", shut, "Ann", "Where the bot can't look");
    say("Where it can");
  });
  await eventually(async () => {
    const { mappings } = await admin.query(api.admin.status, {});
    const health = mappings.find(({ externalId }) => externalId === shut)?.health;
    expect(health).toMatchObject([
      { direction: "in", step: expect.stringContaining("Read Message History") as unknown },
    ]);
  }, 10_000);
  const contents = async () => (await stage.rows()).map(({ content }) => content);
  await eventually(async () => expect(await contents()).toContain("Where it can"), 5_000);
  expect(await contents()).not.toContain("Where the bot can't look");
}, 60_000);
