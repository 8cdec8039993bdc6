import { ConvexHttpClient } from "convex/browser";
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

const REACH_MS = 10_000;
/** Convex forgives a token 5 s. */
const SKEW_FORGIVEN_S = 5;

const PUSH = "Push this version of the backend: npm run setup (or npx convex deploy)";

interface Reached {
  readonly findings: readonly Finding[];
  readonly isReachable: boolean;
}

/** Whether a deployment answers there, and whether its clock and ours agree. */
export async function checkReach(url: string): Promise<Reached> {
  const check = checkNamed("Convex");
  const { host } = new URL(url);
  const before = Date.now();
  let response: Response;
  try {
    response = await fetch(new URL("/version", url), { signal: AbortSignal.timeout(REACH_MS) });
  } catch {
    const step = "Check CONVEX_URL, and that the deployment runs (a local one: npx convex dev)";
    return { isReachable: false, findings: [check.error(`nothing answers at ${host}`, step)] };
  }
  if (!response.ok) {
    const step =
      "Check CONVEX_URL: the deployment's address, as the dashboard or npx convex dev shows it";
    return { isReachable: false, findings: [check.error(`${host} is no Convex deployment`, step)] };
  }
  const after = Date.now();
  const theirs = Date.parse(response.headers.get("date") ?? "");
  const findings = [check.ok(`${host} answers`)];
  if (!Number.isNaN(theirs)) findings.push(skew(theirs, before, after));
  return { isReachable: true, findings };
}

/** Their clock tells whole seconds, at some moment between our `before` and `after`. All in ms since 1970. */
function skew(theirs: number, before: number, after: number): Finding {
  const check = checkNamed("Clock");
  const off = theirs > after ? theirs - after : Math.min(0, theirs + 1_000 - before);
  const seconds = Math.round(Math.abs(off) / 1_000);
  return seconds > SKEW_FORGIVEN_S
    ? check.error(
        `this machine's clock is ${seconds} s ${off > 0 ? "behind" : "ahead"}: tokens will be refused`,
        "Turn time synchronisation on (timedatectl set-ntp true)",
      )
    : check.ok("agrees with the deployment's");
}

/** Whether the deployment takes a platform's key, as that platform's bridge. */
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
    return check.ok(`accepted; ${mappings.length} mapped channels are active`);
  } catch (error) {
    if (isRefusal(error)) return check.error(...mismatch(role, keyName, keySet));
    return check.error("the deployment does not answer a bridge's questions", PUSH);
  }
}

/** The admin's key, the version of the functions and the AI settings; the connection for what follows. */
export async function checkAdmin(
  url: string,
  key: SigningKey,
): Promise<{ findings: Finding[]; deployment?: Deployment }> {
  const { key: keyName, keySet } = KEY_NAMES.admin;
  const keyCheck = checkNamed("admin key");
  const deployment = await connectTo({ url, key });
  let told;
  try {
    told = await deployment.query(api.doctor.about, {});
  } catch (error) {
    const refused =
      error instanceof CommandError && ["NOT_ADMIN", "FORBIDDEN"].includes(error.code);
    if (refused) return { findings: [keyCheck.error(...mismatch("admin", keyName, keySet))] };
    return {
      findings: [
        checkNamed("Backend").error("its functions are not this version's, or not there", PUSH),
      ],
    };
  }
  return {
    deployment,
    findings: [
      keyCheck.ok("accepted"),
      versionFinding(told.version),
      told.hasOpenAiKey
        ? checkNamed("AI").ok(`a key is set; model ${told.model}`)
        : checkNamed("AI").error(
            "OPENAI_API_KEY is not set on the deployment",
            "npx convex env set OPENAI_API_KEY (asks for it), or npm run setup",
          ),
      ...(told.hasBadBaseUrl === true
        ? [
            checkNamed("AI").error(
              "OPENAI_BASE_URL of the deployment is not an http or https address",
              "npm run setup -- --openai-base-url https://…, or npx convex env remove OPENAI_BASE_URL",
            ),
          ]
        : []),
    ],
  };
}

/** One tiny question to the AI service, by the deployment. Costs a fraction of a cent. */
export async function checkModel(deployment: Deployment): Promise<Finding> {
  const check = checkNamed("AI answer");
  const answer = await deployment.act(api.doctor.askModel, {});
  return answer.ok
    ? check.ok("the model answers")
    : check.error(
        answer.reason,
        "Mend OPENAI_API_KEY, OPENAI_MODEL or OPENAI_BASE_URL: npx convex env set NAME",
      );
}

function versionFinding(version: number): Finding {
  const check = checkNamed("Backend");
  if (version === BACKEND_VERSION) return check.ok(`version ${version}`);
  return version < BACKEND_VERSION
    ? check.error(`version ${version}, and this bridge needs ${BACKEND_VERSION}`, PUSH)
    : check.warning(
        `version ${version}, newer than this bridge's ${BACKEND_VERSION}`,
        "Update this checkout",
      );
}

function mismatch(role: Role, keyName: string, keySet: string): [string, string] {
  return [
    `the deployment does not accept ${keyName}: its ${keySet} holds another key`,
    `Run npm run setup (it adds this key), or put the key of ${role} that fits into .env.local`,
  ];
}

class Unauthorized extends Error {}

/** The Convex client reports every refusal alike. */
async function withStatus(
  input: Parameters<typeof fetch>[0],
  init?: RequestInit,
): Promise<Response> {
  const response = await fetch(input, { ...init, signal: AbortSignal.timeout(REACH_MS) });
  if (response.status === 401) throw new Unauthorized();
  return response;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Unauthorized || error instanceof ConvexError;
}
