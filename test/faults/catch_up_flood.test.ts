import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../bridges/config/config.ts";
import { type Bridges, startBridges } from "../../bridges/main.ts";
import { sleep, Stage } from "../../scripts/verify/demo/stage.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";

const BOUND = 40;

let stack: Stack;
let bridges: Bridges;

beforeAll(async () => {
  // Slack gives up soon here, so that only its history still has the events.
  stack = await startStack({ slack: { ackWithinMs: 300, redeliverAfterMs: [0, 200] } });
});

afterAll(async () => {
  bridges.stop();
  await bridges.ended;
  await stack.stop();
});

test("ten times the queue's limit arrives while Convex is away: Slack gets no acknowledgement, and nothing is lost", async () => {
  const stage = new Stage(stack);
  const admin = await stack.adminClient();
  const rooms = { discord: "", slack: "" };
  for (const platform of PLATFORMS) {
    rooms[platform] = stack.chat(platform).addChannel("flood");
    await stage.map(admin, platform, rooms[platform], { to: platform, trigger: "never" });
  }
  const config = loadConfig({ ...stack.bridgeEnv(), LOG_LEVEL: "silent" });
  if (config.kind !== "bridges") throw new Error("a stack's bridge is configured by its stack");
  bridges = startBridges(config, { queue: { totalEvents: BOUND } });
  await bridges.ready;

  await stack.convex.faults.away();
  for (let n = 0; n < 10 * BOUND; n++) {
    for (const platform of PLATFORMS)
      stage.say(platform, rooms[platform], "Ann", `Line ${String(n)}`);
    if (n % 50 === 49) await sleep(20);
  }
  await sleep(1_500);
  expect(stack.slack.acks).toEqual([]);
  expect(stack.slack.abandoned.length).toBeGreaterThan(8 * BOUND);
  await stack.convex.faults.back();

  const verdict = await stage.settle(60_000);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ mirrored: 20 * BOUND, lost: 0, duplicated: 0 });
}, 150_000);
