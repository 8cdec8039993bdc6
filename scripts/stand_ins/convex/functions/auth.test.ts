import { describe, expect, test } from "vitest";
import { makeAppProvider } from "../../app_provider.ts";
import { TokenVerifier } from "./auth.ts";

describe("a provider", () => {
  test("beside those of auth.config.ts is trusted, and no other of the same name", async () => {
    const [own, stranger] = await Promise.all([makeAppProvider(), makeAppProvider()]);
    const verifier = new TokenVerifier({ providers: [] }, [own.provider]);
    const { attributes } = await verifier.verify(await own.token("Mia"));
    expect(attributes).toMatchObject({
      ...{ name: "Mia", subject: "Mia" },
      tokenIdentifier: `${own.provider.issuer}|Mia`,
    });
    await expect(verifier.verify(await stranger.token("Mia"))).rejects.toThrow("validate token");
    await expect(
      new TokenVerifier({ providers: [] }).verify(await own.token("Mia")),
    ).rejects.toThrow("No auth provider");
  });

  test("whose keys are in the network is taken, and nobody can sign in with it", async () => {
    const own = await makeAppProvider();
    const { provider } = own;
    const verifier = new TokenVerifier({
      providers: [
        { domain: provider.issuer, applicationID: "playground" },
        { domain: undefined, applicationID: "convex" },
        { ...provider, jwks: "https://login.example/jwks.json" },
      ],
    });
    await expect(verifier.verify(await own.token("Mia"))).rejects.toThrow("No auth provider");
  });

  test.each([
    [{ type: "saml", issuer: "https://x", jwks: "data:,{}" }],
    [{ type: "customJwt", issuer: "https://x", algorithm: "none", jwks: "data:,{}" }],
    [{ domain: "https://x" }],
  ])("that Convex does not know is refused: %o", (provider) => {
    expect(() => new TokenVerifier({ providers: [provider] })).toThrow();
  });
});
