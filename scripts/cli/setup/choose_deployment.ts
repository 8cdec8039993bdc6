import type { Env } from "../../../bridges/config/env_files.ts";
import { CommandError } from "../command_error.ts";
import { ensureDeploymentUrl, isLocalDeployment } from "./deployment_url.ts";
import { nonEmpty } from "./env_file.ts";
import type { Hosting, SetupChoices, SetupTools } from "./setup_tools.ts";
import { saveSelfHosted } from "./self_hosted.ts";

/** Settings that select a deployment, each on its own. */
const SELECTING = ["CONVEX_SELF_HOSTED_URL", "CONVEX_DEPLOYMENT", "CONVEX_DEPLOY_KEY"] as const;

/** How to say without a terminal where Convex runs. */
const INSTEAD =
  "pass --convex cloud, local or self-hosted, or set CONVEX_DEPLOY_KEY for Convex Cloud (docs/setup.md)";

/** What the CLI does next, and what to choose in its menu, whose first choice is the other one. */
const ANNOUNCEMENT = {
  cloud:
    'Starting the Convex CLI. If it asks whether to log in, choose "Login or create an account": its first choice would run Convex on this machine.',
  local: "Starting the Convex CLI, which sets up Convex on this machine, without an account.",
} as const;

/** Keeps the configured deployment, or selects one, and saves its URL. Throws `CommandError`. */
export async function chooseDeployment(tools: SetupTools, choices: SetupChoices): Promise<void> {
  const { prompts, print, settings, save, cli } = tools;
  const before = settings();
  const isConfigured = SELECTING.some((name) => has(before, name));
  // The address is saved before the key is typed.
  const lacksKey =
    has(before, "CONVEX_SELF_HOSTED_URL") && !has(before, "CONVEX_SELF_HOSTED_ADMIN_KEY");
  if (choices.hosting !== undefined) requireSameHosting(choices.hosting, before);
  const hosting =
    choices.hosting ??
    (isConfigured
      ? lacksKey && prompts.canAsk
        ? "self-hosted"
        : undefined
      : await prompts.choose<Hosting>("Where should Convex run?", INSTEAD, [
          { value: "cloud", name: "Convex Cloud (needs an account; free to start)" },
          {
            value: "local",
            name: "on this machine (no account; runs while `npx convex dev` runs)",
          },
          { value: "self-hosted", name: "a Convex backend that you host" },
        ]));
  // The CLI writes URLs to these names if .env.local has them; otherwise to VITE_ names, because Vite is installed.
  const unset = ["CONVEX_URL", "CONVEX_SITE_URL"].filter((name) => before[name] === undefined);
  await save(Object.fromEntries(unset.map((name) => [name, ""])));
  if (hosting === "self-hosted") {
    await saveSelfHosted(tools, choices.selfHostedUrl);
  } else if (hosting !== undefined && !isConfigured) {
    print(ANNOUNCEMENT[hosting]);
    await cli.configure(hosting === "local" ? { CONVEX_AGENT_MODE: "anonymous" } : {});
  } else if (hosting !== undefined) {
    print("Keeping the configured deployment. To choose another, remove it from .env.local.");
  }
  await ensureDeploymentUrl(tools, choices.prod);
}

/** Throws `CommandError` if `--convex` contradicts the settings: the CLI would follow the settings. */
function requireSameHosting(hosting: Hosting, settings: Env): void {
  const configured = configuredHosting(settings);
  if (configured === undefined || configured === hosting) return;
  const names = [...SELECTING, "CONVEX_SELF_HOSTED_ADMIN_KEY", "CONVEX_URL", "CONVEX_SITE_URL"];
  const present = names.filter((name) => has(settings, name));
  throw new CommandError(
    "OTHER_CONVEX",
    `the configured Convex is ${configured}, not ${hosting}. To change that, remove these from .env.local: ${present.join(", ")}`,
  );
}

function configuredHosting(settings: Env): Hosting | undefined {
  if (has(settings, "CONVEX_SELF_HOSTED_URL")) return "self-hosted";
  const deployment = nonEmpty(settings.CONVEX_DEPLOYMENT);
  if (deployment !== undefined) return isLocalDeployment(deployment) ? "local" : "cloud";
  return has(settings, "CONVEX_DEPLOY_KEY") ? "cloud" : undefined;
}

function has(env: Env, name: string): boolean {
  return nonEmpty(env[name]) !== undefined;
}
