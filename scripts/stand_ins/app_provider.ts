import { importJWK, type JWK, SignJWT } from "jose";
import type { AuthProvider } from "./convex/functions/auth.ts";
import { makeKeyPair } from "../tooling/signing_keys.ts";

const ISSUER = "https://people.playground.invalid";
const AUDIENCE = "playground";

/** How long a token is valid, in seconds. */
const TOKEN_SECONDS = 60 * 60;

/** Stands in for whoever signs in the people of an app. */
export interface AppProvider {
  /** For the deployment: what convex/auth.config.ts would say of it. */
  readonly provider: AuthProvider;
  /** A new token for a person, whose name it carries. */
  token(name: string): Promise<string>;
}

export async function makeAppProvider(): Promise<AppProvider> {
  const keys = await makeKeyPair("app");
  const jwk = JSON.parse(keys.privateKeyEnv) as JWK; // Made by makeKeyPair.
  const key = await importJWK(jwk, "ES256");
  return {
    provider: {
      type: "customJwt",
      issuer: ISSUER,
      applicationID: AUDIENCE,
      algorithm: "ES256",
      jwks: keys.jwksDataUri,
    },
    token: (name) =>
      new SignJWT({ name })
        .setProtectedHeader({ alg: "ES256", kid: jwk.kid ?? "", typ: "JWT" })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(name)
        .setIssuedAt()
        .setExpirationTime(`${TOKEN_SECONDS.toString()} s`)
        .setJti(crypto.randomUUID())
        .sign(key),
  };
}
