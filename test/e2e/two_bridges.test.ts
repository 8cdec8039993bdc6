import { afterAll, beforeAll, expect, test } from "vitest";
import { Stage } from "../../scripts/verify/demo/stage.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.stop();
});

test("with two bridge processes everything is mirrored once and every reply is posted once", async () => {
  const stage = new Stage(stack);
  const admin = await stack.adminClient();
  const rooms = { discord: ["", ""], slack: ["", ""] };
  for (const platform of PLATFORMS) {
    rooms[platform] = ["one", "two"].map((name) => stack.chat(platform).addChannel(name));
    for (const [n, room] of rooms[platform].entries()) {
      await stage.map(admin, platform, room, { to: `${platform} ${n.toString()}` });
    }
  }
  await Promise.all([stack.startBridge(), stack.startBridge()]);
  expect(stack.discord.connections()).toBe(2);
  expect(stack.slack.connections()).toBe(2);

  for (let n = 0; n < 60; n++) {
    for (const platform of PLATFORMS) {
      stage.say(
        platform,
        rooms[platform][n % 2] ?? "",
        `Person ${(n % 7).toString()}`,
        `Line ${n.toString()}`,
      );
    }
    if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 150));
  }

  const verdict = await stage.settle(15_000);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ mirrored: 120, lost: 0, duplicated: 0 });
  expect(verdict.replies).toBeGreaterThanOrEqual(4);
}, 60_000);
