import { CommandError } from "../command_error.ts";
import type { SetupTools } from "./run_setup.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Sees to it that CONVEX_URL is the address of the deployment that is being set up. Without `--prod` the CLI means the
 * development deployment, whatever CONVEX_URL says: keys would go there, and the bridge to the other. Throws `CommandError`.
 */
export async function ensureDeploymentUrl(tools: SetupTools, prod: boolean): Promise<void> {
  const { print, settings, save, cli, environment } = tools;
  const known = said(settings().CONVEX_URL);
  const selfHosted = said(settings().CONVEX_SELF_HOSTED_URL);
  if (known === undefined) {
    await save({ CONVEX_URL: selfHosted ?? (await cli.address()) });
  } else if (prod && said(environment.CONVEX_URL) === undefined) {
    // The CLI writes down only where the development deployment is.
    const url = await cli.address();
    if (isSame(url, known)) return;
    await save({ CONVEX_URL: url });
    print(`CONVEX_URL: the production deployment, ${url}.`);
  } else {
    await requireMatchingUrl(tools, prod);
    if (said(environment.CONVEX_URL) !== undefined) {
      print("CONVEX_URL of the environment counts, whatever .env.local says.");
    }
  }
}

/** Throws `CommandError` when the bridge is sent to another deployment than the one that would be changed. */
export async function requireMatchingUrl(
  { cli, settings }: Pick<SetupTools, "cli" | "settings">,
  prod: boolean,
): Promise<void> {
  const now = settings();
  const known = said(now.CONVEX_URL);
  // One that is self-hosted may well have an address for the CLI and another for bridges.
  if (known === undefined || said(now.CONVEX_SELF_HOSTED_URL) !== undefined) return;
  const hasDeployKey = said(now.CONVEX_DEPLOY_KEY) !== undefined;
  if (isLocalDeployment(now.CONVEX_DEPLOYMENT) && !prod && !hasDeployKey) {
    // It need not run now, so it can't be asked.
    if (URL.canParse(known) && LOOPBACK.includes(new URL(known).hostname)) return;
    throw differs(known, "the one on this machine (CONVEX_DEPLOYMENT)", "add --prod");
  }
  const target = await cli.address();
  if (isSame(target, known)) return;
  const way = hasDeployKey
    ? "take CONVEX_DEPLOY_KEY out"
    : prod
      ? "leave --prod out"
      : "add --prod if that is the production deployment";
  throw differs(known, target, way);
}

/** Of a deployment's name, as the CLI writes it down. */
export function isLocalDeployment(name = ""): boolean {
  return /^(?:local|anonymous):/.test(name);
}

function differs(known: string, target: string, way: string): CommandError {
  return new CommandError(
    "OTHER_DEPLOYMENT",
    `CONVEX_URL is ${known}, but this would change ${target}. Nothing was changed: ${way}, or take CONVEX_URL out (npm run setup fills it in)`,
  );
}

function isSame(one: string, other: string): boolean {
  return one.replace(/\/+$/, "") === other.replace(/\/+$/, "");
}

/** Empty counts as not set. */
function said(value: string | undefined): string | undefined {
  const text = value?.trim() ?? "";
  return text === "" ? undefined : text;
}
