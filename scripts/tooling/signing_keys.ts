import { exportJWK, generateKeyPair } from "jose";
import type { Role } from "../../convex/model/access/issuers.ts";

/** Both halves of a signing key, as the values of their environment variables. */
export interface RoleKeys {
  /** Value of DISCORD_BRIDGE_KEY, SLACK_BRIDGE_KEY or ADMIN_KEY: a private ES256 JWK with a `kid`, as JSON. */
  readonly privateKeyEnv: string;
  /** Value of DISCORD_BRIDGE_JWKS, SLACK_BRIDGE_JWKS or ADMIN_JWKS: the public key set as a data URI. */
  readonly jwksDataUri: string;
}

/** Generates a key for a role, or for an app's provider. The `kid` names it, so that a rotated set stays readable. */
export async function makeKeyPair(role: Role | "app"): Promise<RoleKeys> {
  const kid = `${role}-${crypto.randomUUID()}`;
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const about = { kid, alg: "ES256", use: "sig" };
  const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...about }] });
  return {
    privateKeyEnv: JSON.stringify({ ...(await exportJWK(privateKey)), ...about }),
    jwksDataUri: `data:application/json;base64,${Buffer.from(keySet).toString("base64")}`,
  };
}

/** Generates keys for every role. */
export async function makeAllKeys(): Promise<Record<Role, RoleKeys>> {
  const [discord, slack, admin] = await Promise.all([
    makeKeyPair("discord"),
    makeKeyPair("slack"),
    makeKeyPair("admin"),
  ]);
  return { discord, slack, admin };
}

/** The variables of a deployment that accepts the tokens of these keys. */
export function keySetVariables(keys: Record<Role, RoleKeys>): Record<string, string> {
  return {
    DISCORD_BRIDGE_JWKS: keys.discord.jwksDataUri,
    SLACK_BRIDGE_JWKS: keys.slack.jwksDataUri,
    ADMIN_JWKS: keys.admin.jwksDataUri,
  };
}
