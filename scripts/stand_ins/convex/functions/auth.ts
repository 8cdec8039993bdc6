import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
} from "jose";
import { z } from "zod";

/** A provider whose keys are a data URI. */
export const vAuthProvider = z.object({
  type: z.literal("customJwt"),
  issuer: z.string(),
  applicationID: z.string().optional(),
  algorithm: z.enum(["ES256", "RS256"]),
  jwks: z.string(),
});
export type AuthProvider = z.infer<typeof vAuthProvider>;

/** An app's, whose keys are in the network. Nobody can sign in with it here. */
const vRemoteProvider = z.union([
  z.object({
    type: z.undefined().optional(),
    domain: z.string().optional(),
    applicationID: z.string(),
  }),
  vAuthProvider.extend({ jwks: z.url({ protocol: /^https?$/ }) }),
]);
const vConfig = z.object({ providers: z.array(z.union([vRemoteProvider, vAuthProvider])) });

const vKeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** The caller: the token's claims as `ctx.auth.getUserIdentity()` returns them. */
export interface Caller {
  readonly attributes: {
    readonly subject: string;
    readonly issuer: string;
    readonly tokenIdentifier: string;
    readonly [claim: string]: string | number | boolean | null;
  };
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The token is refused. The server answers `code` and `message` with HTTP status 401. */
export class RefusedToken extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Verifies tokens against an auth.config.ts: those of `customJwt` providers whose keys are a data URI. */
export class TokenVerifier {
  readonly #providers: readonly AuthProvider[];

  /** `config` is the default export of auth.config.ts, `others` are trusted too. Throws a ZodError for odd providers. */
  constructor(config: unknown, others: readonly AuthProvider[] = []) {
    const { providers } = config === undefined ? { providers: [] } : vConfig.parse(config);
    const isLocal = (provider: (typeof providers)[number]): provider is AuthProvider =>
      "jwks" in provider && !/^https?:/.test(provider.jwks);
    this.#providers = [...providers.filter(isLocal), ...others];
  }

  /** Throws `RefusedToken`. */
  async verify(token: string): Promise<Caller> {
    const claims = decoded(token);
    const audiences = [claims.aud ?? []].flat();
    const provider = this.#providers.find(
      ({ issuer, applicationID }) =>
        issuer === claims.iss && (applicationID === undefined || audiences.includes(applicationID)),
    );
    if (!provider) {
      throw new RefusedToken("NoAuthProvider", "No auth provider found matching the given token");
    }
    try {
      if ((claims.iat ?? 0) > Date.now() / 1000 + MOST_AHEAD_S)
        throw new errors.JWTClaimValidationFailed("iat", claims);
      const { payload } = await jwtVerify(token, keysOf(provider), {
        algorithms: [provider.algorithm],
        issuer: provider.issuer,
        ...(provider.applicationID === undefined ? {} : { audience: provider.applicationID }),
        requiredClaims: ["sub", "exp", "iat"],
      });
      return callerOf(payload);
    } catch (error) {
      const reason = error instanceof errors.JOSEError ? error.code : "unusable key set";
      throw new RefusedToken("InvalidAuthHeader", `Could not validate token: ${reason}`);
    }
  }
}

/** How far ahead of the deployment's clock a token may have been issued, in seconds. */
const MOST_AHEAD_S = 5;

function decoded(token: string): JWTPayload {
  try {
    const { kid } = decodeProtectedHeader(token);
    if (kid === undefined) throw new RefusedToken("InvalidAuthHeader", "The token has no `kid`");
    return decodeJwt(token);
  } catch (error) {
    if (error instanceof RefusedToken) throw error;
    throw new RefusedToken(
      "InvalidAuthHeader",
      "Could not parse JWT payload. Check that the token is a valid JWT.",
    );
  }
}

function keysOf({ jwks }: AuthProvider) {
  const [, meta = "", data = ""] = /^data:([^,]*),(.*)$/s.exec(jwks) ?? [];
  const text = meta.endsWith(";base64")
    ? Buffer.from(data, "base64").toString("utf8")
    : decodeURIComponent(data);
  return createLocalJWKSet(vKeySet.parse(JSON.parse(text)));
}

/** Claims about the token and not about the caller: a renewed token has the same caller. */
const tokenClaims = new Set(["iss", "sub", "aud", "exp", "iat", "nbf", "jti"]);

function callerOf(payload: JWTPayload): Caller {
  const { sub = "", iss = "", exp = 0 } = payload;
  const claims = Object.entries(payload).filter(
    (claim): claim is [string, string | number | boolean] =>
      !tokenClaims.has(claim[0]) && ["string", "number", "boolean"].includes(typeof claim[1]),
  );
  return {
    attributes: {
      ...Object.fromEntries(claims),
      subject: sub,
      issuer: iss,
      tokenIdentifier: `${iss}|${sub}`,
    },
    expiresAt: exp * 1000,
  };
}
