import type { AuthConfig } from "convex/server";
import { ISSUERS } from "./issuers.ts";

type Providers = AuthConfig["providers"];

/**
 * An app's providers, as they are. Throws, and so has a push refused, if one has an issuer of `ISSUERS`: Convex takes a
 * token from any provider that has its issuer and audience, and the issuer alone decides the role.
 */
export function withoutOurIssuers(providers: Providers): Providers {
  for (const provider of providers) {
    const issuer = "issuer" in provider ? provider.issuer : provider.domain;
    if (OURS.has(hostOf(issuer)))
      throw new Error(
        `convex/auth.config.ts: a provider of APP_PROVIDERS has the issuer ${issuer}, which is a bridge's or the admin's: whom it signs in would act as them`,
      );
  }
  return providers;
}

const OURS: ReadonlySet<string> = new Set(Object.values(ISSUERS).map(hostOf));

/** The host of an issuer, of which Convex may add the rest. Undefined: a variable that is not set, which fails the push. */
function hostOf(issuer: string | undefined): string {
  return (issuer ?? "")
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "");
}
