import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { connectConvex } from "../../bridges/core/convex/client.ts";
import { mintToken } from "../../bridges/core/convex/token.ts";
import { functionsDir, tokenOf } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { makeAllKeys } from "../../scripts/tooling/signing_keys.ts";
import { eventually } from "../support/eventually.ts";
import { signingKeyIn } from "../support/signing_key.ts";

test("a clock that has drifted ahead is reported as fatal when the token is renewed, and the step names it", async () => {
  const keys = await makeAllKeys();
  const key = signingKeyIn(keys.discord.privateKeyEnv);
  const env = { DISCORD_BRIDGE_JWKS: keys.discord.jwksDataUri };
  const convex = await startLocalConvex({ env, functionsDir });
  onTestFinished(() => convex.stop());
  const now = Math.floor(Date.now() / 1000);
  // The client renews a token 70 s before the end of its 72 s: after 2 s.
  const tokens = [
    await tokenOf("discord", keys.discord, { issuedAt: now - 60, expiresAt: now + 12 }),
  ].values();
  const onFatal = vi.fn();
  const connection = connectConvex({
    url: convex.url,
    mint: async () => tokens.next().value ?? (await mintToken("discord", key, Date.now() + 90_000)),
    keySet: "DISCORD_BRIDGE_JWKS",
    log: pino({ level: "silent" }),
    onFatal,
  });
  onTestFinished(() => connection.close());
  await connection.ready;
  await eventually(() => {
    expect(onFatal).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        code: "AUTH",
        message: expect.stringContaining("this machine's clock") as unknown,
        step: expect.stringContaining("timedatectl set-ntp true") as unknown,
      }),
    );
  }, 20_000);
});
