import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { bridgeEntry } from "../../scripts/stand_ins/bridge_process.ts";
import { startStack } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";

// Only Linux has a disk that is always full.
test.skipIf(!existsSync("/dev/full"))(
  "a bridge whose log cannot be written goes on, and ends when it is told to",
  async () => {
    const stack = await startStack();
    try {
      // Its error output is gone, and its log is on a disk that is full.
      const full = openSync("/dev/full", "w");
      const child = spawn(process.execPath, [await bridgeEntry()], {
        env: { PATH: process.env.PATH, ...stack.bridgeEnv(["slack"]) },
        stdio: ["ignore", full, "pipe"],
      });
      closeSync(full);
      const ended = once(child, "exit");
      child.stderr?.destroy();
      await eventually(() => expect(stack.slack.connections()).toBeGreaterThan(0), 20_000);
      await stack.convex.faults.cutSockets();
      stack.slack.closeSockets();
      await eventually(() => expect(stack.slack.connections()).toBe(0));
      await eventually(() => expect(stack.slack.connections()).toBeGreaterThan(0), 20_000);
      child.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
    } finally {
      await stack.stop();
    }
  },
  60_000,
);

test("a bridge goes on when the reader of its log is gone", async () => {
  const stack = await startStack();
  try {
    const child = spawn(process.execPath, [await bridgeEntry()], {
      env: { PATH: process.env.PATH, ...stack.bridgeEnv(["slack"]) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "exit");
    await eventually(() => expect(stack.slack.connections()).toBeGreaterThan(0), 20_000);
    child.stdout.destroy();
    child.stderr.destroy();
    stack.slack.closeSockets();
    await eventually(() => expect(stack.slack.connections()).toBe(0));
    await eventually(() => expect(stack.slack.connections()).toBeGreaterThan(0), 20_000);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  } finally {
    await stack.stop();
  }
}, 60_000);
