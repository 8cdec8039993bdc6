import { ConvexHttpClient } from "convex/browser";
import { describe, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { ChannelsScript } from "../support/channels_script.ts";

const script = new ChannelsScript().use();
const channels: ChannelsScript["run"] = (...call) => script.run(...call);

describe("map", () => {
  test("creates the private channel with the defaults; a second mapping joins it", async () => {
    const [first, second] = [script.newId(), "C0123456789"];
    const created = await channels(["map", "discord", first, "--to", "team"]);
    expect(created).toMatchObject({ code: 0, stderr: "" });
    expect(created.stdout).toContain(`Mapped discord ${first} to the new private channel "team"`);
    const joined = await channels(["map", "slack", second, "--to", "team"]);
    expect(joined.stdout).toContain(`to the private channel "team"`);
    const common = { channelName: "team", trigger: "always", replyIn: "channel", state: "active" };
    expect(await script.mappingOf(first)).toMatchObject({ platform: "discord", ...common });
    expect(await script.mappingOf(second)).toMatchObject({ platform: "slack", ...common });
  });

  test("accepts every setting", async () => {
    const id = script.newId();
    const options = ["--trigger", "mention", "--reply-in", "thread"];
    const more = ["--instructions", "Be brief.", "--model", "gpt-4o-mini"];
    await channels(["map", "discord", id, "--to", "settings", ...options, ...more]);
    expect(await script.mappingOf(id)).toMatchObject({
      trigger: "mention",
      replyIn: "thread",
      instructions: "Be brief.",
      model: "gpt-4o-mini",
    });
  });

  test("refuses a channel that is already mapped and does not change it", async () => {
    const id = script.newId();
    await channels(["map", "discord", id, "--to", "first"]);
    const { code, stderr } = await channels(["map", "discord", id, "--to", "second"]);
    expect(code).toBe(1);
    expect(stderr).toContain('already mapped to "first"');
    expect(await script.mappingOf(id)).toMatchObject({ channelName: "first" });
  });

  test("adopts a public channel by id, which becomes private", async () => {
    const id = script.newId();
    const anonymous = new ConvexHttpClient(script.settings.CONVEX_URL ?? "", {
      skipConvexDeploymentUrlCheck: true,
    });
    const channelId = await anonymous.mutation(api.index.createChannel, { name: "open" });
    const authorId = await anonymous.mutation(api.index.createUser, { name: "Ann" });
    await anonymous.mutation(api.index.sendMessage, { channelId, authorId, content: "hi" });
    expect(await anonymous.query(api.index.listMessages, { channelId })).not.toEqual([]);
    const { stdout } = await channels(["map", "discord", id, "--adopt", channelId]);
    expect(stdout).toContain(`to the private channel "open"`);
    expect(await script.mappingOf(id)).toMatchObject({ channelId, channelName: "open" });
    expect(await anonymous.query(api.index.listMessages, { channelId })).toEqual([]);
  });

  test("refuses to adopt a channel that does not exist", async () => {
    const id = script.newId();
    const { code, stderr } = await channels(["map", "discord", id, "--adopt", "nothing"]);
    expect(code).toBe(1);
    expect(stderr).toBe("error: no channel has that id\n");
    expect(await script.mappingOf(id)).toBeUndefined();
  });
});

test("unmap says whether the messages are kept or deleted", async () => {
  const id = script.newId();
  await channels(["map", "discord", id, "--to", "short-lived"]);
  const kept = await channels(["unmap", "discord", id]);
  expect(kept.code).toBe(0);
  expect(kept.stdout).toContain("Its messages are kept");
  expect(await script.mappingOf(id)).toBeUndefined();

  await channels(["map", "discord", id, "--to", "short-lived"]);
  const deleted = await channels(["unmap", "discord", id, "--delete-messages"]);
  expect(deleted.stdout).toContain("Its messages are being deleted");
});

test("set changes only the given settings and can restore the defaults", async () => {
  const id = script.newId();
  await channels(["map", "discord", id, "--to", "changing", "--model", "gpt-4o-mini"]);
  await channels(["set", "discord", id, "--trigger", "never", "--instructions", "Be kind."]);
  const changed = { trigger: "never", replyIn: "channel", instructions: "Be kind." };
  expect(await script.mappingOf(id)).toMatchObject({ ...changed, model: "gpt-4o-mini" });
  const { stdout } = await channels(["set", "discord", id, "--no-instructions", "--no-model"]);
  expect(stdout).toContain(`discord ${id} -> "changing": active; answers nothing.`);
  const row = await script.mappingOf(id);
  expect(row).toMatchObject({ trigger: "never" });
  expect([row?.instructions, row?.model]).toEqual([undefined, undefined]);
});

test("map and set limit for how long messages are kept, and set lifts it", async () => {
  const id = script.newId();
  await channels(["map", "discord", id, "--to", "forgetful", "--keep", "30"]);
  expect(await script.mappingOf(id)).toMatchObject({ keepDays: 30 });
  const changed = await channels(["set", "discord", id, "--keep", "1"]);
  expect(changed.stdout).toContain("; keeps messages for 1 day.");
  expect((await channels(["list"])).stdout).toMatch(
    new RegExp(`^discord +${id} .*\\n {4}keeps messages for 1 day$`, "m"),
  );
  await channels(["set", "discord", id, "--keep", "all"]);
  expect((await script.mappingOf(id))?.keepDays).toBeUndefined();
  for (const wrong of ["0", "forever", "3651"])
    expect(await channels(["set", "discord", id, "--keep", wrong])).toMatchObject({ code: 2 });
});

test("pause and resume change the state", async () => {
  const id = script.newId();
  await channels(["map", "discord", id, "--to", "pausing"]);
  expect((await channels(["pause", "discord", id])).stdout).toContain("paused");
  expect(await script.mappingOf(id)).toMatchObject({ state: "paused" });
  expect((await channels(["resume", "discord", id])).stdout).toContain("active");
  expect(await script.mappingOf(id)).toMatchObject({ state: "active" });
});

test.each([["unmap"], ["pause"], ["resume"], ["set", "--trigger", "never"]])(
  "%s refuses a channel that is not mapped",
  async (verb, ...options) => {
    const id = script.newId();
    const { code, stderr } = await channels([verb, "discord", id, ...options]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: discord ${id} is not mapped. npm run channels -- list shows what is\n`,
    );
  },
);

test("list and status show the mappings as text and as JSON", async () => {
  const id = script.newId();
  await channels(["map", "discord", id, "--to", "shown"]);
  const list = await channels(["list"]);
  expect(list.stdout).toMatch(new RegExp(`^discord +${id} +shown +active +always +channel$`, "m"));
  const status = await channels(["status"]);
  expect(status).toMatchObject({ code: 0, stderr: "" });
  expect(status.stdout).toContain(`discord ${id} -> "shown": waiting for a bridge (npm start)`);
  const { stdout } = await channels(["status", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    mappings: expect.arrayContaining([expect.objectContaining({ externalId: id, health: [] })]),
    failed: [],
    problems: [],
  });
});

test("retry reports that there is nothing to retry and refuses an unknown delivery", async () => {
  expect(await channels(["retry"])).toMatchObject({ code: 0, stdout: "Nothing has failed.\n" });
  const unknown = await channels(["retry", "nothing", "--json"]);
  expect(unknown).toMatchObject({ code: 1, stdout: "" });
  expect(JSON.parse(unknown.stderr)).toMatchObject({
    error: {
      code: "NOT_FOUND",
      message:
        "no delivery has that id. npm run channels -- status shows the failed ones, with their ids",
    },
  });
});
