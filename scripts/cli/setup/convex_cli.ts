import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "dotenv";
import { z } from "zod";
import { CommandError } from "../command_error.ts";

/** Longest time a non-interactive command may take. A push to a slow machine takes longest. */
const TIMEOUT_MS = 180_000;

/** The commands of the Convex CLI that setup needs. Every method throws `CommandError`. */
export interface ConvexCli {
  /** Selects or creates a deployment, interactively, and writes its URL to `.env.local`. */
  configure(extraEnv: Readonly<Record<string, string>>): Promise<void>;
  /** The deployment's URL. */
  deploymentUrl(): Promise<string>;
  /** The deployment's environment variables. */
  variables(): Promise<Readonly<Record<string, string>>>;
  /** Sets environment variables of the deployment, in one call. */
  setVariables(values: Readonly<Record<string, string>>): Promise<void>;
  /** Pushes `convex/` to the deployment. */
  push(): Promise<void>;
}

interface Options {
  /** The project's directory. */
  readonly root: string;
  /** The CLI's environment. The CLI also reads the project's `.env.local`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values to redact in the CLI's output. */
  readonly secrets: () => readonly string[];
  /** Work on the production deployment instead of the development one. */
  readonly prod: boolean;
  /** Whether CONVEX_DEPLOY_KEY is set: it selects the deployment, and only `deploy` may push with it. */
  readonly hasDeployKey: boolean;
}

/**
 * The official Convex CLI that this project has installed. Values go through standard input and never on a command line,
 * where other processes of the machine could read them.
 */
export function convexCli({ root, env, secrets, prod, hasDeployKey }: Options): ConvexCli {
  const cli = join(root, "node_modules", "convex", "bin", "main.js");
  const target = prod ? ["--prod"] : [];
  /** Secrets among the deployment's variables, once they have been read: the deployment's errors may quote them. */
  let deployedSecrets: readonly string[] = [];

  const run = async (args: readonly string[], what: string, input = ""): Promise<string> => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: root,
      // Without CI the CLI may prompt and wait forever.
      env: { ...env, CI: "1" },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
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
        `${what} failed.\n${tail(err, [...secrets(), ...deployedSecrets, ...Object.values(parse(input))])}${err.includes("commitTs") ? OLD_BACKEND : ""}`,
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
          "The Convex CLI did not select a deployment; see its output above.",
        );
      }
    },
    async deploymentUrl() {
      const output = await run(["function-spec", ...target], "Reading the deployment's URL");
      const parsed = vSpec.safeParse(parseJson(output)).data;
      if (parsed) return parsed.url;
      throw new CommandError("CONVEX_CLI", "The Convex CLI did not print the deployment's URL.");
    },
    async variables() {
      const args = ["env", "list", "--include-values", ...target];
      const variables = parse(await run(args, "Reading the deployment's variables"));
      deployedSecrets = Object.entries(variables).flatMap(([name, value]) =>
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
      // The generated files are committed, so the push need not write them.
      const options = ["--codegen", "disable", "--typecheck", "disable"];
      const deploys = prod || hasDeployKey;
      const args = deploys ? ["deploy", "--yes", ...options] : ["dev", "--once", ...options];
      await run(args, "Pushing the backend");
    },
  };
}

/**
 * The rate limiter's schema has a `commitTs` field, a type that Convex backends from before 22 July 2026 refuse. Only a
 * self-hosted or local backend can be that old.
 */
const OLD_BACKEND = `

The deployment's Convex backend seems too old: it does not know the type commitTs. This version needs a backend from
22 July 2026 or later. A self-hosted one shows its own version at <its address>/version. Update the backend, then run
setup again.`;

const vSpec = z.object({ url: z.url() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The last lines of the CLI's output, with secrets redacted and colours removed. */
function tail(output: string, values: readonly string[]): string {
  const secrets = values.filter((value) => value.length >= 8);
  // eslint-disable-next-line no-control-regex -- Terminal colours start with ESC.
  const plain = output.replaceAll(/\u001b\[[\d;]*m/g, "");
  const clean = secrets.reduce((line, secret) => line.replaceAll(secret, "[redacted]"), plain);
  return clean.trim().split("\n").slice(-12).join("\n");
}
