import { AsyncLocalStorage } from "node:async_hooks";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FatalError } from "../../bridges/core/shared/errors.ts";
import type { Platform, PlatformName } from "../../bridges/platform.ts";
import { type ConfiguredPlatform, Supervisor } from "../../bridges/supervisor.ts";
import type { BridgeProcess } from "../../scripts/stand_ins/bridge_process.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { Stage } from "../../scripts/verify/demo/stage.ts";
import { eventually } from "../support/eventually.ts";
import { signingKeyIn } from "../support/signing_key.ts";

/* What a platform's library throws in its own handlers, in a process that runs both platforms. */

let stack: Stack;
let stage: Stage;
let bridge: BridgeProcess;
const rooms: Record<PlatformName, string> = { discord: "", slack: "" };

beforeAll(async () => {
  stack = await startStack();
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

const logged = (text: string) => bridge.log.filter((line) => line.includes(text)).length;

/** A message at which discord.js's client throws, in a channel that is not mapped. */
function sayOdd(): void {
  stack.discord.sendDispatch("MESSAGE_CREATE", {
    id: "1234567890123456789",
    channel_id: stack.discord.addChannel("unmapped"),
    guild_id: stack.discord.guildId,
    type: 0,
    author: { id: "1", username: "ada", discriminator: "0", avatar: null },
    content: "odd",
    components: null,
  });
}

test("an odd message of Discord in a channel that is not mapped ends nothing", async () => {
  sayOdd();
  for (const platform of PLATFORMS) stage.say(platform, rooms[platform], "Ada", "Are you there?");
  const verdict = await stage.settle(30_000);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ lost: 0, duplicated: 0 });
  expect(logged("crashed: discord")).toBe(0);
}, 60_000);

test("frames that Slack's library cannot handle are set aside, and the next message arrives", async () => {
  for (const frame of ["null", "7", "{", '{"type":null}', '{"type":"close"}'])
    stack.slack.sendFrame(frame);
  for (const payload of [undefined, null, { event: null }, { event: { type: "disconnected" } }])
    stack.slack.sendFrame(JSON.stringify({ type: "events_api", envelope_id: "e1", payload }));
  stage.say("slack", rooms.slack, "Ada", "After the odd frames");
  const verdict = await stage.settle(30_000);
  expect(verdict.differences).toEqual([]);
  expect(logged("crashed: slack")).toBe(0);
  expect(logged("a message was skipped")).toBeGreaterThan(0);
  expect(await bridge.stop()).toBe(0);
}, 60_000);

test("whatever crashes in a process with one platform starts that platform again", async () => {
  let starts = 0;
  const key = signingKeyIn(stack.bridgeEnv(["slack"]).SLACK_BRIDGE_KEY);
  const start = () => void (starts += 1);
  const fake = { name: "slack", format: "", start, stopIntake() {}, close() {}, history: {} };
  const supervisor = new Supervisor({
    // No mapping is active, so nothing else is called.
    platforms: [{ name: "slack", key, create: async () => fake as unknown as Platform }],
    convexUrl: stack.convex.url,
    log: pino({ level: "silent" }),
    printError: () => undefined,
    restart: { first: 1, cap: 1 },
  });
  await supervisor.ready;
  expect(supervisor.crashed(new Error("of nobody"))).toBe(true);
  await eventually(() => expect(starts).toBe(2));
  supervisor.stop();
  expect(await supervisor.ended).toBe(0);
}, 60_000);

