import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridgeEntry } from "../../scripts/stand_ins/bridge_process.ts";
import { makeKeyPair } from "../../scripts/tooling/signing_keys.ts";
import { startDiscordStandIn } from "../../scripts/stand_ins/discord/stand_in.ts";
import { startStack, type Stack } from "../../scripts/stand_ins/stack.ts";

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** The bridge as `npm start` runs it, until it exits by itself. It reads no env files. */
async function start(env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, [await bridgeEntry()], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output };
}

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.stop();
});

describe("a bridge that can't work exits with code 1 and names the step that fixes it", () => {
  test("a Discord token that Discord refuses", async () => {
    const env = { ...stack.bridgeEnv(["discord"]), DISCORD_BOT_TOKEN: "wrong.token.here" };
    const { code, output } = await start(env);
    expect(code).toBe(1);
    expect(output).toMatch(/error: .*token.*Discord Developer Portal/is);
    expect(output).not.toContain("wrong.token.here");
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
  });

  test("a Discord bot without the Message Content intent", async () => {
    const discord = await startDiscordStandIn({ messageContentIntent: false });
    try {
      const { code, output } = await start({ ...stack.bridgeEnv(["discord"]), ...discord.env });
      expect(code).toBe(1);
      expect(output).toMatch(/error: .*Message Content Intent/is);
    } finally {
      await discord.stop();
    }
  });

  test("a Slack bot token that Slack refuses", async () => {
    const env = { ...stack.bridgeEnv(["slack"]), SLACK_BOT_TOKEN: "xoxb-wrong" };
    const { code, output } = await start(env);
    expect(code).toBe(1);
    expect(output).toMatch(/error: .*OAuth & Permissions/is);
    expect(output).not.toContain("xoxb-wrong");
  });

  test("a Slack app token that Slack refuses", async () => {
    const env = { ...stack.bridgeEnv(["slack"]), SLACK_APP_TOKEN: "xapp-wrong" };
    const { code, output } = await start(env);
    expect(code).toBe(1);
    expect(output).toMatch(/error: .*App-Level Tokens/is);
  });

  test("a deployment that can't be reached", async () => {
    const env = { ...stack.bridgeEnv(["slack"]), CONVEX_URL: "http://127.0.0.1:9" };
    const { code, output } = await start(env);
    expect(code).toBe(1);
    expect(output).toMatch(/error: .*127\.0\.0\.1:9.*CONVEX_URL/is);
  });

  test("a key that the deployment does not accept", async () => {
    const { privateKeyEnv } = await makeKeyPair("discord");
    const env = { ...stack.bridgeEnv(["discord"]), DISCORD_BRIDGE_KEY: privateKeyEnv };
    const { code, output } = await start(env);
    expect(code).toBe(1);
    expect(output).toMatch(/error: .*DISCORD_BRIDGE_JWKS/is);
  });

  test("the other platform's key", async () => {
    const { SLACK_BRIDGE_KEY = "" } = stack.bridgeEnv(["slack"]);
    const env = { ...stack.bridgeEnv(["discord"]), DISCORD_BRIDGE_KEY: SLACK_BRIDGE_KEY };
    const { code, output } = await start(env);
    expect(code).toBe(1);
    expect(output).toMatch(/error: .*DISCORD_BRIDGE_JWKS/is);
  });
}, 60_000);
