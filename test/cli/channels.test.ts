import { ConvexHttpClient } from "convex/browser";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { mintToken, parseSigningKey } from "../../bridges/core/convex/token.ts";
import { api } from "../../convex/_generated/api.js";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { makeAllKeys, makeKeyPair } from "../../scripts/tooling/signing_keys.ts";
import {
  announcePlayground,
  withdrawPlayground,
} from "../../scripts/playground/running_playground.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";

let convex: LocalConvex;
let folder: string;
let settings: Record<string, string>;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

beforeAll(async () => {
  const keys = await makeAllKeys();
  convex = await startLocalConvex({
    env: {
      DISCORD_BRIDGE_JWKS: keys.discord.jwksDataUri,
      SLACK_BRIDGE_JWKS: keys.slack.jwksDataUri,
      ADMIN_JWKS: keys.admin.jwksDataUri,
    },
  });
  folder = await mkdtemp(join(tmpdir(), "bridge-channels-"));
  settings = { CONVEX_URL: convex.url, ADMIN_KEY: keys.admin.privateKeyEnv };
});

afterAll(async () => {
  await convex.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The script as `npm run channels -- <args>` starts it. */
function channels(args: readonly string[], env: Record<string, string> = settings): Promise<Ended> {
  const command = [
    join(ROOT, "scripts/bootstrap.mjs"),
    "--compiled",
    "scripts/cli/channels/channels.ts",
    ...args,
  ];
  // An empty variable counts as not set, and overrides this checkout's .env.local.
  const options = {
    cwd: folder,
    env: { PATH: process.env.PATH, TMPDIR: folder, CONVEX_URL: "", ADMIN_KEY: "", ...env },
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** The mappings in Convex, as another admin client reads them. */
async function mappings() {
  const key = parseSigningKey(settings.ADMIN_KEY ?? "");
  if (key === undefined) throw new Error("no key");
  const auth = await mintToken("admin", key);
  const client = new ConvexHttpClient(convex.url, { auth, skipConvexDeploymentUrlCheck: true });
  return client.query(api.admin.list, {});
}

async function mappingOf(externalId: string) {
  return (await mappings()).find((row) => row.externalId === externalId);
}

let lastId = 112233445566778000n;
const newId = () => String(++lastId);

describe("map", () => {
  test("creates the private channel with the defaults; a second mapping joins it", async () => {
    const [first, second] = [newId(), "C0123456789"];
    const created = await channels(["map", "discord", first, "--to", "team"]);
    expect(created).toMatchObject({ code: 0, stderr: "" });
    expect(created.stdout).toContain(`Mapped discord ${first} to the new private channel "team"`);
    const joined = await channels(["map", "slack", second, "--to", "team"]);
    expect(joined.stdout).toContain(`to the private channel "team"`);
    const common = { channelName: "team", trigger: "always", replyIn: "channel", state: "active" };
    expect(await mappingOf(first)).toMatchObject({ platform: "discord", ...common });
    expect(await mappingOf(second)).toMatchObject({ platform: "slack", ...common });
  });

  test("accepts every setting", async () => {
    const id = newId();
    const options = ["--trigger", "mention", "--reply-in", "thread"];
    const more = ["--instructions", "Be brief.", "--model", "gpt-4o-mini"];
    await channels(["map", "discord", id, "--to", "settings", ...options, ...more]);
    expect(await mappingOf(id)).toMatchObject({
      trigger: "mention",
      replyIn: "thread",
      instructions: "Be brief.",
      model: "gpt-4o-mini",
    });
  });

  test("refuses a channel that is already mapped and does not change it", async () => {
    const id = newId();
    await channels(["map", "discord", id, "--to", "first"]);
    const { code, stderr } = await channels(["map", "discord", id, "--to", "second"]);
    expect(code).toBe(1);
    expect(stderr).toContain('already mapped to "first"');
    expect(await mappingOf(id)).toMatchObject({ channelName: "first" });
  });

  test("adopts a public channel by id, which becomes private", async () => {
    const id = newId();
    const anonymous = new ConvexHttpClient(convex.url, { skipConvexDeploymentUrlCheck: true });
    const channelId = await anonymous.mutation(api.index.createChannel, { name: "open" });
    const authorId = await anonymous.mutation(api.index.createUser, { name: "Ann" });
    await anonymous.mutation(api.index.sendMessage, { channelId, authorId, content: "hi" });
    expect(await anonymous.query(api.index.listMessages, { channelId })).not.toEqual([]);
    const { stdout } = await channels(["map", "discord", id, "--adopt", channelId]);
    expect(stdout).toContain(`to the private channel "open"`);
    expect(await mappingOf(id)).toMatchObject({ channelId, channelName: "open" });
    expect(await anonymous.query(api.index.listMessages, { channelId })).toEqual([]);
  });

  test("refuses to adopt a channel that does not exist", async () => {
    const id = newId();
    const { code, stderr } = await channels(["map", "discord", id, "--adopt", "nothing"]);
    expect(code).toBe(1);
    expect(stderr).toBe("error: no channel has that id\n");
    expect(await mappingOf(id)).toBeUndefined();
  });
});

test("unmap says whether the messages are kept or deleted", async () => {
  const id = newId();
  await channels(["map", "discord", id, "--to", "short-lived"]);
  const kept = await channels(["unmap", "discord", id]);
  expect(kept.code).toBe(0);
  expect(kept.stdout).toContain("Its messages are kept");
  expect(await mappingOf(id)).toBeUndefined();

  await channels(["map", "discord", id, "--to", "short-lived"]);
  const deleted = await channels(["unmap", "discord", id, "--delete-messages"]);
  expect(deleted.stdout).toContain("Its messages are being deleted");
});

test("set changes only the given settings and can restore the defaults", async () => {
  const id = newId();
  await channels(["map", "discord", id, "--to", "changing", "--model", "gpt-4o-mini"]);
  await channels(["set", "discord", id, "--trigger", "never", "--instructions", "Be kind."]);
  const changed = { trigger: "never", replyIn: "channel", instructions: "Be kind." };
  expect(await mappingOf(id)).toMatchObject({ ...changed, model: "gpt-4o-mini" });
  const { stdout } = await channels(["set", "discord", id, "--no-instructions", "--no-model"]);
  expect(stdout).toContain(`discord ${id} -> "changing": active; answers nothing`);
  const row = await mappingOf(id);
  expect(row).toMatchObject({ trigger: "never" });
  expect([row?.instructions, row?.model]).toEqual([undefined, undefined]);
});

test("map and set limit for how long messages are kept, and set lifts it", async () => {
  const id = newId();
  await channels(["map", "discord", id, "--to", "forgetful", "--keep", "30"]);
  expect(await mappingOf(id)).toMatchObject({ keepDays: 30 });
  const changed = await channels(["set", "discord", id, "--keep", "1"]);
  expect(changed.stdout).toContain("; keeps messages for 1 day.");
  expect((await channels(["list"])).stdout).toMatch(new RegExp(`^discord +${id} .* 1 day$`, "m"));
  await channels(["set", "discord", id, "--keep", "all"]);
  expect((await mappingOf(id))?.keepDays).toBeUndefined();
  for (const wrong of ["0", "forever", "3651"])
    expect(await channels(["set", "discord", id, "--keep", wrong])).toMatchObject({ code: 2 });
});

test("pause and resume change the state", async () => {
  const id = newId();
  await channels(["map", "discord", id, "--to", "pausing"]);
  expect((await channels(["pause", "discord", id])).stdout).toContain("paused");
  expect(await mappingOf(id)).toMatchObject({ state: "paused" });
  expect((await channels(["resume", "discord", id])).stdout).toContain("active");
  expect(await mappingOf(id)).toMatchObject({ state: "active" });
});

test.each([["unmap"], ["pause"], ["resume"], ["set", "--trigger", "never"]])(
  "%s refuses a channel that is not mapped",
  async (verb, ...options) => {
    const id = newId();
    const { code, stderr } = await channels([verb, "discord", id, ...options]);
    expect(code).toBe(1);
    expect(stderr).toBe(`error: discord ${id} is not mapped\n`);
  },
);

test("list and status show the mappings as text and as JSON", async () => {
  const id = newId();
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
  expect(await channels(["retry"])).toMatchObject({ code: 0, stdout: "No reply has failed.\n" });
  const unknown = await channels(["retry", "nothing", "--json"]);
  expect(unknown).toMatchObject({ code: 1, stdout: "" });
  expect(JSON.parse(unknown.stderr)).toMatchObject({ error: { code: "NOT_FOUND" } });
});

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

describe("wrong usage", () => {
  afterAll(async () => {
    const ids = (await mappings()).map(({ externalId }) => externalId);
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
    [["set", "discord", "112233445566778899"], "no setting to change"],
    [["unmap", "discord", "112233445566778899", "--delete"], "unknown option '--delete'"],
    [[], "Usage: channels"],
  ])("%j is rejected and changes nothing", async (args, message) => {
    const { code, stdout, stderr } = await channels(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("which deployment is used", () => {
  test("with none configured and no playground running, the error says how to start one", async () => {
    const { code, stderr } = await channels(["list"], {});
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: no deployment is configured and no playground is running: start one with npm start, or set CONVEX_URL and ADMIN_KEY\n",
    );
  });

  test("with none configured, the running playground is used", async () => {
    const { CONVEX_URL: convexUrl = "", ADMIN_KEY: adminKey = "" } = settings;
    vi.stubEnv("TMPDIR", folder);
    try {
      await announcePlayground({ pid: process.pid, convexUrl, adminKey });
      expect(await channels(["list"], {})).toMatchObject({ code: 0, stderr: "" });
      await withdrawPlayground(process.pid + 1);
      expect(await channels(["list"], {})).toMatchObject({ code: 0 });
      await withdrawPlayground(process.pid);
      expect(await channels(["list"], {})).toMatchObject({ code: 1 });
      const exited = await exitedProcess();
      await announcePlayground({ pid: exited, convexUrl, adminKey });
      expect(await channels(["list"], {})).toMatchObject({ code: 1 });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("an incomplete configuration is reported with what is missing", async () => {
    const { ADMIN_KEY = "" } = settings;
    const { code, stderr } = await channels(["list"], { ADMIN_KEY });
    expect(code).toBe(1);
    expect(stderr).toContain("CONVEX_URL is not set");
  });

  test("a key that the deployment does not accept is refused and never printed", async () => {
    const { privateKeyEnv } = await makeKeyPair("admin");
    const { code, stderr } = await channels(["list"], { ...settings, ADMIN_KEY: privateKeyEnv });
    expect(code).toBe(1);
    expect(stderr).toContain("ADMIN_JWKS");
    const { d } = z.object({ d: z.string() }).parse(JSON.parse(privateKeyEnv));
    expect(stderr).not.toContain(d);
  });

  test("an unreachable deployment is reported with its host", async () => {
    const { code, stderr } = await channels(["list"], {
      ...settings,
      CONVEX_URL: "http://127.0.0.1:9",
    });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: can't reach the deployment at 127.0.0.1:9 (CONVEX_URL): is it running? A local one runs only while `npx convex dev` does\n",
    );
  });
});

/** The id of a process that has exited. */
function exitedProcess(): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ["--version"], () => resolve(child.pid ?? 0));
  });
}
