import { z } from "zod";
import type { SigningKey } from "../../../bridges/core/convex/token.ts";
import type { Role } from "../../../convex/model/access/issuers.ts";

/** Each role's setting for the private key, and the deployment's variable for the key set. */
export const KEY_NAMES = {
  discord: { key: "DISCORD_BRIDGE_KEY", keySet: "DISCORD_BRIDGE_JWKS" },
  slack: { key: "SLACK_BRIDGE_KEY", keySet: "SLACK_BRIDGE_JWKS" },
  admin: { key: "ADMIN_KEY", keySet: "ADMIN_JWKS" },
} as const satisfies Record<Role, { key: string; keySet: string }>;

const vPublicKey = z.looseObject({
  kty: z.literal("EC"),
  x: z.string(),
  y: z.string(),
  kid: z.string(),
});
/** A public key as a JWK. */
export type PublicKey = z.infer<typeof vPublicKey>;
const vKeySet = z.object({ keys: z.array(vPublicKey) });

const PREFIX = "data:application/json;base64,";

/** The keys in a key set's data URI. Empty if there is no URI, undefined if it can't be parsed. */
export function readKeySet(uri: string | undefined): PublicKey[] | undefined {
  if (uri === undefined || uri === "") return [];
  const match = /^data:[^,]*?(;base64)?,(.*)$/s.exec(uri);
  if (match === null) return undefined;
  try {
    const body = match[2] ?? "";
    const text =
      match[1] === undefined ? decodeURIComponent(body) : Buffer.from(body, "base64").toString();
    return vKeySet.safeParse(JSON.parse(text)).data?.keys;
  } catch {
    return undefined;
  }
}

/** A key set as a data URI, the format that the deployment's variables have. */
export function writeKeySet(keys: readonly PublicKey[]): string {
  return PREFIX + Buffer.from(JSON.stringify({ keys })).toString("base64");
}

/** The public half of a private key. */
export function publicHalf({ kty, x, y, kid }: SigningKey): PublicKey {
  return { kty, crv: "P-256", x, y, kid, alg: "ES256", use: "sig" };
}

/** Whether a key set contains the public half of `key`. */
export function holds(keys: readonly PublicKey[], key: SigningKey): boolean {
  return keys.some(({ kid, x, y }) => kid === key.kid && x === key.x && y === key.y);
}
