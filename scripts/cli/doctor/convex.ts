import { ConvexHttpClient } from "convex/browser";
import type { FunctionReturnType } from "convex/server";
import { ConvexError } from "convex/values";
import { mintToken, type SigningKey } from "../../../bridges/core/convex/token.ts";
import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import type { Role } from "../../../convex/model/access/issuers.ts";
import { BACKEND_VERSION } from "../../../convex/model/shared/version.ts";
import { connectTo, type Deployment } from "../channels/deployment.ts";
import { CommandError } from "../command_error.ts";
import { KEY_NAMES } from "../setup/key_sets.ts";
import { checkNamed, type Finding } from "./finding.ts";

const TIMEOUT_MS = 10_000;
/** Clock skew that a synchronised machine never has, in s. Tokens stand a minute of it. */
const TOLERATED_SKEW_S = 5;

const PUSH = "Push this version of the backend: npm run setup (or npx convex deploy)";

interface Reachability {
  readonly findings: readonly Finding[];
  readonly isReachable: boolean;
}

/** Whether a deployment responds at `url`, and whether its clock agrees with this machine's. */
export async function checkReachable(url: string): Promise<Reachability> {
  const check = checkNamed("Convex");
  const { host } = new URL(url);
  const before = Date.now();
  let response: Response;
  try {
    response = await fetch(new URL("/version", url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    const step =
      "Check CONVEX_URL and that the deployment is running (a local one: npx convex dev)";
    return { isReachable: false, findings: [check.error(`nothing responds at ${host}`, step)] };
  }
  if (!response.ok) {
    const step = "Set CONVEX_URL to the deployment URL that the dashboard or npx convex dev shows";
    return {
      isReachable: false,
      findings: [check.error(`${host} is not a Convex deployment`, step)],
    };
  }
  const after = Date.now();
  const theirs = Date.parse(response.headers.get("date") ?? "");
  const findings = [check.ok(`${host} responds`)];
  if (!Number.isNaN(theirs)) findings.push(checkClock(theirs, before, after));
  return { isReachable: true, findings };
}

/**
 * `theirs`: the deployment's clock in whole seconds, read at some time between `before` and `after` of ours. All in ms
 * since 1970.
 */
function checkClock(theirs: number, before: number, after: number): Finding {
  const check = checkNamed("Clock");
  const off = theirs > after ? theirs - after : Math.min(0, theirs + 1_000 - before);
  const seconds = Math.round(Math.abs(off) / 1_000);
  return seconds > TOLERATED_SKEW_S
    ? check.error(
        `this machine's clock is ${seconds} s ${off > 0 ? "behind" : "ahead"}: beyond a minute, Convex refuses tokens`,
        "Turn on time synchronisation (timedatectl set-ntp true)",
      )
    : check.ok("agrees with the deployment's clock");
}

/** Whether the deployment accepts the key of a platform's bridge. */
export async function checkBridgeKey(
  url: string,
  role: PlatformName,
  key: SigningKey,
): Promise<Finding> {
  const check = checkNamed(`${role} key`);
  const { key: keyName, keySet } = KEY_NAMES[role];
  try {
    const client = new ConvexHttpClient(url, {
      auth: await mintToken(role, key),
      skipConvexDeploymentUrlCheck: true,
      logger: false,
      fetch: withStatus,
    });
    const mappings = await client.query(api.bridge.mappings, {});
    return check.ok(`accepted; ${mappings.length} active mappings`);
  } catch (error) {
    if (isRefusal(error)) return check.error(...keyMismatch(role, keyName, keySet));
    return check.error("the deployment does not answer a bridge's calls", PUSH);
  }
}

/** Checks the admin's key, the version of the functions and the AI settings. Returns the connection for later checks. */
export async function checkAdmin(
  url: string,
  key: SigningKey,
): Promise<{ findings: Finding[]; deployment?: Deployment }> {
  const { key: keyName, keySet } = KEY_NAMES.admin;
  const keyCheck = checkNamed("admin key");
  const deployment = await connectTo({ url, key });
  let about;
  try {
    about = await deployment.query(api.doctor.about, {});
  } catch (error) {
    const refused =
      error instanceof CommandError && ["NOT_ADMIN", "FORBIDDEN"].includes(error.code);
    if (refused) return { findings: [keyCheck.error(...keyMismatch("admin", keyName, keySet))] };
    return {
      findings: [
        checkNamed("Backend").error("its functions are missing or are a different version", PUSH),
      ],
    };
  }
  return {
    deployment,
    findings: [keyCheck.ok("accepted"), versionFinding(about.version), ...checkAiSettings(about)],
  };
}

function checkAiSettings(about: FunctionReturnType<typeof api.doctor.about>): Finding[] {
  const check = checkNamed("AI");
  return [
    about.hasOpenAiKey
      ? check.ok(`a key is set; model ${about.model}`)
      : check.error(
          "OPENAI_API_KEY is not set on the deployment",
          "npx convex env set OPENAI_API_KEY (it prompts for the value), or npm run setup",
        ),
    ...(about.hasBadBaseUrl === true
      ? [
          check.error(
            "the deployment's OPENAI_BASE_URL is not an http or https address",
            "npm run setup -- --openai-base-url https://…, or npx convex env remove OPENAI_BASE_URL",
          ),
        ]
      : []),
  ];
}

/** Makes the deployment send the AI service a tiny request. Costs a fraction of a cent. */
export async function checkModel(deployment: Deployment): Promise<Finding> {
  const check = checkNamed("AI answer");
  const answer = await deployment.act(api.doctor.askModel, {});
  return answer.ok
    ? check.ok("the model answers")
    : check.error(
        answer.reason,
        "Fix OPENAI_API_KEY, OPENAI_MODEL or OPENAI_BASE_URL: npx convex env set NAME",
      );
}

function versionFinding(version: number): Finding {
  const check = checkNamed("Backend");
  if (version === BACKEND_VERSION) return check.ok(`version ${version}`);
  return version < BACKEND_VERSION
    ? check.error(`version ${version}, but this bridge needs ${BACKEND_VERSION}`, PUSH)
    : check.warning(
        `version ${version}, newer than this bridge's ${BACKEND_VERSION}`,
        "Update this checkout",
      );
}

function keyMismatch(role: Role, keyName: string, keySet: string): [string, string] {
  return [
    `the deployment does not accept ${keyName}: its ${keySet} does not contain this key`,
    `Run npm run setup, which adds this key, or put the matching ${role} key into .env.local`,
  ];
}

class Unauthorized extends Error {}

/** Throws `Unauthorized` for 401, which the Convex client does not distinguish from other errors. */
async function withStatus(
  input: Parameters<typeof fetch>[0],
  init?: RequestInit,
): Promise<Response> {
  const response = await fetch(input, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status === 401) throw new Unauthorized();
  return response;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Unauthorized || error instanceof ConvexError;
}
