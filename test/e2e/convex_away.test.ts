import { afterAll, beforeAll, expect, test } from "vitest";
import { sleep, Stage } from "../../scripts/verify/demo/stage.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";

/** Long enough for each connection to fail several retries, and for Slack to redeliver. */
const AWAY_MS = 60_000;
const MESSAGES = 1_000;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.stop();
});

test("a thousand messages on each platform while Convex is away for a minute are all mirrored, in order", async () => {
  const stage = new Stage(stack);
  const admin = await stack.adminClient();
  const rooms = { discord: "", slack: "" };
  for (const platform of PLATFORMS) {
    rooms[platform] = stack.chat(platform).addChannel("busy");
    await stage.map(admin, platform, rooms[platform], { to: platform, trigger: "never" });
  }
  const bridge = await stack.startBridge();
  let crashed = false;
  void bridge.ended.then(() => {
    crashed = true;
  });

  await stack.convex.faults.away();
  const until = Date.now() + AWAY_MS;
  for (let n = 0; n < MESSAGES; n++) {
    for (const platform of PLATFORMS) {
      stage.say(platform, rooms[platform], `Person ${(n % 9).toString()}`, `Line ${n.toString()}`);
    }
    await sleep((AWAY_MS * 0.8) / MESSAGES);
  }
  await sleep(until - Date.now());
  expect(crashed).toBe(false);
  await stack.convex.faults.back();

  const verdict = await stage.settle(60_000);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ mirrored: 2 * MESSAGES, lost: 0, duplicated: 0 });
  expect(crashed).toBe(false);
}, 240_000);
