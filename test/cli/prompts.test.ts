import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { parse } from "dotenv";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readEnv } from "../../bridges/config/config.ts";
import { readEnvFiles } from "../../bridges/config/env_files.ts";
import { scriptedAsk, terminalAsk } from "../../scripts/cli/setup/ask.ts";
import { convexCli } from "../../scripts/cli/setup/convex_cli.ts";
import { mergeEnvFile } from "../../scripts/cli/setup/env_file.ts";
import { readKeySet } from "../../scripts/cli/setup/key_sets.ts";
import { rotate } from "../../scripts/cli/setup/rotate.ts";
import { runSetup, type SetupChoices, type SetupTools } from "../../scripts/cli/setup/run_setup.ts";
import {
  type ConvexEndpoints,
  ADMIN_KEY,
  startConvexEndpoints,
} from "../support/convex_endpoints.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { eventually } from "../support/eventually.ts";

/* What a person sees and types: real prompts over streams, and a stand-in for the Convex CLI. */

const DOWN = "\u001B[B";
const ENTER = "\r";
const CTRL_C = "\u0003";
const TOKEN = "MARKED-typed-token";
const AI_KEY = "sk-MARKED-typed-key";

let root: string;
let selfHosted: ConvexEndpoints;

beforeAll(async () => {
  selfHosted = await startConvexEndpoints();
});

