import { afterAll, describe, expect, test } from "vitest";
import { ChannelsScript } from "../support/channels_script.ts";

const script = new ChannelsScript().use();
const channels: ChannelsScript["run"] = (...call) => script.run(...call);

test.each([["map"], ["unmap"], ["set"], ["find"]])(
  "%s without arguments prints its usage",
  async (verb) => {
    const { code, stdout, stderr } = await channels([verb], {});
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      new RegExp(`missing required argument .*Examples:.*channels -- ${verb} .*--help`, "s"),
    );
  },
);

test.concurrent.each([
  ["map"],
  ["unmap"],
  ["set"],
  ["pause"],
  ["resume"],
  ["list"],
  ["status"],
  ["retry"],
])("%s --help shows an example and the exit codes", async (verb) => {
  const { code, stdout } = await channels([verb, "--help"], {});
  expect(code).toBe(0);
  expect(stdout).toContain(`npm run channels -- ${verb}`);
  expect(stdout).toContain("Exit codes: 0 done, 1 refused or failed");
});

test("export says when there is nothing to export", async () => {
  const { code, stdout, stderr } = await channels(["export", "feedback"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toMatch(/^No answer is rated/m);
});

describe("wrong usage", () => {
  afterAll(async () => {
    const ids = (await script.mappings()).map(({ externalId }) => externalId);
    expect(ids).not.toContain("112233445566778899");
  });

  test.concurrent.each([
    [["map", "discord", "12345", "--to", "x"], "right-click the channel"],
    [["map", "discord", "#general", "--to", "x"], "17 to 20 digits"],
    [["map", "slack", "c0123456789", "--to", "x"], "About tab"],
    [["map", "slack", "D0123456789", "--to", "x"], "not the id of a slack channel"],
    [["map", "irc", "112233445566778899", "--to", "x"], "discord, slack"],
    [["map", "discord", "112233445566778899"], "--to <channel name>"],
    [["map", "discord", "112233445566778899", "--to", " "], "empty"],
    [["map", "discord", "112233445566778899", "--to", "x", "--adopt", "y"], "cannot be used with"],
    [["map", "discord", "112233445566778899", "--to", "x", "--trigger", "often"], "always"],
    [["map", "discord", "112233445566778899", "--to", "x", "--reply-in", "dm"], "thread"],
    [["map", "discord", "112233445566778899", "--to", "x", "more"], "too many arguments"],
    [["map", "discord"], "missing required argument"],
    [["mop", "discord", "112233445566778899"], "unknown command 'mop'"],
    [["map", "discord", "112233445566778899", "--to", "x", "--relay-apps"], "without --relay"],
    [["set", "discord", "112233445566778899"], "no setting to change"],
    [["set", "discord", "112233445566778899", "--relay"], "argument missing"],
    [["set", "discord", "112233445566778899", "--relay", "maybe"], "It must be on or off."],
    [["unmap", "discord", "112233445566778899", "--delete"], "unknown option '--delete'"],
    [[], "Usage: channels"],
  ])("%j is rejected and changes nothing", async (args, message) => {
    const { code, stdout, stderr } = await channels(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

test("npm start takes no arguments, and says what it does", async () => {
  const asked = await script.bridges("--help");
  expect({ ...asked, stdout: asked.stdout.split("\n", 1) }).toEqual({
    ...{ code: 0, stdout: ["usage: npm start"], stderr: "" },
  });
  const { code, stdout, stderr } = await script.bridges("discord");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^error: npm start takes no arguments\nusage: npm start\n/);
});
