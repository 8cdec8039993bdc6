import { parse } from "dotenv";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AdminStage, ready, type Run, startAdminStage } from "../support/admin_stage.ts";
import { eventually } from "../support/eventually.ts";

/*
 * What README tells a new admin to do, in its order, with the commands it names: from tokens to a posted reply. Only the
 * addresses are those of stand-ins. Each step is a test that needs the ones before it.
 */

let stage: AdminStage;
const rooms = { discord: "", slack: "" };

beforeAll(async () => {
  stage = await startAdminStage();
  rooms.discord = stage.discord.addChannel("help-desk");
  rooms.slack = stage.slack.addChannel("help-desk");
}, 300_000);

afterAll(() => stage.stop());

/** Runs it to its end; the output, which holds no secret. */
async function done(run: Run, code = 0): Promise<string> {
  expect(await run.ended, run.output()).toBe(code);
  for (const [name, value] of Object.entries(parse(await stage.envFile()))) {
    if (/TOKEN|KEY/.test(name)) expect(run.output()).not.toContain(value);
  }
  return run.output();
}

test("npm run setup: from tokens to a deployment that answers", async () => {
  const output = await done(stage.npmRun("setup", stage.flags, stage.tokens));
  expect(output).toMatch(/Pushed\.\nNext:\n {2}npm run doctor/);
  // What it says to do next are commands that there are, and those of the tests below.
  const next = [...output.matchAll(/^ {2}npm (?:run )?(\w+)/gm)].map((match) => match[1]);
  expect(next).toEqual(["doctor", "channels", "channels", "start"]);
}, 300_000);

test("npm run doctor: nothing is wrong, and no channel is mapped yet", async () => {
  const output = await done(stage.npmRun("doctor"), 3);
  expect(output).not.toContain("FAIL");
  expect(output).toContain("no channel is mapped");
}, 300_000);

test("npm run channels -- find, then map", async () => {
  for (const platform of ["discord", "slack"] as const) {
    const found = await done(stage.npmRun("channels", ["find", platform, "help"]));
    const id = /^(\w+) +#help-desk .*ready$/m.exec(found)?.[1] ?? "";
    expect(id).toBe(rooms[platform]);
    const mapped = await done(stage.npmRun("channels", ["map", platform, id, "--to", "support"]));
    expect(mapped).toContain("The bot may read and post there.");
  }
}, 300_000);

test("npm start: what is said is answered where it was said; then it stops in order", async () => {
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

  const output = await done(stage.npmRun("doctor", ["--ask"]));
  expect(output).toContain("the model answers");
  expect(output).toContain("nothing is stuck");

  // As where npm stands between: it passes on what its whole group was told. Two kinds, as two of one may become one.
  bridge.child.kill("SIGTERM");
  bridge.child.kill("SIGINT");
  expect(await bridge.ended, bridge.output()).toBe(0);
  for (const platform of ["discord", "slack"])
    expect(bridge.output()).toContain(`stopped: ${platform}`);
}, 300_000);