afterAll(async () => {
  await selfHosted.stop();
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bridge-prompts-"));
  const bin = join(root, "node_modules", "convex", "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(root, "package.json"), '{"type":"module"}');
  await copyFile(join(ROOT, "test", "support", "stub_cli.mjs"), join(bin, "main.js"));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

interface Sitting {
  /** Everything that the terminal showed. */
  shown(): string;
  /** Waits for a question, then types. */
  answer(question: string, keys: string): Promise<void>;
  /** How setup ended; its error, if it failed. */
  readonly ended: Promise<unknown>;
}

interface Person {
  readonly print: SetupTools["print"];
  readonly ask: SetupTools["ask"];
  readonly prod: boolean;
  readonly env?: Record<string, string>;
}

function toolsOf({ print, ask, prod, env = {} }: Person): SetupTools {
  return {
    print,
    ask,
    mayChangeKeys: false,
    cli: convexCli({
      root,
      env: { PATH: process.env.PATH ?? "", ...env },
      secrets: () => [],
      prod,
      hasDeployKey: false,
    }),
    environment: {},
    settings: () => readEnv({}, readEnvFiles(root)),
    save: (values) => mergeEnvFile(join(root, ".env.local"), values),
  };
}

/** Somebody at a terminal runs setup. */
function sit(choices: Partial<SetupChoices> = {}, env: Record<string, string> = {}): Sitting {
  const input = new PassThrough();
  const output = new PassThrough();
  // Each prompt ends what it writes to, unless that is the process's own terminal.
  output.end = () => output;
  let shown = "";
  let read = 0;
  output.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const tools = toolsOf({
    print: (line: string) => void output.write(`${line}\n`),
    ask: terminalAsk({ input, output }),
    prod: choices.prod === true,
    env,
  });
  const ended = runSetup(tools, { push: true, prod: false, ...choices }).then(
    () => "done",
    (error: unknown) => error,
  );
  return {
    ended,
    shown: () => shown,
    async answer(question, keys) {
      await eventually(() => expect(shown.slice(read)).toContain(question));
      read = shown.length;
      input.write(keys);
    },
  };
}

const file = (name: string) => readFile(join(root, name), "utf8").catch(() => undefined);
const settings = async () => parse((await file(".env.local")) ?? "");
const variables = async (): Promise<Record<string, string>> =>
  JSON.parse((await file("variables.json")) ?? "{}") as Record<string, string>; // Written by the stub.
const calls = async () =>
  JSON.parse((await file("calls.json")) ?? "[]") as { args: string[]; mode?: string }[]; // Likewise.

/** Discord with a token, no Slack, an AI key. */
async function giveTokens(sitting: Sitting): Promise<void> {
  await sitting.answer("DISCORD_BOT_TOKEN", `${TOKEN}${ENTER}`);
  await sitting.answer("SLACK_BOT_TOKEN", ENTER);
  await sitting.answer("OPENAI_API_KEY", `${AI_KEY}${ENTER}`);
}

async function expectSetUp(sitting: Sitting, url: string): Promise<void> {
  expect(await sitting.ended, sitting.shown()).toBe("done");
  const {
    CONVEX_URL,
    DISCORD_BOT_TOKEN,
    DISCORD_BRIDGE_KEY,
    ADMIN_KEY: adminKey,
  } = await settings();
  expect([CONVEX_URL, DISCORD_BOT_TOKEN]).toEqual([url, TOKEN]);
  const { DISCORD_BRIDGE_JWKS, SLACK_BRIDGE_JWKS, ADMIN_JWKS, OPENAI_API_KEY } = await variables();
  const kids = [DISCORD_BRIDGE_JWKS, ADMIN_JWKS].map((set) => readKeySet(set)?.[0]?.kid);
  expect(
    [DISCORD_BRIDGE_KEY, adminKey].map((key) => /"kid":"([^"]+)"/.exec(key ?? "")?.[1]),
  ).toEqual(kids);
  expect(readKeySet(SLACK_BRIDGE_JWKS)).toEqual([]);
  expect(OPENAI_API_KEY).toBe(AI_KEY);
  // What was typed as a secret was not echoed, and no key was shown.
  expect(sitting.shown()).not.toMatch(/MARKED|"d":/);
  expect(sitting.shown()).toContain("npm run doctor");
  expect(Object.keys(await settings()).filter((name) => name.startsWith("VITE"))).toEqual([]);
}

test("Convex Cloud: the CLI chooses the deployment, and its address is the bridge's", async () => {
  const sitting = sit();
  await sitting.answer("Where should Convex run?", ENTER);
  await giveTokens(sitting);
  await expectSetUp(sitting, "https://brave-otter-1.convex.cloud");
  const [configured, ...rest] = await calls();
  expect(configured).toEqual({ args: ["dev", "--once", "--skip-push"] });
  expect(rest.map(({ args }) => args.slice(0, 2))).toEqual([
    ["function-spec"],
    ["env", "list"],
    ["env", "set"],
    ["dev", "--once"],
  ]);
  // No value was ever on a command line.
  expect(JSON.stringify(rest)).not.toMatch(/MARKED|"d"|base64/);
});

test("on this machine: without an account, and it says how Convex is kept running", async () => {
  const sitting = sit();
  await sitting.answer("Where should Convex run?", `${DOWN}${ENTER}`);
  await giveTokens(sitting);
  await expectSetUp(sitting, "http://127.0.0.1:3210");
  expect((await calls())[0]).toMatchObject({ mode: "anonymous" });
  expect(sitting.shown()).toMatch(/npx convex dev .*terminal of its own/);
});

test("self-hosted: address and admin key are asked, and tried before they are kept", async () => {
  const wrong = sit();
  await wrong.answer("Where should Convex run?", `${DOWN}${DOWN}${ENTER}`);
  await wrong.answer("Its address", `${selfHosted.url}${ENTER}`);
  await wrong.answer("admin key", `MARKED-wrong${ENTER}`);
  expect(String(await wrong.ended)).toMatch(
    /refuses CONVEX_SELF_HOSTED_ADMIN_KEY.*generate_admin_key/,
  );
  expect(await file(".env.local")).not.toContain("ADMIN_KEY");

  const sitting = sit();
  await sitting.answer("Where should Convex run?", `${DOWN}${DOWN}${ENTER}`);
  await sitting.answer("Its address", `${selfHosted.url}${ENTER}`);
  await sitting.answer("admin key", `${ADMIN_KEY}${ENTER}`);
  await giveTokens(sitting);
  await expectSetUp(sitting, selfHosted.url);
  expect((await settings()).CONVEX_SELF_HOSTED_ADMIN_KEY).toBe(ADMIN_KEY);
});

test("production: the bridge is sent to the production deployment, not to the one the CLI noted", async () => {
  const sitting = sit({ hosting: "cloud", prod: true });
  await giveTokens(sitting);
  await expectSetUp(sitting, "https://calm-heron-2.convex.cloud");
  const pushed = (await calls()).at(-1);
  expect(pushed?.args.slice(0, 2)).toEqual(["deploy", "--yes"]);
});

test("without --prod nothing is changed where the bridge is sent to the production deployment", async () => {
  const prod = sit({ hosting: "cloud", prod: true });
  await giveTokens(prod);
  await prod.ended;
  const before = [await file(".env.local"), await variables()];
  const since = (await calls()).length;

  const tools = toolsOf({ print: () => undefined, ask: scriptedAsk(true), prod: false });
  const rotated = rotate(tools, "discord", { finish: false, prod: false }).catch(
    (error: unknown) => error,
  );
  for (const said of [await sit().ended, await rotated]) {
    expect(String(said)).toMatch(/CONVEX_URL is .*calm-heron.* change .*brave-otter.*add --prod/);
  }
  expect([await file(".env.local"), await variables()]).toEqual(before);
  expect(new Set((await calls()).slice(since).map(({ args }) => args[0]))).toEqual(
    new Set(["function-spec"]),
  );
  const again = sit({ prod: true });
  await again.answer("SLACK_BOT_TOKEN", ENTER);
  expect(await again.ended).toBe("done");
});

test("a local deployment need not run, and is not taken for one elsewhere", async () => {
  const local = sit({ hosting: "local" });
  await giveTokens(local);
  await local.ended;
  const since = (await calls()).length;
  const again = sit({ push: false });
  await again.answer("SLACK_BOT_TOKEN", ENTER);
  expect(await again.ended).toBe("done");
  expect((await calls()).slice(since).map(({ args }) => args[0])).toEqual(["env"]);
  await mergeEnvFile(join(root, ".env.local"), { CONVEX_URL: "https://calm-heron-2.convex.cloud" });
  expect(String(await sit().ended)).toMatch(/CONVEX_URL is .*calm-heron.* on this machine/);
});

test("a token that can't be one is asked again, unsaid", async () => {
  const sitting = sit({ hosting: "cloud" });
  await sitting.answer("DISCORD_BOT_TOKEN", `${TOKEN}${ENTER}`);
  await sitting.answer("SLACK_BOT_TOKEN", `xapp-MARKED-swapped${ENTER}`);
  await sitting.answer("does not start with xoxb-", CTRL_C);
  expect(String(await sitting.ended)).toContain("stopped");
  expect(sitting.shown()).not.toContain("MARKED");
});

test("Ctrl-C at the first question changes nothing, and later keeps what was done", async () => {
  const mine = "# mine\nOTHER=kept\n";
  await writeFile(join(root, ".env.local"), mine);
  const first = sit();
  await first.answer("Where should Convex run?", CTRL_C);
  expect(String(await first.ended)).toMatch(/stopped. Run it again/);
  expect([await file(".env.local"), await calls()]).toEqual([mine, []]);

  const later = sit();
  await later.answer("Where should Convex run?", ENTER);
  await later.answer("DISCORD_BOT_TOKEN", `${TOKEN}${CTRL_C}`);
  expect(String(await later.ended)).toContain("stopped");
  expect(await file(".env.local")).toContain(mine);
  expect(Object.keys(await settings())).not.toContain("DISCORD_BOT_TOKEN");
  expect(await variables()).toEqual({});

  // The next run goes on from there: Convex is not asked about again.
  const again = sit();
  await giveTokens(again);
  await expectSetUp(again, "https://brave-otter-1.convex.cloud");
});

test("a CLI that chose nothing ends it, and the next run asks again", async () => {
  const failed = sit({}, { STUB_CLI_FAILS: "1" });
  await failed.answer("Where should Convex run?", ENTER);
  expect(String(await failed.ended)).toContain("chose no deployment");
  const again = sit();
  await again.answer("Where should Convex run?", CTRL_C);
  await again.ended;
});

test("a second run asks before it changes a key, and no is no", async () => {
  const sitting = sit({ hosting: "cloud" });
  await giveTokens(sitting);
  await sitting.ended;
  const [before, there] = [(await file(".env.local")) ?? "", await variables()];

  // The key of this machine is lost: the deployment's is another's.
  const without = before.replace(/^DISCORD_BRIDGE_KEY=.*\n/m, "");
  await writeFile(join(root, ".env.local"), without);
  const no = sit();
  await no.answer("SLACK_BOT_TOKEN", ENTER);
  await no.answer("holds keys of another machine", `n${ENTER}`);
  expect(String(await no.ended)).toContain("Not changed");
  expect([await file(".env.local"), await variables()]).toEqual([without, there]);

  const yes = sit();
  await yes.answer("SLACK_BOT_TOKEN", ENTER);
  await yes.answer("holds keys of another machine", `y${ENTER}`);
  expect(await yes.ended).toBe("done");
  expect(readKeySet((await variables()).DISCORD_BRIDGE_JWKS)).toHaveLength(2);
});
