import { parseSigningKey, type SigningKey } from "../../../bridges/core/convex/token.ts";
import type { PlatformName } from "../../../bridges/platform.ts";
import type { Role } from "../../../convex/model/access/issuers.ts";
import { Failure } from "../channels/failure.ts";
import { makeKeyPair } from "../../tooling/signing_keys.ts";
import { holds, KEY_NAMES, publicHalf, readKeySet, writeKeySet } from "./key_sets.ts";
import type { SetupTools } from "./run_setup.ts";

interface Settled {
  /** What the deployment's variables should be. */
  readonly variables: Record<string, string>;
  /** What was done about each key, for the person who watches. */
  readonly said: readonly string[];
}

/**
 * Sees to it that each role that is used has a private key here whose public half the deployment holds. A platform that
 * isn't used gets an empty set, which nobody can sign for: an unset variable would fail the push. Saves new
 * private keys. Throws `Failure`.
 */
export async function settleKeys(
  tools: Pick<SetupTools, "settings" | "save" | "ask" | "mayChangeKeys">,
  platforms: readonly PlatformName[],
  there: Readonly<Record<string, string>>,
): Promise<Settled> {
  const variables: Record<string, string> = {};
  const said: string[] = [];
  for (const role of ["discord", "slack", "admin"] as const) {
    const { key: keyName, keySet: setName } = KEY_NAMES[role];
    const known = readKeySet(there[setName]);
    if (role !== "admin" && !platforms.includes(role)) {
      if (there[setName] === undefined) {
        variables[setName] = writeKeySet([]);
        said.push(`${setName}: an empty set, as ${role} is off.`);
      }
      continue;
    }
    const own = ownKey(tools.settings()[keyName], keyName);
    if (own && known && holds(known, own)) {
      said.push(`${keyName}: fits the deployment's ${setName}.`);
      continue;
    }
    if (known === undefined || known.length > 0)
      await consent(tools, role, own !== undefined, known);
    const key = own ?? (await newKey(tools, role));
    variables[setName] = writeKeySet([...(known ?? []), publicHalf(key)]);
    said.push(
      own
        ? `${setName}: has the key of this machine now.`
        : `${keyName}: made, and its public half added to ${setName}.`,
    );
  }
  return { variables, said };
}

/** A key that is there is never written over: it may be the only one that some bridge has. */
function ownKey(text: string | undefined, name: string): SigningKey | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const key = parseSigningKey(text.trim());
  if (key) return key;
  throw new Failure(
    "BAD_KEY",
    `${name} is not a private P-256 key as a JWK. Remove it from .env.local to have a new one made`,
  );
}

async function consent(
  { ask, mayChangeKeys }: Pick<SetupTools, "ask" | "mayChangeKeys">,
  role: Role,
  hasOwn: boolean,
  known: readonly unknown[] | undefined,
): Promise<void> {
  const { key, keySet } = KEY_NAMES[role];
  const what =
    known === undefined
      ? `The deployment's ${keySet} can't be read. Replace it?`
      : hasOwn
        ? `The deployment's ${keySet} holds other keys than ${key}. Add this one (the others keep working)?`
        : `The deployment's ${keySet} holds keys of another machine. Make one for this machine too (the others keep working)?`;
  if (mayChangeKeys || (await ask.confirm(what))) return;
  throw new Failure(
    "KEYS_DIFFER",
    `${what}\nNot changed. --change-keys allows it, or put the right ${key} into .env.local`,
  );
}

/** Makes and saves a key, and reads it back as a bridge will. */
async function newKey({ save }: Pick<SetupTools, "save">, role: Role): Promise<SigningKey> {
  const { privateKeyEnv } = await makeKeyPair(role);
  const key = parseSigningKey(privateKeyEnv);
  if (!key) throw new Error("the key just made is not a key");
  await save({ [KEY_NAMES[role].key]: privateKeyEnv });
  return key;
}
