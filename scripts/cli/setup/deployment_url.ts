import { CommandError } from "../command_error.ts";
import { nonEmpty } from "./env_file.ts";
import type { SetupTools } from "./setup_tools.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Makes CONVEX_URL the URL of the deployment being set up. Without `--prod` the CLI works on the development deployment
 * whatever CONVEX_URL is: setup would add the keys to one deployment and send the bridge to another. Throws
 * `CommandError`.
 */
export async function ensureDeploymentUrl(tools: SetupTools, prod: boolean): Promise<void> {
  const { print, settings, save, cli, environment } = tools;
  const current = nonEmpty(settings().CONVEX_URL);
  const selfHosted = nonEmpty(settings().CONVEX_SELF_HOSTED_URL);
  if (current === undefined) {
    await save({ CONVEX_URL: selfHosted ?? (await cli.deploymentUrl()) });
  } else if (prod && nonEmpty(environment.CONVEX_URL) === undefined) {
    // The CLI writes only the development deployment's URL to .env.local.
    const url = await cli.deploymentUrl();
    if (isSame(url, current)) return;
    await save({ CONVEX_URL: url });
    print(`CONVEX_URL: the production deployment, ${url}.`);
  } else {
    await requireMatchingUrl(tools, prod);
    if (nonEmpty(environment.CONVEX_URL) !== undefined) {
      print("CONVEX_URL is set in the environment, which overrides .env.local.");
    }
  }
}

/** Throws `CommandError` if CONVEX_URL is not the deployment that would be changed. */
export async function requireMatchingUrl(
  { cli, settings }: Pick<SetupTools, "cli" | "settings">,
  prod: boolean,
): Promise<void> {
  const now = settings();
  const current = nonEmpty(now.CONVEX_URL);
  // A self-hosted deployment may have one URL for the CLI and another for bridges.
  if (current === undefined || nonEmpty(now.CONVEX_SELF_HOSTED_URL) !== undefined) return;
  const hasDeployKey = nonEmpty(now.CONVEX_DEPLOY_KEY) !== undefined;
  if (isLocalDeployment(now.CONVEX_DEPLOYMENT) && !prod && !hasDeployKey) {
    // The CLI can't report the URL of a local deployment that is not running.
    if (URL.canParse(current) && LOOPBACK.includes(new URL(current).hostname)) return;
    throw mismatch(current, "the one on this machine (CONVEX_DEPLOYMENT)", "add --prod");
  }
  const target = await cli.deploymentUrl();
  if (isSame(target, current)) return;
  const fix = hasDeployKey
    ? "remove CONVEX_DEPLOY_KEY"
    : prod
      ? "omit --prod"
      : "add --prod if that is the production deployment";
  throw mismatch(current, target, fix);
}

/** Whether this is the name of a local deployment, as the CLI writes it to CONVEX_DEPLOYMENT. */
export function isLocalDeployment(name = ""): boolean {
  return /^(?:local|anonymous):/.test(name);
}

function mismatch(current: string, target: string, fix: string): CommandError {
  return new CommandError(
    "OTHER_DEPLOYMENT",
    `CONVEX_URL is ${current}, but this would change ${target}. Nothing was changed: ${fix}, or remove CONVEX_URL (npm run setup sets it)`,
  );
}

function isSame(one: string, other: string): boolean {
  return one.replace(/\/+$/, "") === other.replace(/\/+$/, "");
}
