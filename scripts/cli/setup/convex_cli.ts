import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "dotenv";
import { z } from "zod";
import { CommandError } from "../command_error.ts";

/** How long one command of the CLI may take that nobody has to answer, in ms. A push to a slow machine is the longest. */
const DEADLINE_MS = 180_000;

export interface ConvexCli {
  /** Chooses or makes a deployment; asks the person at the terminal. Writes its address to `.env.local`. */
  configure(extraEnv: Readonly<Record<string, string>>): Promise<void>;
  /** Where the deployment is, as it says itself. */
  address(): Promise<string>;
  /** The deployment's variables. */
  variables(): Promise<Readonly<Record<string, string>>>;
  /** Sets variables of the deployment, all at once. */
  setVariables(values: Readonly<Record<string, string>>): Promise<void>;
  /** Pushes `convex/` to the deployment. */
  push(): Promise<void>;
}

interface Options {
  /** The project's folder. */
  readonly root: string;
  /** The environment the CLI runs in. It reads `.env.local` of the project itself. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values that must not be shown, whatever the CLI says. */
  readonly secrets: () => readonly string[];
  /** The production deployment instead of the development one. */
  readonly prod: boolean;
  /** A deployment's own key is set: it says which one is meant, and `dev` may not push to it. */
  readonly hasDeployKey: boolean;
}

/**
 * The official Convex CLI, as this project has it installed. No value is ever put on a command line, where other
 * processes of the machine could read it: values go in by standard input. Every method throws `CommandError`.
 */
export function convexCli({ root, env, secrets, prod, hasDeployKey }: Options): ConvexCli {
  const cli = join(root, "node_modules", "convex", "bin", "main.js");
  const target = prod ? ["--prod"] : [];
  /** Secrets that the deployment holds, as far as it was asked. An error of its own may quote them. */
  let held: readonly string[] = [];

  const run = async (args: readonly string[], what: string, input = ""): Promise<string> => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: root,
      // Without CI the CLI may ask, and nobody would answer.
      env: { ...env, CI: "1" },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: DEADLINE_MS,
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    if (code !== 0)
      throw new CommandError(
        "CONVEX_CLI",
        `${what} failed.\n${tail(err, [...secrets(), ...held, ...Object.values(parse(input))])}`,
      );
    return out;
  };

  return {
    async configure(extraEnv) {
      const child = spawn(process.execPath, [cli, "dev", "--once", "--skip-push"], {
        cwd: root,
        env: { ...env, ...extraEnv },
        stdio: "inherit",
      });
      const code = await new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
      });
      if (code !== 0) {
        throw new CommandError(
          "CONVEX_CLI",
          "The Convex CLI chose no deployment: see what it said above.",
        );
      }
    },
    async address() {
      const said = await run(["function-spec", ...target], "Asking for the deployment's address");
      const parsed = vSpec.safeParse(jsonIn(said)).data;
      if (parsed) return parsed.url;
      throw new CommandError(
        "CONVEX_CLI",
        "The Convex CLI does not tell the deployment's address.",
      );
    },
    async variables() {
      const args = ["env", "list", "--include-values", ...target];
      const variables = parse(await run(args, "Reading the deployment's variables"));
      held = Object.entries(variables).flatMap(([name, value]) =>
        /KEY|TOKEN|SECRET/.test(name) ? [value] : [],
      );
      return variables;
    },
    async setVariables(values) {
      const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`);
      const args = ["env", "set", "--force", ...target];
      await run(args, "Setting the deployment's variables", lines.join(""));
    },
    async push() {
      // The generated files are part of the repository, so the push need not write them.
      const quiet = ["--codegen", "disable", "--typecheck", "disable"];
      const deploys = prod || hasDeployKey;
      const args = deploys ? ["deploy", "--yes", ...quiet] : ["dev", "--once", ...quiet];
      await run(args, "Pushing the backend");
    },
  };
}

const vSpec = z.object({ url: z.url() });

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The end of what the CLI said, without colours and secrets. */
function tail(said: string, values: readonly string[]): string {
  const secrets = values.filter((value) => value.length >= 8);
  // eslint-disable-next-line no-control-regex -- Terminal colours begin with ESC.
  const plain = said.replaceAll(/\u001b\[[\d;]*m/g, "");
  const clean = secrets.reduce((line, secret) => line.replaceAll(secret, "[redacted]"), plain);
  return clean.trim().split("\n").slice(-12).join("\n");
}
