import { afterAll, beforeAll, expect, test } from "vitest";
import { sleep, Stage } from "../../scripts/verify/demo/stage.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";

const IN_THE_GAP = 300;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.stop();
});

function pagesRead(): number {
  const isPage = (name: string) =>
    name === "GET channels/:id/messages" || name === "conversations.history";
  return [...stack.discord.wire, ...stack.slack.wire].filter(
    ({ direction, name }) => direction === "in" && isPage(name),
  ).length;
}

test.each([
  ["killed (SIGKILL)", "kill"],
  ["stopped (SIGTERM)", "stop"],
] as const)(
  "%s in the middle of catch-up while live messages arrive",
  async (_name, how) => {
    const stage = new Stage(stack);
    const admin = await stack.adminClient();
    const rooms = { discord: "", slack: "" };
    for (const platform of PLATFORMS) {
      rooms[platform] = stack.chat(platform).addChannel(how);
      await stage.map(admin, platform, rooms[platform], {
        to: `${platform} ${how}`,
        trigger: "never",
      });
    }
    const say = (text: string) => {
      for (const platform of PLATFORMS) stage.say(platform, rooms[platform], "Ann", text);
    };
    for (let n = 0; n < IN_THE_GAP; n++) say(`Gap ${String(n)}`);

    await stack.convex.faults.delay(60);
    const talking = new AbortController();
    const talk = (async () => {
      for (let n = 0; !talking.signal.aborted; n++) {
        say(`Live ${String(n)}`);
        await sleep(40);
      }
    })();
    const before = pagesRead();
    const first = await stack.startBridge();
    await eventually(() => expect(pagesRead()).toBeGreaterThan(before + 2), {
      timeout: 10_000,
      interval: 5,
    });
    const ended = await (how === "kill" ? first.kill() : first.stop());
    if (how === "stop") expect(ended).toBe(0);
    await stack.convex.faults.delay(0);
    await stack.startBridge();
    talking.abort();
    await talk;

    const verdict = await stage.settle(15_000);
    expect(verdict.differences).toEqual([]);
    expect(verdict).toMatchObject({ lost: 0, duplicated: 0 });
    expect(verdict.mirrored).toBeGreaterThan(2 * IN_THE_GAP);
  },
  60_000,
);
