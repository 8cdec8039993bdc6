import { parseSigningKey, type SigningKey } from "../../../bridges/core/convex/token.ts";
import type { Role } from "../../../convex/model/access/issuers.ts";
import { CommandError } from "../command_error.ts";
import { requireMatchingUrl } from "./deployment_url.ts";
import { generateKey } from "./ensure_keys.ts";
import { nonEmpty } from "./env_file.ts";
import {
  holds,
  KEY_NAMES,
  type PublicKey,
  publicHalf,
  readKeySet,
  writeKeySet,
} from "./key_sets.ts";
import type { SetupTools } from "./setup_tools.ts";

interface RotateOptions {
  /** Removes the old keys, instead of adding a new one. */
  readonly finish: boolean;
  readonly prod: boolean;
}

/**
 * Replaces a role's key in such a way that no bridge is ever refused:
 *
 *   deployment accepts   step               then
 *   old                  rotate             the new key is in .env.local
 *   old, new             restart            the bridge signs with the new key
 *   old, new             rotate --finish    only the new key is accepted
 *
 * A crash in between leaves too many keys, never too few. Throws `CommandError`.
 */
export async function rotate(tools: SetupTools, role: Role, options: RotateOptions): Promise<void> {
  const { cli, environment, settings } = tools;
  const { key: keyName, keySet: setName } = KEY_NAMES[role];
  if (environment[keyName]) {
    throw new CommandError(
      "KEY_IN_ENVIRONMENT",
      `${keyName} is set in the environment, which overrides .env.local: remove it there first`,
    );
  }
  // A bridge key alone would turn the platform on, without a token.
  if (role !== "admin" && nonEmpty(settings()[keyName]) === undefined) {
    throw new CommandError(
      "PLATFORM_OFF",
      `${role} is off (${keyName} is not set), so there is no key to rotate. npm run setup turns it on`,
    );
  }
  await requireMatchingUrl(tools, options.prod);
  const keys = readKeySet((await cli.variables())[setName]);
  if (keys === undefined) {
    throw new CommandError(
      "BAD_KEY_SET",
      `the deployment's ${setName} can't be read: run npm run setup`,
    );
  }
  await (options.finish ? removeOldKeys(tools, role, keys) : addNewKey(tools, role, keys, options));
}

async function removeOldKeys(
  { cli, print, settings }: SetupTools,
  role: Role,
  keys: readonly PublicKey[],
): Promise<void> {
  const { key: keyName, keySet: setName } = KEY_NAMES[role];
  const own = parseSigningKey(settings()[keyName] ?? "");
  if (!own || !holds(keys, own)) {
    throw new CommandError(
      "KEYS_DIFFER",
      `${setName} does not contain ${keyName}: no key was removed. npm run setup fixes that`,
    );
  }
  if (keys.length === 1) {
    print(`${setName} contains only the key in .env.local. Nothing to do.`);
    return;
  }
  await cli.setVariables({ [setName]: writeKeySet([publicHalf(own)]) });
  print(`Removed from ${setName}: ${keys.length - 1}. Tokens of old keys are refused from now on.`);
}

async function addNewKey(
  { cli, print, save }: SetupTools,
  role: Role,
  keys: readonly PublicKey[],
  { prod }: RotateOptions,
): Promise<void> {
  const { key: keyName, keySet: setName } = KEY_NAMES[role];
  const { key, text } = await generateKey(role);
  await cli.setVariables({ [setName]: writeKeySet([...keys, publicHalf(key)]) });
  await save({ [keyName]: text });
  print(`A new ${keyName} is in .env.local; the deployment accepts both the old and the new key.`);
  print(`${nextStep(role, key)}${prod ? " --prod" : ""}`);
}

function nextStep(role: Role, { kid }: SigningKey): string {
  const restart =
    role === "admin"
      ? "Give it to everyone who uses the admin script"
      : `Restart the ${role} bridge with this .env.local, wherever it runs`;
  return `${restart} (key ${kid}), then: npm run setup -- rotate ${role} --finish`;
}
