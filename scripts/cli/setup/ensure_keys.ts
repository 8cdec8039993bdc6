import { parseSigningKey, type SigningKey } from "../../../bridges/core/convex/token.ts";
import type { PlatformName } from "../../../bridges/platform.ts";
import type { Role } from "../../../convex/model/access/issuers.ts";
import { makeKeyPair } from "../../tooling/signing_keys.ts";
import { CommandError } from "../command_error.ts";
import { holds, KEY_NAMES, publicHalf, readKeySet, writeKeySet } from "./key_sets.ts";
import type { SetupTools } from "./setup_tools.ts";

interface KeyChanges {
  /** Variables to set on the deployment. */
  readonly variables: Record<string, string>;
  /** What was done about each key, to print. */
  readonly messages: readonly string[];
}

/**
 * Makes sure that each role in use has a private key in `.env.local` whose public half is in the deployment's key set.
 * A platform that is off gets an empty key set, which accepts no signature: an unset variable would fail the push. Saves
 * new private keys. Throws `CommandError`.
 */
export async function ensureKeys(
  tools: Pick<SetupTools, "settings" | "save" | "prompts" | "mayChangeKeys">,
  platforms: readonly PlatformName[],
  deployed: Readonly<Record<string, string>>,
): Promise<KeyChanges> {
  const variables: Record<string, string> = {};
  const messages: string[] = [];
  for (const role of ["discord", "slack", "admin"] as const) {
    const { key: keyName, keySet: setName } = KEY_NAMES[role];
    const keys = readKeySet(deployed[setName]);
    if (role !== "admin" && !platforms.includes(role)) {
      if (deployed[setName] === undefined) {
        variables[setName] = writeKeySet([]);
        messages.push(`${setName}: empty, because ${role} is off.`);
      }
      continue;
    }
    const own = readOwnKey(tools.settings()[keyName], keyName);
    if (own && keys && holds(keys, own)) {
      messages.push(`${keyName}: matches the deployment's ${setName}.`);
      continue;
    }
    if (keys === undefined || keys.length > 0)
      await requireConsent(tools, role, own !== undefined, keys);
    const key = own ?? (await createKey(tools, role));
    variables[setName] = writeKeySet([...(keys ?? []), publicHalf(key)]);
    messages.push(
      own
        ? `${setName}: added this machine's public key.`
        : `${keyName}: created; its public half is added to ${setName}.`,
    );
  }
  return { variables, messages };
}

/** Never overwrites an invalid key: it may be damaged, and the only copy. */
function readOwnKey(text: string | undefined, name: string): SigningKey | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const key = parseSigningKey(text.trim());
  if (key) return key;
  throw new CommandError(
    "BAD_KEY",
    `${name} is not a private P-256 key as a JWK. Remove it from .env.local to have a new one created`,
  );
}

async function requireConsent(
  { prompts, mayChangeKeys }: Pick<SetupTools, "prompts" | "mayChangeKeys">,
  role: Role,
  hasOwn: boolean,
  keys: readonly unknown[] | undefined,
): Promise<void> {
  const { key, keySet } = KEY_NAMES[role];
  const question =
    keys === undefined
      ? `The deployment's ${keySet} can't be read. Replace it?`
      : hasOwn
        ? `The deployment's ${keySet} does not contain ${key}. Add it (the other keys keep working)?`
        : `The deployment's ${keySet} contains another machine's keys. Create one for this machine too (the others keep working)?`;
  if (mayChangeKeys || (await prompts.confirm(question))) return;
  throw new CommandError(
    "KEYS_DIFFER",
    `${question}\nNot changed. Allow it with --change-keys, or put the right ${key} into .env.local`,
  );
}

async function createKey({ save }: Pick<SetupTools, "save">, role: Role): Promise<SigningKey> {
  const { key, text } = await generateKey(role);
  await save({ [KEY_NAMES[role].key]: text });
  return key;
}

/** Generates a private key; `text` is the value of its setting. */
export async function generateKey(
  role: Role,
): Promise<{ readonly key: SigningKey; readonly text: string }> {
  const { privateKeyEnv: text } = await makeKeyPair(role);
  const key = parseSigningKey(text);
  if (!key) throw new Error("the generated key can't be parsed");
  return { key, text };
}
