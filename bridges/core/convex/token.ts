import { createPrivateKey, type JsonWebKey } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import { z } from "zod";
import { AUDIENCE, ISSUERS, type Role } from "../../../convex/model/access/issuers.ts";

/** Each new token re-runs every subscription, as billed calls (docs/races.md#a-token-refresh-re-runs-subscriptions). */
export const TOKEN_SECONDS = 60 * 60;

/**
 * How long ago a token claims to have been issued. Convex refuses one that is issued more than 5 s ahead of its own
 * clock, and this machine's clock may be ahead (docs/races.md#a-clock-that-runs-ahead).
 */
export const BACKDATED_SECONDS = 60;

const coordinate = z.string().regex(/^[\w-]{43}$/);

const signingKey = z
  .object({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: coordinate,
    y: coordinate,
    d: coordinate,
    kid: z.string().min(1),
  })
  .refine(isPointOnCurve);

/** A private P-256 key as a JWK (RFC 7517). `kid` names its public half in the deployment's key set. */
export type SigningKey = z.infer<typeof signingKey>;

/** The key in a JWK's JSON text, or undefined if it is not one. Never reveals what it read. */
export function parseSigningKey(text: string): SigningKey | undefined {
  const parsed = signingKey.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

/**
 * A new token for `role`, valid for an hour from `now`. Each call makes another one, because the Convex client stops
 * refreshing if the new token equals the old one. `now` in ms since 1970. Throws if the key can't sign.
 */
export async function mintToken(role: Role, key: SigningKey, now = Date.now()): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: "ES256", kid: key.kid, typ: "JWT" })
    .setIssuer(ISSUERS[role])
    .setAudience(AUDIENCE)
    .setSubject(role === "admin" ? "admin" : `bridge:${role}`)
    .setIssuedAt(issuedAt - BACKDATED_SECONDS)
    .setExpirationTime(issuedAt + TOKEN_SECONDS)
    .sign(await importJWK(key, "ES256"));
}

function isPointOnCurve(key: JsonWebKey): boolean {
  try {
    createPrivateKey({ key, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
