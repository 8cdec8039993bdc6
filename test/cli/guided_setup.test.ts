import { parse } from "dotenv";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AdminStage, ready, type Run, startAdminStage } from "../support/admin_stage.ts";
import { eventually } from "../support/eventually.ts";

/*
 * The guided setup of the README, command by command, from tokens to a posted reply. Only the URLs are those of
 * stand-ins. Each step is a test that depends on the ones before it.
 */

let stage: AdminStage;
const rooms = { discord: "", slack: "" };

beforeAll(async () => {
  stage = await startAdminStage();
  rooms.discord = stage.discord.addChannel("help-desk");
  rooms.slack = stage.slack.addChannel("help-desk");
}, 300_000);

afterAll(() => stage.stop());

/** Waits until the command exits with `code`. Returns its output, which contains no secret. */
async function outputOf(run: Run, code = 0): Promise<string> {
  expect(await run.ended, run.output()).toBe(code);
  for (const [name, value] of Object.entries(parse(await stage.envFile()))) {
    if (/TOKEN|KEY/.test(name)) expect(run.output()).not.toContain(value);
  }
  return run.output();
}

test("npm run setup: sets up a deployment that answers", async () => {
  const output = await outputOf(stage.npmRun("setup", stage.flags, stage.tokens));
  expect(output).toMatch(/Pushed\.\nNext:\n {2}npm run doctor/);
  // The next steps it prints are the commands of the tests below.
  const next = [...output.matchAll(/^ {2}npm (?:run )?(\w+)/gm)].map((match) => match[1]);
  expect(next).toEqual(["doctor", "channels", "channels", "start"]);
}, 300_000);

test("npm run doctor: no errors, and no channel is mapped yet", async () => {
  const output = await outputOf(stage.npmRun("doctor"), 3);
  expect(output).not.toContain("FAIL");
  expect(output).toContain("no channel is mapped");
}, 300_000);

test("npm run channels -- find, then map", async () => {
  for (const platform of ["discord", "slack"] as const) {
    const found = await outputOf(stage.npmRun("channels", ["find", platform, "help"]));
    const id = /^(\w+) +#help-desk .*ready$/m.exec(found)?.[1] ?? "";
    expect(id).toBe(rooms[platform]);
    const mapped = await outputOf(
      stage.npmRun("channels", ["map", platform, id, "--to", "support"]),
    );
    expect(mapped).toContain("The bot can read and post there.");
  }
}, 300_000);

test("npm start: answers on each platform in the channel of the question, then shuts down", async () => {
  const bridge = stage.npmRun("start", [], { HEALTH_PORT: "0" });
  await ready(bridge);
  const { discord, slack } = stage;
  discord.say({ channel: rooms.discord, person: discord.addPerson("Ann"), text: "hello Discord" });
  slack.say({ channel: rooms.slack, person: slack.addPerson("Bo"), text: "hello Slack" });
  await eventually(() => {
    expect(discord.posts.map(({ channel, text }) => [channel, text])).toEqual([
      [rooms.discord, expect.stringContaining("hello Discord")],
    ]);
    expect(slack.posts.map(({ channel, text }) => [channel, text])).toEqual([
      [rooms.slack, expect.stringContaining("hello Slack")],
    ]);
  }, 120_000);

  const output = await outputOf(stage.npmRun("doctor", ["--ask"]));
  expect(output).toContain("the model answers");
  expect(output).toContain("nothing is stuck");

  // npm sends a second signal: it forwards the one that its whole process group received. Two different signals, because
  // two pending signals of one kind may be delivered once.
  bridge.child.kill("SIGTERM");
  bridge.child.kill("SIGINT");
  expect(await bridge.ended, bridge.output()).toBe(0);
  for (const platform of ["discord", "slack"])
    expect(bridge.output()).toContain(`stopped: ${platform}`);
}, 300_000);
