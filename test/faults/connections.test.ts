import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { sleep, Stage } from "../../scripts/verify/demo/stage.ts";
import type { BridgeProcess } from "../../scripts/stand_ins/bridge_process.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";

/** Shorter than a lease and its quarantine (85 s): a delivery left leased needlessly would still be missing. */
const PATIENCE_MS = 30_000;

let stack: Stack;
let stage: Stage;
let bridge: BridgeProcess;
const rooms: Record<PlatformName, string> = { discord: "", slack: "" };

beforeAll(async () => {
  stack = await startStack({
    discord: { heartbeatMs: 1_500 },
    slack: { ackWithinMs: 1_000, redeliverAfterMs: [0, 1_000, 3_000] },
  });
  stage = new Stage(stack);
  const admin = await stack.adminClient();
  for (const platform of PLATFORMS) {
    rooms[platform] = stack.chat(platform).addChannel("room");
    await stage.map(admin, platform, rooms[platform], { to: platform });
  }
  bridge = await stack.startBridge();
}, 60_000);

afterAll(async () => {
  await stack.stop();
});

async function expectAllWell(): Promise<void> {
  const verdict = await stage.settle(PATIENCE_MS);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ lost: 0, duplicated: 0 });
}

test("a Discord connection that looks alive but is dead is detected, and the events it lost arrive", async () => {
  const resumed = () => stack.discord.wire.filter(({ name }) => name === "RESUMED").length;
  const before = resumed();
  stack.discord.frameNext("MESSAGE_CREATE", "drop");
  for (let n = 0; n < 2; n++) stack.discord.frameNext("HEARTBEAT_ACK", "drop");
  stage.say("discord", rooms.discord, "Ada", "Is anybody there?");
  await expectAllWell();
  await eventually(
    () => {
      expect(resumed()).toBeGreaterThan(before);
    },
    { timeout: 30_000 },
  );
}, 60_000);

test("events that Slack gave to a ghost socket arrive by its next attempt", async () => {
  stack.slack.setGhostSockets(1);
  for (let n = 0; n < 6; n++) stage.say("slack", rooms.slack, "Ada", `Line ${n.toString()}`);
  await sleep(500);
  stack.slack.setGhostSockets(0);
  await expectAllWell();
  expect(stack.slack.acks.some(({ attempt }) => attempt > 0)).toBe(true);
}, 60_000);

test("events that arrive twice, late, out of order or never, and lost acknowledgements, change nothing", async () => {
  stack.discord.frameNext("MESSAGE_CREATE", "double");
  for (const fault of ["double", "swap", { delayMs: 300 }, "drop"] as const) {
    stack.slack.frameNext("events_api", fault);
  }
  stack.slack.frameNext("ack", "drop");
  for (let n = 0; n < 8; n++) {
    for (const platform of PLATFORMS) {
      stage.say(platform, rooms[platform], "Grace", `Again ${n.toString()}`);
    }
  }
  await expectAllWell();
}, 60_000);

// A stop that exceeds its deadline of 10 s exits with 1.
test("SIGTERM during traffic: exit code 0, and the next bridge takes over at once", async () => {
  const talk = setInterval(() => {
    for (const platform of PLATFORMS) stage.say(platform, rooms[platform], "Alan", "And so on.");
  }, 40);
  try {
    await sleep(1_500);
    expect(await bridge.stop()).toBe(0);
    await stack.startBridge();
  } finally {
    clearInterval(talk);
  }
  await expectAllWell();
}, 90_000);
