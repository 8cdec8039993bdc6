import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { parse } from "dotenv";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readEnv } from "../../bridges/config/config.ts";
import { readEnvFiles } from "../../bridges/config/env_files.ts";
import { unattendedPrompts, terminalPrompts } from "../../scripts/cli/setup/prompts.ts";
import { convexCli } from "../../scripts/cli/setup/convex_cli.ts";
import { mergeEnvFile } from "../../scripts/cli/setup/env_file.ts";
import { readKeySet } from "../../scripts/cli/setup/key_sets.ts";
import { rotate } from "../../scripts/cli/setup/rotate.ts";
import { runSetup } from "../../scripts/cli/setup/run_setup.ts";
import type { SetupChoices, SetupTools } from "../../scripts/cli/setup/setup_tools.ts";
import {
  type ConvexEndpoints,
  ADMIN_KEY,
  startConvexEndpoints,
} from "../support/convex_endpoints.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { eventually } from "../support/eventually.ts";

/* Setup as a person sees it: real prompts over streams, with a stand-in for the Convex CLI. */

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

interface Session {
  /** Everything printed to the terminal so far. */
  output(): string;
  /** Waits for a question, then types the keys. */
  answer(question: string, keys: string): Promise<void>;
  /** `done`, or the error that setup failed with. */
  readonly ended: Promise<unknown>;
}

interface ToolOptions {
  readonly print: SetupTools["print"];
  readonly prompts: SetupTools["prompts"];
  readonly prod: boolean;
  readonly env?: Record<string, string>;
}