/** Supervises fakes. `starting`: what a platform's start does, with how many it has had and what reports a failure. */
function supervise(
  starting: (name: PlatformName, count: number, fail: (error: Error) => void) => unknown = () =>
    undefined,
) {
  const starts: PlatformName[] = [];
  const startsOf = (name: PlatformName) => starts.filter((each) => each === name).length;
  const crash: Partial<Record<PlatformName, () => boolean>> = {};
  const configured = (name: PlatformName): ConfiguredPlatform => {
    const key = signingKeyIn(stack.bridgeEnv([name])[`${name.toUpperCase()}_BRIDGE_KEY`]);
    const create = async () => {
      let close: () => void = () => undefined;
      const closed = new Promise((_, reject) => (close = () => reject(new Error("closed"))));
      closed.catch(() => undefined);
      const start = async (_: unknown, fail: (error: Error) => void) => {
        starts.push(name);
        // The context of what the platform starts, such as its sockets.
        const inside = AsyncLocalStorage.snapshot();
        crash[name] = () => inside(() => supervisor.crashed(new TypeError("odd frame")));
        await Promise.race([starting(name, startsOf(name), fail), closed]);
      };
      const fake = { name, format: "", start, stopIntake() {}, close, history: {} };
      // No mapping is active, so nothing else is called.
      return fake as unknown as Platform;
    };
    return { name, key, create };
  };
  const printed: string[] = [];
  const supervisor = new Supervisor({
    platforms: PLATFORMS.map(configured),
    convexUrl: stack.convex.url,
    log: pino({ level: "silent" }),
    printError: (line) => printed.push(line),
    restart: { first: 1, cap: 1 },
  });
  return { supervisor, startsOf, crash, printed };
}

test("ten crashes in a row end the platform with words, and the other one goes on", async () => {
  const { supervisor, startsOf, crash, printed } = supervise();
  await supervisor.ready;
  for (let crashes = 1; crashes <= 10; crashes += 1) {
    expect(crash.discord?.()).toBe(true);
    // Others of the same crash do not count.
    expect(crash.discord?.()).toBe(true);
    if (crashes < 10) await eventually(() => expect(startsOf("discord")).toBe(crashes + 1));
  }
  expect(printed).toEqual([
    expect.stringContaining("discord crashed 10 times in a row (TypeError)"),
  ]);
  expect(startsOf("slack")).toBe(1);
  expect(supervisor.crashed(new Error("of nobody"))).toBe(false);
  supervisor.stop();
  expect(await supervisor.ended).toBe(1);
}, 60_000);

test("ten crashes while a platform starts end the start", async () => {
  const { supervisor, startsOf, crash } = supervise((name) =>
    name === "discord" ? new Promise(() => undefined) : undefined,
  );
  for (let crashes = 1; crashes <= 10; crashes += 1) {
    await eventually(() => expect(startsOf("discord")).toBe(crashes));
    crash.discord?.();
  }
  await expect(supervisor.ready).rejects.toThrow();
  expect(await supervisor.ended).toBe(1);
}, 60_000);

test("what a platform that was closed throws late does not end the one started since", async () => {
  const { supervisor, startsOf, crash } = supervise();
  await supervisor.ready;
  const late = crash.discord;
  late?.();
  await eventually(() => expect(startsOf("discord")).toBe(2));
  expect(late?.()).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(startsOf("discord")).toBe(2);
  supervisor.stop();
  expect(await supervisor.ended).toBe(0);
}, 60_000);

test("a platform that fails leaves alone one that is starting again", async () => {
  let fail: (error: Error) => void = () => undefined;
  const { supervisor, startsOf, crash, printed } = supervise((name, count, onFatal) => {
    if (name === "slack") fail = onFatal;
    return name === "discord" && count === 2 ? new Promise(() => undefined) : undefined;
  });
  await supervisor.ready;
  crash.discord?.();
  await eventually(() => expect(startsOf("discord")).toBe(2));
  fail(new FatalError("token_revoked", "the app was uninstalled", "Install it"));
  expect(printed).toHaveLength(1);
  // It can crash, so it was not stopped with the other.
  expect(crash.discord?.()).toBe(true);
  await eventually(() => expect(startsOf("discord")).toBe(3));
  supervisor.stop();
  expect(await supervisor.ended).toBe(1);
}, 60_000);
