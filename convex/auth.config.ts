import type { AuthConfig } from "convex/server";
import { withoutOurIssuers } from "./model/access/app_providers.ts";
import { AUDIENCE, ISSUERS } from "./model/access/issuers.ts";

// The provider that signs in the people of an app goes here (docs/apps.md#who-signs-people-in).
const APP_PROVIDERS: AuthConfig["providers"] = [];

// Each variable holds a key set as a data URI, so verifying needs no network and a key is changed without
// a deploy. The Convex CLI refuses to push while one of them is unset: set all three, even for a platform
// you don't use (`{"keys":[]}` will do).
export default {
  providers: [
    {
      type: "customJwt",
      issuer: ISSUERS.discord,
      applicationID: AUDIENCE,
      algorithm: "ES256",
      jwks: process.env.DISCORD_BRIDGE_JWKS!,
    },
    {
      type: "customJwt",
      issuer: ISSUERS.slack,
      applicationID: AUDIENCE,
      algorithm: "ES256",
      jwks: process.env.SLACK_BRIDGE_JWKS!,
    },
    {
      type: "customJwt",
      issuer: ISSUERS.admin,
      applicationID: AUDIENCE,
      algorithm: "ES256",
      jwks: process.env.ADMIN_JWKS!,
    },
    ...withoutOurIssuers(APP_PROVIDERS),
  ],
} satisfies AuthConfig;
