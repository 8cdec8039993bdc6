import { parseSigningKey, type SigningKey } from "../../../bridges/core/convex/token.ts";
import type { Role } from "../../../convex/model/access/issuers.ts";
import { Failure } from "../channels/failure.ts";
import { makeKeyPair } from "../../tooling/signing_keys.ts";
import { holds, KEY_NAMES, publicHalf, readKeySet, writeKeySet } from "./key_sets.ts";
import type { SetupTools } from "./run_setup.ts";
import { expectAddress } from "./settle_address.ts";

/**
 * Changes a role's key with no moment in which it is refused:
 *
 *   old          -- rotate -->    old + new on the deployment, then new in .env.local
 *   old + new    -- restart -->   the bridge signs with the new one
 *   old + new    -- finish -->    new
 *
 * A crash in between leaves more keys than needed, never fewer. Throws `Failure`.
 */
export async function rotate(
  tools: SetupTools,
  role: Role,
  { finish, prod }: { readonly finish: boolean; readonly prod: boolean },
): Promise<void> {
  const { cli, print, save, settings } = tools;
  const { key: keyName, keySet: setName } = KEY_NAMES[role];
  if (tools.environment[keyName]) {
    throw new Failure(
      "KEY_IN_ENVIRONMENT",
      `${keyName} is set in the environment, which counts before .env.local: take it out there first`,
    );
  }
  // A key of its own would turn the platform on, without its token.
  if (role !== "admin" && (settings()[keyName] ?? "").trim() === "") {
    throw new Failure(
      "PLATFORM_OFF",
      `${role} is off here (no ${keyName}): nothing to change. npm run setup turns it on`,
    );
  }
  await expectAddress(tools, prod);
  const known = readKeySet((await cli.variables())[setName]);
  if (known === undefined)
    throw new Failure(
      "BAD_KEY_SET",
      `the deployment's ${setName} can't be read: run npm run setup`,
    );
  const own = parseSigningKey(settings()[keyName] ?? "");

  if (finish) {
    if (!own || !holds(known, own)) {
      throw new Failure(
        "KEYS_DIFFER",
        `${setName} does not hold ${keyName}: nothing was taken away. npm run setup mends that`,
      );
    }
    if (known.length === 1) {
      print(`${setName} holds only the key of .env.local. Nothing to do.`);
      return;
    }
    await cli.setVariables({ [setName]: writeKeySet([publicHalf(own)]) });
    print(
      `Taken away from ${setName}: ${known.length - 1}. Tokens of old keys are refused from now on.`,
    );
    return;
  }

  const { privateKeyEnv } = await makeKeyPair(role);
  const fresh = parseSigningKey(privateKeyEnv);
  if (!fresh) throw new Error("the key just made is not a key");
  await cli.setVariables({ [setName]: writeKeySet([...known, publicHalf(fresh)]) });
  await save({ [keyName]: privateKeyEnv });
  print(`A new ${keyName} is in .env.local; the deployment takes the old one and the new one.`);
  print(`${afterwards(role, fresh)}${prod ? " --prod" : ""}`);
}

function afterwards(role: Role, { kid }: SigningKey): string {
  const restart =
    role === "admin"
      ? "Give it to everybody who uses the admin script"
      : `Restart the ${role} bridge, wherever it runs, with this .env.local`;
  return `${restart} (key ${kid}), then: npm run setup -- rotate ${role} --finish`;
}
