import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { startBridgeProcess, type BridgeProcess } from "../../scripts/stand_ins/bridge_process.ts";
import { startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { eventually } from "../support/eventually.ts";

/* The commands that an admin runs on a running deployment. */

let stack: Stack;
let env: Record<string, string>;
let bridge: BridgeProcess;
let folder: string;

beforeAll(async () => {
  stack = await startStack();
  folder = await mkdtemp(join(tmpdir(), "bridge-operating-"));
  env = { ...stack.bridgeEnv(), ADMIN_KEY: stack.adminKey, LOG_LEVEL: "debug", HEALTH_PORT: "0" };
  bridge = await startBridgeProcess(env, ["discord", "slack"]);
}, 60_000);

afterAll(async () => {
  await bridge.stop();
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** `npm run <name> -- <args>`. */
function run(name: "channels", args: readonly string[], changes = {}): Promise<Ended> {
  const script = join("scripts", "cli", name, `${name}.ts`);
  const command = [join(ROOT, "scripts", "bootstrap.mjs"), "--compiled", script, ...args];
  const options = {
    cwd: ROOT,
    env: { PATH: process.env.PATH, TMPDIR: folder, ...env, ...changes },
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

async function health(path: string): Promise<Response> {
  const line = bridge.log.find((each) => each.includes("health endpoint"));
  const port = /"port":(\d+)/.exec(line ?? "")?.[1] ?? "";
  return await fetch(`http://127.0.0.1:${port}${path}`);
}

describe("channels map checks with the platform", () => {
  test("maps a channel that the bot can work in, and stores its name", async () => {
    const [discord, slack] = [stack.discord.addChannel("rooms"), stack.slack.addChannel("rooms")];
    const ended = await Promise.all([
      run("channels", ["map", "discord", discord, "--to", "d"]),
      run("channels", ["map", "slack", slack, "--to", "s"]),
    ]);
    for (const { code, output } of ended) {
      expect(code, output).toBe(0);
      expect(output).toMatch(/\(#rooms\) .*can read and post/s);
    }
    const rows = await (await stack.adminClient()).query(api.admin.list, {});
    expect(rows.map(({ externalName }) => externalName)).toEqual(["rooms", "rooms"]);
  }, 60_000);

  test("does not map a channel that the bot can't work in, and names the step; --no-check maps it", async () => {
    const silent = stack.discord.addChannel("silent");
    stack.discord.deny(silent, { send: true });
    const away = stack.slack.addChannel("away");
    stack.slack.setBotMember(away, false);
    const ended = await Promise.all([
      run("channels", ["map", "discord", silent, "--to", "x"]),
      run("channels", ["map", "slack", away, "--to", "x"]),
      run("channels", ["map", "slack", "C0NOWHERE0", "--to", "x"]),
      run("channels", ["map", "discord", silent, "--to", "x"], { DISCORD_BOT_TOKEN: "wrong" }),
    ]);
    const expected = [/allow Send Messages/, /\/invite @bridge$/m, /Check the id/, /Reset Token/];
    for (const [n, { code, output }] of ended.entries()) {
      expect(code, output).toBe(1);
      expect(output).toMatch(expected[n] ?? /never/);
    }
    const client = await stack.adminClient();
    expect(await client.query(api.admin.list, {})).toHaveLength(2);
    const forced = await run("channels", ["map", "slack", away, "--to", "x", "--no-check"]);
    expect(forced.code, forced.output).toBe(0);
    expect(forced.output).toContain("Not checked");
    await client.mutation(api.admin.unmap, { platform: "slack", externalId: away });
  }, 60_000);

  test("find lists the channels visible to the bot, with their ids and problems", async () => {
    const [slack, discord] = await Promise.all([
      run("channels", ["find", "slack"]),
      run("channels", ["find", "discord", "silen"]),
    ]);
    expect(slack.output).toMatch(/C\w+\s+#away\s+the bot is not in the channel/);
    expect(slack.output).toMatch(/C\w+\s+#rooms\s+mapped to "s"; ready/);
    expect(discord.output).toMatch(/\d+\s+#silent\s+Playground\s+the bot lacks Send Messages/);
    expect(discord.output).not.toContain("#rooms");
  }, 60_000);

  test("a forum is found and mapped, and needs only the permissions for answering in posts", async () => {
    const forum = stack.discord.addForum("questions");
    const person = stack.discord.addPerson("Fay");
    const post = stack.discord.openPost({ channel: forum, person, name: "One", text: "hi" });
    const map = (id: string) =>
      run("channels", ["map", "discord", id, "--to", "q", "--history", "5"]);
    stack.discord.deny(forum, { send: true });
    const [denied, aThread] = await Promise.all([map(forum), map(post)]);
    expect(denied.output).toContain("allow Send Messages in Posts");
    expect(denied.output).not.toMatch(/Threads|Create/);
    expect(aThread.output).toContain("this kind of channel can't be mapped");
    stack.discord.deny(forum, { threads: true });
    const found = await run("channels", ["find", "discord", "quest"]);
    expect(found.output).toMatch(/\d+\s+#questions\s+Playground\s+ready/);
    const mapped = await map(forum);
    expect(mapped.code, mapped.output).toBe(0);
    expect(mapped.output).toContain("can read and post");
    const admin = await stack.adminClient();
    await eventually(async () => {
      const { mappings } = await admin.query(api.admin.status, {});
      const status = mappings.find(({ externalId }) => externalId === forum);
      expect(status).toMatchObject({ health: [], lastCatchUp: { recovered: 1 } });
    }, 15_000);
    await admin.mutation(api.admin.unmap, { platform: "discord", externalId: forum });
  }, 60_000);
});

describe("the health endpoint", () => {
  test("reports ready while both platforms are, and counts what was stored and posted", async () => {
    for (const platform of ["discord", "slack"] as const) {
      const chat = stack.chat(platform);
      const rows = await (await stack.adminClient()).query(api.admin.list, {});
      const channel = rows.find((row) => row.platform === platform)?.externalId ?? "";
      chat.say({ channel, person: chat.addPerson("Ann"), text: "hello" });
      await eventually(() => expect(chat.posts).toHaveLength(1), 20_000);
    }
    const response = await health("/healthz");
    expect([response.status, await response.json()]).toEqual([
      200,
      { ok: true, platforms: { discord: "ready", slack: "ready" } },
    ]);
    const metrics = await eventually(async () => {
      const text = await (await health("/metrics")).text();
      expect(text).toMatch(/bridge_settlements_total\{platform="slack",kind="posted"\} 1/);
      return text;
    }, 10_000);
    expect(metrics).toMatch(/bridge_events_total\{platform="discord",outcome="asked"\} 1/);
    expect(metrics).toMatch(/bridge_mappings\{platform="discord"\} 1/);
  }, 60_000);

  test("says since when and why AI answers fail and how many, and that they work again", async () => {
    const { discord, openai } = stack;
    const rows = await (await stack.adminClient()).query(api.admin.list, {});
    const channel = rows.find((row) => row.platform === "discord")?.externalId ?? "";
    const person = discord.addPerson("Bo");
    const ask = async (text: string, about: RegExp) => {
      discord.say({ channel, person, text });
      await eventually(() => expect(discord.posts.at(-1)?.text).toMatch(about), 20_000);
    };
    openai.next(401, "with a wrong key");
    await ask("with a wrong key", /could not answer/);
    const reason = "the AI service refused the key \\(OPENAI_API_KEY\\) \\(1 failed\\)";
    await eventually(async () => {
      const response = await health("/healthz");
      expect([response.status, await response.json()]).toMatchObject([
        200,
        {
          ok: true,
          ai: {
            failing: true,
            failures: 1,
            detail: expect.stringMatching(
              new RegExp(`^answers have failed since [\\d-]+ [\\d:]+ UTC: ${reason}$`),
            ) as unknown,
          },
        },
      ]);
      expect(await (await health("/metrics")).text()).toMatch(/^bridge_ai_failing 1$/m);
    }, 10_000);
    await ask("with the right key", /right key/);
    await eventually(async () => {
      expect(await (await health("/healthz")).json()).toMatchObject({
        ai: {
          failing: false,
          detail: expect.stringMatching(new RegExp(`and work again: ${reason}$`)) as unknown,
        },
      });
      const metrics = await (await health("/metrics")).text();
      expect(metrics).toMatch(/^bridge_ai_failing 0$/m);
      expect(metrics).toMatch(/^bridge_ai_failures 1$/m);
    }, 10_000);
    const said = ["AI answers have begun to fail", "AI answers work again"];
    for (const text of said)
      expect(bridge.log.filter((line) => line.includes(text))).toHaveLength(1);
  }, 60_000);

  test("a port that is in use is named, with the step", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = String(typeof address === "object" ? (address?.port ?? 0) : 0);
    const failed = startBridgeProcess({ ...env, HEALTH_PORT: port }, ["discord"]);
    await expect(failed).rejects.toThrow(/error: port \d+ .* Set HEALTH_PORT to a free port/s);
    server.close();
  }, 60_000);
});
