import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { type AtTerminal, startAtTerminal } from "../support/pty.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";

/* The playground at a real terminal, as `npm start` runs it. */

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
/** What "at once" means on a machine that runs other tests, in ms. */
const AT_ONCE_MS = 5_000;

let folder: string;
const started: AtTerminal[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bridge-terminal-"));
});

afterEach(async () => {
  for (const terminal of started.splice(0)) terminal.kill();
  await rm(folder, { recursive: true, force: true });
});

function playground(): AtTerminal {
  const off = { DISCORD_BOT_TOKEN: "", DISCORD_BRIDGE_KEY: "", SLACK_BOT_TOKEN: "" };
  const terminal = startAtTerminal(
    [process.execPath, "scripts/bootstrap.mjs", "--compiled", "scripts/start.ts"],
    // An empty variable counts as not set, and overrides this checkout's .env.local.
    { cwd: ROOT, env: { TMPDIR: folder, ...off, SLACK_APP_TOKEN: "", SLACK_BRIDGE_KEY: "" } },
  );
  started.push(terminal);
  return terminal;
}

async function shows(terminal: AtTerminal, text: string): Promise<void> {
  await eventually(() => expect(terminal.output()).toContain(text), 60_000);
}

/** Stops it, and expects an end at once, with code 0, without a word about errors, and with nothing left behind. */
async function expectQuietEnd(terminal: AtTerminal, stop: () => void): Promise<void> {
  const processes = terminal.processes();
  expect(processes.length).toBeGreaterThan(0);
  stop();
  const late = new Promise((resolve) => setTimeout(resolve, AT_ONCE_MS, "still running"));
  expect(await Promise.race([terminal.ended, late]), terminal.output()).toBe(0);
  expect(terminal.output()).toContain("The playground has stopped.");
  expect(terminal.output()).not.toMatch(/^\s+at |error/im);
  expect((await readdir(folder)).filter((name) => name.startsWith("bridge-"))).toEqual([]);
  await eventually(() => expect(processes.filter(isAlive)).toEqual([]));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("what is said on one platform crosses to the other, once", async () => {
  const terminal = playground();
  await shows(terminal, "Press Ctrl-C to stop");
  const lines = terminal.output().split(/\r?\n/);
  for (const [platform, text] of [
    ["Slack", "Hello from Discord!"],
    ["Discord", "Hello from Slack!"],
  ] as const) {
    const copy = `${platform.padEnd(7)} | You (relayed): ${text}`;
    expect(lines.filter((line) => line === copy)).toHaveLength(1);
  }
});

describe("the playground stops at once and quietly", () => {
  test.each([
    ["while Convex starts and the page is built", "… starting Convex"],
    ["while the bridge connects", "… connecting the bridge"],
    ["during the first exchange", "ready: playground"],
    ["once it waits for input", "Press Ctrl-C to stop"],
  ])("at Ctrl-C %s", async (_, sign) => {
    const terminal = playground();
    await shows(terminal, sign);
    await expectQuietEnd(terminal, () => terminal.type(CTRL_C));
  });

  test("at the end of input", async () => {
    const terminal = playground();
    await shows(terminal, "Press Ctrl-C to stop");
    await expectQuietEnd(terminal, () => terminal.type(CTRL_D));
  });

  test("at a signal to it alone, with its bridge", async () => {
    const terminal = playground();
    await shows(terminal, "ready: playground");
    await expectQuietEnd(terminal, () => terminal.signal("SIGTERM"));
  });
});
