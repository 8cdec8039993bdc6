import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { DiscordStandIn } from "../../scripts/stand_ins/discord/stand_in.ts";
import type { OpenAiStandIn } from "../../scripts/stand_ins/openai/stand_in.ts";
import type { SlackStandIn } from "../../scripts/stand_ins/slack/stand_in.ts";
import { startStandIns } from "../../scripts/stand_ins/stack.ts";
import { ADMIN_KEY, type ConvexEndpoints, startConvexEndpoints } from "./convex_endpoints.ts";
import { copyProject, type ProjectCopy } from "./project_copy.ts";
import { eventually } from "./eventually.ts";

/** What an admin starts with: a checkout without settings, tokens, and a deployment without functions. */
export interface AdminStage {
  readonly project: ProjectCopy;
  readonly convex: ConvexEndpoints;
  readonly discord: DiscordStandIn;
  readonly slack: SlackStandIn;
  readonly openai: OpenAiStandIn;
  /** The environment and flags for `npm run setup`. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  /** Starts what `npm run <name> -- <args>` runs, without npm in between. */
  npmRun(name: string, args?: readonly string[], env?: Readonly<Record<string, string>>): Run;
  /** The current text of `.env.local`. */
  envFile(): Promise<string>;
  stop(): Promise<void>;
}

/** A started command. */
export interface Run {
  readonly child: ChildProcess;
  /** Standard output and standard error so far. */
  output(): string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts the stand-ins and copies the project. */
export async function startAdminStage(): Promise<AdminStage> {
  const [project, convex, standIns] = await Promise.all([
    copyProject(),
    startConvexEndpoints({ runsFunctions: true }),
    startStandIns(),
  ]);
  const { discord, slack, openai } = standIns;
  const { DISCORD_BOT_TOKEN = "", DISCORD_API_URL = "" } = discord.env;
  const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "", SLACK_API_URL = "" } = slack.env;
  const addresses = { DISCORD_API_URL, SLACK_API_URL, CONVEX_VERSION_API_ORIGIN: convex.url };
  const { scripts } = JSON.parse(await readFile(join(project.path, "package.json"), "utf8")) as {
    scripts: Record<string, string>; // The project's own file.
  };
  const children: ChildProcess[] = [];
  return {
    project,
    convex,
    discord,
    slack,
    openai,
    tokens: {
      DISCORD_BOT_TOKEN,
      SLACK_BOT_TOKEN,
      SLACK_APP_TOKEN,
      OPENAI_API_KEY: openai.apiKey,
      CONVEX_SELF_HOSTED_ADMIN_KEY: ADMIN_KEY,
    },
    flags: [
      ...["--no-input", "--convex", "self-hosted", "--self-hosted-url", convex.url],
      ...["--openai-base-url", openai.baseUrl, "--public-chat", "closed"],
    ],
    npmRun(name, args = [], env = {}) {
      const [command = "", ...words] = (scripts[name] ?? "").split(" ");
      const child = spawn(command === "node" ? process.execPath : command, [...words, ...args], {
        cwd: project.path,
        env: { PATH: process.env.PATH, HOME: project.path, ...addresses, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      children.push(child);
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
      }
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
      return { child, output: () => output, ended };
    },
    envFile: () => readFile(join(project.path, ".env.local"), "utf8").catch(() => ""),
    async stop() {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all([convex.stop(), standIns.stop()]);
      await project.remove();
    },
  };
}

/** Resolves once a bridge has logged that both platforms are ready. */
export async function ready(bridge: Run): Promise<void> {
  await eventually(() => {
    expect(bridge.child.exitCode, bridge.output()).toBeNull();
    for (const name of ["discord", "slack"]) expect(bridge.output()).toContain(`ready: ${name}`);
  }, 120_000);
}
