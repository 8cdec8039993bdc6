import { anyApi, type ApiFromModules, type FilterApi, type FunctionReference } from "convex/server";
import { importJWK, type JWK, SignJWT } from "jose";
import { join } from "node:path";
import type { Role } from "../../../convex/model/access/issuers.ts";
import { AUDIENCE, ISSUERS } from "../../../convex/model/access/issuers.ts";
import type * as limits from "./fixture/limits.ts";
import type * as notes from "./fixture/notes.ts";
import type * as search from "./fixture/search.ts";
import type { RoleKeys } from "../../tooling/signing_keys.ts";

/* Shared by the tests of the local deployment. */

type Modules = ApiFromModules<{
  limits: typeof limits;
  notes: typeof notes;
  search: typeof search;
}>;

/** The fixture's functions, typed; `anyApi` resolves any name. */
export const api = anyApi as unknown as FilterApi<
  Modules,
  FunctionReference<"query" | "mutation" | "action">
>;
export const internal = anyApi as unknown as FilterApi<
  Modules,
  FunctionReference<"query" | "mutation" | "action", "internal">
>;

export const functionsDir = join(import.meta.dirname, "fixture");

export interface TokenClaims {
  readonly issuer?: string;
  readonly audience?: string;
  readonly kid?: string;
  /** Unix seconds. */
  readonly expiresAt?: number;
  readonly issuedAt?: number;
}

/** A token of a role, signed with `keys`; valid unless `claims` make it invalid. */
export async function tokenOf(role: Role, keys: RoleKeys, claims: TokenClaims = {}) {
  const key = JSON.parse(keys.privateKeyEnv) as JWK; // Made by makeKeyPair.
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: "ES256", kid: claims.kid ?? key.kid ?? "" })
    .setIssuer(claims.issuer ?? ISSUERS[role])
    .setAudience(claims.audience ?? AUDIENCE)
    .setSubject(`${role}-bridge`)
    .setIssuedAt(claims.issuedAt ?? now - 60)
    .setExpirationTime(claims.expiresAt ?? now + 3600)
    .sign(await importJWK(key, "ES256"));
}
