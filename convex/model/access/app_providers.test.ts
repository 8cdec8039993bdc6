import type { AuthConfig } from "convex/server";
import { expect, test, vi } from "vitest";
import { withoutOurIssuers } from "./app_providers.ts";
import { ISSUERS } from "./issuers.ts";

type Provider = AuthConfig["providers"][number];

const signing = (issuer: string): Provider => ({
  ...{ type: "customJwt", issuer, applicationID: "room", algorithm: "ES256" },
  jwks: "https://login.example/jwks.json",
});

test("an app's providers are taken as they are", () => {
  const providers = [
    signing("https://login.example"),
    signing("https://admin.bridge.invalid.login.example"),
    { domain: "https://clever.clerk.accounts.dev", applicationID: "convex" },
  ];
  expect(withoutOurIssuers(providers)).toBe(providers);
});

test.each<Provider>([
  ...Object.values(ISSUERS).map(signing),
  signing("https://ADMIN.bridge.invalid/"),
  { domain: ISSUERS.admin, applicationID: "convex" },
  { domain: "admin.bridge.invalid", applicationID: "convex" },
])("one with an issuer of a bridge or the admin is refused: $issuer$domain", (provider) => {
  const providers = [signing("https://login.example"), provider];
  expect(() => withoutOurIssuers(providers)).toThrow("APP_PROVIDERS has the issuer");
});

test("convex/auth.config.ts asks for its app's providers", async () => {
  const asked = vi.fn(() => [signing("https://login.example")]);
  vi.doMock("./app_providers.ts", () => ({ withoutOurIssuers: asked }));
  vi.resetModules();
  const { default: config } = await import("../../auth.config.ts");
  expect(asked).toHaveBeenCalledWith([]);
  expect(config.providers).toHaveLength(4);
  vi.doUnmock("./app_providers.ts");
});
