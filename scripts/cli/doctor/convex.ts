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

const PUSH = "Push this version of the backend: npm run setup (or npx convex deploy)";

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
    return check.ok(
      `accepted; ${mappings.length} active ${mappings.length === 1 ? "mapping" : "mappings"}`,
    );
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
    findings: [
      keyCheck.ok("accepted"),
      versionFinding(about.version),
      ...checkAiSettings(about),
      ...checkOpenness(about),
    ],
  };
}

/** Whether strangers may use the public chat API, and limits that can't be read. Older functions report neither. */
function checkOpenness({
  publicChat,
  unreadable = [],
}: FunctionReturnType<typeof api.doctor.about>): Finding[] {
  const check = checkNamed("Public chat");
  const findings = unreadable.map((name) =>
    name === "PUBLIC_CHAT"
      ? check.error(
          "the deployment's PUBLIC_CHAT is neither open nor closed, so it is closed",
          "npx convex env set PUBLIC_CHAT closed (or open)",
        )
      : checkNamed("AI limits").error(
          `the deployment's ${name} is not a whole number, so it counts as 0: no answers`,
          `npx convex env set ${name} <number>, or npx convex env remove ${name}`,
        ),
  );
  if (unreadable.includes("PUBLIC_CHAT") || publicChat === undefined) return findings;
  const opened = {
    open: check.ok("open: anybody who knows the deployment's address may ask the AI"),
    closed: check.ok("closed: only admins may use the chat API"),
    undecided: check.warning(
      "PUBLIC_CHAT is not set, so anybody who knows the deployment's address may ask the AI, at your cost",
      "npx convex env set PUBLIC_CHAT closed; or open, if an app of yours uses the chat API",
    ),
  };
  return [...findings, opened[publicChat]];
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
