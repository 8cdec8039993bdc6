import { createServer } from "node:http";
import { parse } from "dotenv";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../scripts/tooling/signing_keys.ts";
import type { GivenFile } from "../../scripts/stand_ins/chat.ts";
import { image } from "../support/files/material.ts";
import { type AdminStage, ready, type Run, startAdminStage } from "../support/admin_stage.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Runs every command and a bridge, with and without failures, at the most verbose log level: no output contains a
 * secret, or text that people or the AI wrote.
 */

/** Part of every message that people write here, and so of every answer of the AI. */
const MESSAGE_MARK = "MARKED-by-people";

let stage: AdminStage;
/** The output of each command. */
const outputs = new Map<string, () => string>();
const secrets = new Set<string>();
const rooms = { discord: "", slack: "" };

beforeAll(async () => {
  stage = await startAdminStage();
  rooms.discord = stage.discord.addChannel("room");
  rooms.slack = stage.slack.addChannel("room");
}, 300_000);

afterAll(() => stage.stop());

const WRONG = {
  DISCORD_BOT_TOKEN: "MARKED-secret.discord.token",
  SLACK_BOT_TOKEN: "xoxb-MARKED-secret",
  SLACK_APP_TOKEN: "xapp-MARKED-secret",
  ADMIN_KEY: '{"kty":"EC","d":"MARKED-secret"}',
};

function start(name: string, args: readonly string[] = [], env: Record<string, string> = {}): Run {
  const run = stage.npmRun(name, args, env);
  const label = `${name} ${args.join(" ")} (${Object.keys(env).join(" ")}) ${outputs.size}`;
  outputs.set(label, () => run.output());
  return run;
}

/** Runs commands in parallel. Returns their exit codes. */
async function exitCodes(...runs: readonly Parameters<typeof start>[]): Promise<(number | null)[]> {
  return await Promise.all(runs.map((run) => start(...run).ended));
}

async function collectSecrets(): Promise<void> {
  for (const [name, value] of Object.entries({
    ...stage.tokens,
    ...parse(await stage.envFile()),
  })) {
    if (!/TOKEN|KEY/.test(name)) continue;
    // Of a private key, only the private part is a secret.
    secrets.add(/"d":"([^"]+)"/.exec(value)?.[1] ?? value);
  }
}

test("setup: the first run, a second one, and invalid input", async () => {
  expect(await start("setup", stage.flags, stage.tokens).ended).toBe(0);
  await collectSecrets();
  expect(await exitCodes(["setup", ["--no-input", "--no-push"]])).toEqual([0]);
  // A deployment's error may quote the values of its variables.
  stage.convex.refuseNextPush("Broken", [...secrets].join(" "));
  expect(await exitCodes(["setup", ["--no-input"]])).toEqual([1]);
  expect(
    await exitCodes(
      ["setup", ["--no-input", "--no-push"], { SLACK_BOT_TOKEN: "MARKED secret" }],
      ["setup", ["--no-input", "--no-push"], { DISCORD_BRIDGE_KEY: WRONG.ADMIN_KEY }],
      ["setup", ["--no-input", "--no-push"], { OPENAI_API_KEY: "MARKED secret" }],
      ["setup", [...stage.flags, "--no-push"], { CONVEX_SELF_HOSTED_ADMIN_KEY: "MARKED-secret" }],
      ["setup", ["rotate", "admin"], { ADMIN_KEY: WRONG.ADMIN_KEY }],
    ),
  ).toEqual([1, 1, 1, 1, 1]);
}, 300_000);

test("channels: accepted and refused commands", async () => {
  const { discord, slack } = rooms;
  expect(
    await exitCodes(
      ["channels", ["find", "discord"]],
      ["channels", ["find", "slack", "--json"]],
      ["channels", ["map", "discord", discord, "--to", "d", "--json"]],
      ["channels", ["map", "slack", slack, "--to", "s"]],
    ),
  ).toEqual([0, 0, 0, 0]);
  const { privateKeyEnv } = await makeKeyPair("admin");
  expect(
    await exitCodes(
      ["channels", ["map", "slack", slack, "--to", "s"]],
      ["channels", ["find", "discord"], WRONG],
      ["channels", ["find", "slack"], WRONG],
      [
        "channels",
        ["map", "slack", slack, "--to", "x"],
        { SLACK_BOT_TOKEN: WRONG.SLACK_BOT_TOKEN },
      ],
      ["channels", ["list"], { ADMIN_KEY: WRONG.ADMIN_KEY }],
      ["channels", ["status", "--json"], { ADMIN_KEY: privateKeyEnv }],
    ),
  ).toEqual([1, 1, 1, 1, 1, 1]);
}, 300_000);

