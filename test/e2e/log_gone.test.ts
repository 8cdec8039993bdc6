import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { bridgeEntry } from "../../scripts/stand_ins/bridge_process.ts";
import { startStack } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";

test("a bridge whose log output is closed exits instead of reporting the error forever", async () => {
  const stack = await startStack();
  try {
    const child = spawn(process.execPath, [await bridgeEntry()], {
      env: { PATH: process.env.PATH, ...stack.bridgeEnv(["slack"]) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "exit");
    await eventually(
      () => {
        expect(stack.slack.connections()).toBeGreaterThan(0);
      },
      { timeout: 20_000 },
    );
    child.stdout.destroy();
    child.stderr.destroy();
    await stack.convex.faults.cutSockets();
    expect(await ended).toEqual([1, null]);
  } finally {
    await stack.stop();
  }
}, 60_000);