function toolsOf({ print, prompts, prod, env = {} }: ToolOptions): SetupTools {
  return {
    print,
    prompts,
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

/** Runs setup at a terminal. */
function startSession(
  choices: Partial<SetupChoices> = {},
  env: Record<string, string> = {},
): Session {
  const input = new PassThrough();
  const output = new PassThrough();
  // Each prompt ends its output stream, unless that is the process's own terminal.
  output.end = () => output;
  let shown = "";
  let read = 0;
  output.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const tools = toolsOf({
    print: (line: string) => void output.write(`${line}\n`),
    prompts: terminalPrompts({ input, output }),
    prod: choices.prod === true,
    env,
  });
  const ended = runSetup(tools, { push: true, prod: false, ...choices }).then(
    () => "done",
    (error: unknown) => error,
  );
  return {
    ended,
    output: () => shown,
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
  ((await file("calls.jsonl")) ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { args: string[]; mode?: string }); // Likewise.

/** Answers with a Discord token, no Slack token and an AI key. */
async function giveTokens(session: Session): Promise<void> {
  await session.answer("DISCORD_BOT_TOKEN", `${TOKEN}${ENTER}`);
  await session.answer("SLACK_BOT_TOKEN", ENTER);
  await session.answer("OPENAI_API_KEY", `${AI_KEY}${ENTER}`);
}

async function expectSetUp(session: Session, url: string): Promise<void> {
  expect(await session.ended, session.output()).toBe("done");
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
  // No typed secret was echoed, and no key was printed.
  expect(session.output()).not.toMatch(/MARKED|"d":/);
  expect(session.output()).toContain("npm run doctor");
  expect(Object.keys(await settings()).filter((name) => name.startsWith("VITE"))).toEqual([]);
}

test("Convex Cloud: the CLI selects the deployment, and the bridge gets its URL", async () => {
  const session = startSession();
  await session.answer("Where should Convex run?", ENTER);
  await giveTokens(session);
  await expectSetUp(session, "https://brave-otter-1.convex.cloud");
  const [configured, ...rest] = await calls();
  expect(configured).toEqual({ args: ["dev", "--once", "--skip-push"] });
  expect(rest.map(({ args }) => args.slice(0, 2))).toEqual([
    ["function-spec"],
    ["env", "list"],
    ["env", "set"],
    ["dev", "--once"],
  ]);
  // No value was on a command line.
  expect(JSON.stringify(rest)).not.toMatch(/MARKED|"d"|base64/);
});

test("on this machine: needs no account, and the next steps say how to keep Convex running", async () => {
  const session = startSession();
  await session.answer("Where should Convex run?", `${DOWN}${ENTER}`);
  await giveTokens(session);
  await expectSetUp(session, "http://127.0.0.1:3210");
  expect((await calls())[0]).toMatchObject({ mode: "anonymous" });
  expect(session.output()).toMatch(/npx convex dev .*separate terminal/);
});

test("self-hosted: asks for URL and admin key and checks them before saving them", async () => {
  const wrong = startSession();
  await wrong.answer("Where should Convex run?", `${DOWN}${DOWN}${ENTER}`);
  await wrong.answer("URL of your Convex backend", `${selfHosted.url}${ENTER}`);
  await wrong.answer("admin key", `MARKED-wrong${ENTER}`);
  expect(String(await wrong.ended)).toMatch(
    /refuses CONVEX_SELF_HOSTED_ADMIN_KEY.*generate_admin_key/,
  );
  expect(await file(".env.local")).not.toContain("ADMIN_KEY");

  const session = startSession();
  await session.answer("Where should Convex run?", `${DOWN}${DOWN}${ENTER}`);
  await session.answer("URL of your Convex backend", `${selfHosted.url}${ENTER}`);
  await session.answer("admin key", `${ADMIN_KEY}${ENTER}`);
  await giveTokens(session);
  await expectSetUp(session, selfHosted.url);
  expect((await settings()).CONVEX_SELF_HOSTED_ADMIN_KEY).toBe(ADMIN_KEY);
});

test("production: the bridge gets the URL of the production deployment, not the one the CLI saved", async () => {
  const session = startSession({ hosting: "cloud", prod: true });
  await giveTokens(session);
  await expectSetUp(session, "https://calm-heron-2.convex.cloud");
  const pushed = (await calls()).at(-1);
  expect(pushed?.args.slice(0, 2)).toEqual(["deploy", "--yes"]);
});

test("without --prod nothing is changed if CONVEX_URL is the production deployment", async () => {
  const prod = startSession({ hosting: "cloud", prod: true });
  await giveTokens(prod);
  await prod.ended;
  const before = [await file(".env.local"), await variables()];
  const since = (await calls()).length;

  const tools = toolsOf({ print: () => undefined, prompts: unattendedPrompts(true), prod: false });
  const rotated = rotate(tools, "discord", { finish: false, prod: false }).catch(
    (error: unknown) => error,
  );
  for (const error of [await startSession().ended, await rotated]) {
    expect(String(error)).toMatch(/CONVEX_URL is .*calm-heron.* change .*brave-otter.*add --prod/);
  }
  expect([await file(".env.local"), await variables()]).toEqual(before);
  expect(new Set((await calls()).slice(since).map(({ args }) => args[0]))).toEqual(
    new Set(["function-spec"]),
  );
  const again = startSession({ prod: true });
  await again.answer("SLACK_BOT_TOKEN", ENTER);
  expect(await again.ended).toBe("done");
});

test("a local deployment need not run, and is not confused with one elsewhere", async () => {
  const local = startSession({ hosting: "local" });
  await giveTokens(local);
  await local.ended;
  const since = (await calls()).length;
  const again = startSession({ push: false });
  await again.answer("SLACK_BOT_TOKEN", ENTER);
  expect(await again.ended).toBe("done");
  expect((await calls()).slice(since).map(({ args }) => args[0])).toEqual(["env"]);
  await mergeEnvFile(join(root, ".env.local"), { CONVEX_URL: "https://calm-heron-2.convex.cloud" });
  expect(String(await startSession().ended)).toMatch(
    /CONVEX_URL is .*calm-heron.* on this machine/,
  );
});

test("an invalid token is asked for again and not printed", async () => {
  const session = startSession({ hosting: "cloud" });
  await session.answer("DISCORD_BOT_TOKEN", `${TOKEN}${ENTER}`);
  await session.answer("SLACK_BOT_TOKEN", `xapp-MARKED-swapped${ENTER}`);
  await session.answer("does not start with xoxb-", CTRL_C);
  expect(String(await session.ended)).toContain("stopped");
  expect(session.output()).not.toContain("MARKED");
});

test("Ctrl-C at the first question changes nothing; later it keeps finished steps", async () => {
  const mine = "# mine\nOTHER=kept\n";
  await writeFile(join(root, ".env.local"), mine);
  const first = startSession();
  await first.answer("Where should Convex run?", CTRL_C);
  expect(String(await first.ended)).toMatch(/stopped. Run it again/);
  expect([await file(".env.local"), await calls()]).toEqual([mine, []]);

  const later = startSession();
  await later.answer("Where should Convex run?", ENTER);
  await later.answer("DISCORD_BOT_TOKEN", `${TOKEN}${CTRL_C}`);
  expect(String(await later.ended)).toContain("stopped");
  expect(await file(".env.local")).toContain(mine);
  expect(Object.keys(await settings())).not.toContain("DISCORD_BOT_TOKEN");
  expect(await variables()).toEqual({});

  // The next run continues: it does not ask about Convex again.
  const again = startSession();
  await giveTokens(again);
  await expectSetUp(again, "https://brave-otter-1.convex.cloud");
});

test("a CLI that selects no deployment ends setup, and the next run asks again", async () => {
  const failed = startSession({}, { STUB_CLI_FAILS: "1" });
  await failed.answer("Where should Convex run?", ENTER);
  expect(String(await failed.ended)).toContain("did not select a deployment");
  const again = startSession();
  await again.answer("Where should Convex run?", CTRL_C);
  await again.ended;
});

test("a second run asks before it changes a key, and does not if the answer is no", async () => {
  const session = startSession({ hosting: "cloud" });
  await giveTokens(session);
  await session.ended;
  const [before, deployed] = [(await file(".env.local")) ?? "", await variables()];

  // This machine's key is lost, so the deployment holds another machine's.
  const without = before.replace(/^DISCORD_BRIDGE_KEY=.*\n/m, "");
  await writeFile(join(root, ".env.local"), without);
  const no = startSession();
  await no.answer("SLACK_BOT_TOKEN", ENTER);
  await no.answer("contains another machine's keys", `n${ENTER}`);
  expect(String(await no.ended)).toContain("Not changed");
  expect([await file(".env.local"), await variables()]).toEqual([without, deployed]);

  const yes = startSession();
  await yes.answer("SLACK_BOT_TOKEN", ENTER);
  await yes.answer("contains another machine's keys", `y${ENTER}`);
  expect(await yes.ended).toBe("done");
  expect(readKeySet((await variables()).DISCORD_BRIDGE_JWKS)).toHaveLength(2);
});
