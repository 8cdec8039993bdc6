import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { parse } from "dotenv";
import { afterEach, beforeEach, expect } from "vitest";
import { readEnv } from "../../bridges/config/config.ts";
import { readEnvFiles } from "../../bridges/config/env_files.ts";
import { convexCli } from "../../scripts/cli/setup/convex_cli.ts";
import { mergeEnvFile } from "../../scripts/cli/setup/env_file.ts";
import { readKeySet } from "../../scripts/cli/setup/key_sets.ts";
import { terminalPrompts } from "../../scripts/cli/setup/prompts.ts";
import { runSetup } from "../../scripts/cli/setup/run_setup.ts";
import type { SetupChoices, SetupTools } from "../../scripts/cli/setup/setup_tools.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { eventually } from "./eventually.ts";

/* Setup as a person sees it: real prompts over streams, with a stand-in for the Convex CLI. */

export const DOWN = "\u001B[B";
export const ENTER = "\r";
export const CTRL_C = "\u0003";
export const TOKEN = "MARKED-typed-token";
export const AI_KEY = "sk-MARKED-typed-key";

/** The folder that setup works in; a new one for each test. */
export let root: string;

/** Registers the hooks that make and remove the folder, with a stand-in for the Convex CLI in it. */
export function useSetupFolder(): void {
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
}

export interface Session {
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

export function toolsOf({ print, prompts, prod, env = {} }: ToolOptions): SetupTools {
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
export function startSession(
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

export const file = (name: string) => readFile(join(root, name), "utf8").catch(() => undefined);
export const settings = async () => parse((await file(".env.local")) ?? "");
export const variables = async (): Promise<Record<string, string>> =>
  JSON.parse((await file("variables.json")) ?? "{}") as Record<string, string>; // Written by the stub.
export const calls = async () =>
  ((await file("calls.jsonl")) ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { args: string[]; mode?: string }); // Likewise.

/** Answers with a Discord token, no Slack token, a closed chat API and an AI key. */
export async function giveTokens(session: Session): Promise<void> {
  await session.answer("DISCORD_BOT_TOKEN", `${TOKEN}${ENTER}`);
  await session.answer("SLACK_BOT_TOKEN", ENTER);
  await session.answer("PUBLIC_CHAT", ENTER);
  await session.answer("OPENAI_API_KEY", `${AI_KEY}${ENTER}`);
}

export async function expectSetUp(session: Session, url: string): Promise<void> {
  expect(await session.ended, session.output()).toBe("done");
  const {
    CONVEX_URL,
    DISCORD_BOT_TOKEN,
    DISCORD_BRIDGE_KEY,
    ADMIN_KEY: adminKey,
  } = await settings();
  expect([CONVEX_URL, DISCORD_BOT_TOKEN]).toEqual([url, TOKEN]);
  const { DISCORD_BRIDGE_JWKS, SLACK_BRIDGE_JWKS, ADMIN_JWKS, OPENAI_API_KEY, PUBLIC_CHAT } =
    await variables();
  const kids = [DISCORD_BRIDGE_JWKS, ADMIN_JWKS].map((set) => readKeySet(set)?.[0]?.kid);
  expect(
    [DISCORD_BRIDGE_KEY, adminKey].map((key) => /"kid":"([^"]+)"/.exec(key ?? "")?.[1]),
  ).toEqual(kids);
  expect(readKeySet(SLACK_BRIDGE_JWKS)).toEqual([]);
  expect([OPENAI_API_KEY, PUBLIC_CHAT]).toEqual([AI_KEY, "closed"]);
  // No typed secret was echoed, and no key was printed.
  expect(session.output()).not.toMatch(/MARKED|"d":/);
  expect(session.output()).toContain("npm run doctor");
  expect(Object.keys(await settings()).filter((name) => name.startsWith("VITE"))).toEqual([]);
}