test("a running bridge: messages, edits, deletions and replies, while everything around it fails", async () => {
  const { discord, slack, openai } = stage;
  const bridge = start("start", [], { LOG_LEVEL: "trace", HEALTH_PORT: "0" });
  await ready(bridge);
  const ann = { discord: discord.addPerson("Ann"), slack: slack.addPerson("Ann") };
  const say = (platform: "discord" | "slack", text: string, files: GivenFile[] = []) =>
    stage[platform].say({
      channel: rooms[platform],
      person: ann[platform],
      text: `${MESSAGE_MARK} ${text}`,
      files,
    });
  const screenshot = image(`${MESSAGE_MARK}.png`);

  for (const platform of ["discord", "slack"] as const) {
    const id = say(platform, "hello");
    stage[platform].edit({ channel: rooms[platform], id, text: `${MESSAGE_MARK} changed` });
    stage[platform].remove({ channel: rooms[platform], id: say(platform, "deleted at once") });
  }
  await eventually(() => {
    for (const { posts } of [discord, slack]) expect(posts.length).toBeGreaterThan(0);
  });

  // Files, of which one can be had.
  const held = /"outcome":"held".*a file is fetched/;
  for (const platform of ["discord", "slack"] as const) {
    say(platform, "a screenshot", [screenshot]);
    await eventually(() => expect(bridge.output()).toMatch(held), { timeout: 60_000 });
  }
  const storms = [
    discord.faults.storm(500, "GET attachments/:channel/:id/:name"),
    slack.faults.storm(403, "GET files-pri"),
  ];
  say("discord", "another one", [screenshot]);
  say("slack", "another one", [screenshot]);
  const refused = /a file cannot be fetched/g;
  const isRefused = () => expect(bridge.output().match(refused)).toHaveLength(2);
  await eventually(isRefused, { timeout: 60_000 });
  for (const end of storms) end();

  // The platforms, the AI and the connections fail while people keep writing.
  const failures = {
    // The last one leaves the outcome of the post unknown, and the test waits for that.
    discord: [{ error: "50035" }, { retryAfter: 1 }, { error: "50013" }, 500] as const,
    slack: [{ error: "msg_too_long" }, { retryAfter: 1 }, { error: "is_archived" }, 500] as const,
  };
  for (const fault of failures.discord) discord.answerNext("POST channels/:id/messages", fault);
  for (const fault of failures.slack) slack.answerNext("chat.postMessage", fault);
  for (const fault of ["malformed", 500, "insufficientQuota"] as const) openai.next(fault);
  for (const round of [1, 2, 3, 4]) {
    say("discord", `round ${round}`);
    say("slack", `round ${round}`);
  }
  slack.sendEvent({ type: "message", text: MESSAGE_MARK, channel: rooms.slack, ts: 7 });
  discord.closeGateway(1006);
  slack.closeSockets();
  await stage.convex.functions()?.faults.cutSockets();
  say("discord", "after all that");
  say("slack", "after all that");
  const failed = async () => {
    const run = start("channels", ["status", "--json"]);
    expect(await run.ended, run.output()).toBe(0);
    const { failed } = JSON.parse(run.output()) as { failed: { platform: string }[] }; // The command's own output.
    return new Set(failed.map(({ platform }) => platform));
  };
  await eventually(async () => expect(await failed()).toEqual(new Set(["discord", "slack"])), {
    timeout: 120_000,
    interval: 1_000,
  });

  const port = /"port":(\d+)/.exec(bridge.output())?.[1] ?? "";
  for (const path of ["/healthz", "/metrics"]) {
    const text = await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    outputs.set(path, () => text);
  }
  expect(
    (
      await exitCodes(
        ["channels", ["status"]],
        ["channels", ["list", "--json"]],
        ["channels", ["set", "slack", rooms.slack, "--trigger", "mention"]],
        ["channels", ["pause", "discord", rooms.discord]],
        ["doctor", ["--ask"]],
        ["doctor", ["--json"], WRONG],
        ["doctor", [], { DISCORD_BRIDGE_KEY: WRONG.ADMIN_KEY, SLACK_APP_TOKEN: "xapp-MARKED 1" }],
      )
    ).slice(0, 4),
  ).toEqual([0, 0, 0, 0]);
  expect(
    await exitCodes(
      ["channels", ["resume", "discord", rooms.discord]],
      ["channels", ["retry"]],
      ["setup", ["rotate", "slack"]],
      ["channels", ["unmap", "slack", rooms.slack]],
    ),
  ).toEqual([0, 0, 0, 0]);
  await collectSecrets();
  expect(
    await exitCodes(["channels", ["unmap", "discord", rooms.discord, "--delete-messages"]]),
  ).toEqual([0]);
  bridge.child.kill("SIGTERM");
  // Other tests check the exit code.
  await bridge.ended;
  // The log does cover ingestion and delivery.
  expect(bridge.output()).toContain("an event is stored");
  expect(bridge.output()).toContain("a reply could not be posted");
}, 300_000);

test("a bridge that can't start", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const taken = String(typeof address === "object" ? (address?.port ?? 0) : 0);
  const { privateKeyEnv } = await makeKeyPair("discord");
  const ended = await exitCodes(
    ["start", [], { DISCORD_BOT_TOKEN: WRONG.DISCORD_BOT_TOKEN }],
    ["start", [], { SLACK_BOT_TOKEN: WRONG.SLACK_BOT_TOKEN }],
    ["start", [], { SLACK_APP_TOKEN: WRONG.SLACK_APP_TOKEN }],
    ["start", [], { DISCORD_BRIDGE_KEY: privateKeyEnv }],
    ["start", [], { SLACK_BRIDGE_KEY: WRONG.ADMIN_KEY }],
    ["start", [], { CONVEX_URL: "http://127.0.0.1:9" }],
    ["start", [], { HEALTH_PORT: taken }],
  );
  server.close();
  expect(ended).toEqual([1, 1, 1, 1, 1, 1, 1]);
  secrets.add(/"d":"([^"]+)"/.exec(privateKeyEnv)?.[1] ?? "no key");
}, 300_000);

test("no output contains a secret, message text or a stack trace", () => {
  expect(secrets.size).toBeGreaterThanOrEqual(10);
  expect(outputs.size).toBeGreaterThan(30);
  for (const [label, output] of outputs) {
    const text = output();
    expect(text, label).not.toBe("");
    expect(text, label).not.toContain("MARKED");
    for (const secret of secrets)
      expect(text.includes(secret), `${label} contains a secret`).toBe(false);
    // Addresses of files, which let anyone read or store one.
    expect(text, label).not.toMatch(/[?&]hm=|files-pri|\/upload\/|\/api\/storage/);
    expect(text, label).not.toMatch(/^\s+at .*:\d+:\d+/m);
  }
});
