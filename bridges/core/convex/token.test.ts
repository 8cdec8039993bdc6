import { createLocalJWKSet, jwtVerify, type JWK } from "jose";
import { expect, test } from "vitest";
import { AUDIENCE, ISSUERS } from "../../../convex/model/access/issuers.ts";
import { newKey } from "../../../test/support/core_material.ts";
import { mintToken, parseSigningKey } from "./token.ts";

const { signing, publicKey } = newKey("key-7");
const { x = "", y = "" } = publicKey;
const jwk: JWK = { kty: "EC", crv: "P-256", x, y, kid: "key-7", alg: "ES256" };
const keySet = createLocalJWKSet({ keys: [jwk] });

test.each([
  ["discord", "bridge:discord"],
  ["slack", "bridge:slack"],
  ["admin", "admin"],
] as const)(
  "a token for %s verifies, and identifies its role for an hour; it was issued a minute ago, for clocks that run ahead",
  async (role, subject) => {
    const now = Math.floor(Date.now() / 1000);
    const { payload, protectedHeader } = await jwtVerify(await mintToken(role, signing), keySet, {
      issuer: ISSUERS[role],
      audience: AUDIENCE,
    });
    expect(protectedHeader).toEqual({ alg: "ES256", kid: "key-7", typ: "JWT" });
    expect(payload.sub).toBe(subject);
    expect(payload.exp).toBeGreaterThanOrEqual(now + 3600);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3660);
  },
);

test("two tokens from the same second differ", async () => {
  const now = Date.now();
  expect(await mintToken("slack", signing, now)).not.toBe(await mintToken("slack", signing, now));
});

test("a key read from its JSON text makes signatures that the public half verifies", async () => {
  const key = parseSigningKey(JSON.stringify({ ...signing, use: "sig" }));
  if (!key) throw new Error("not read");
  await expect(jwtVerify(await mintToken("admin", key), keySet)).resolves.toBeDefined();
});
