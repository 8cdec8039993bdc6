import pino from "pino";
import { ingestBackend, outboxBackend } from "../../../bridges/core/convex/backend.ts";
import { connectConvex } from "../../../bridges/core/convex/client.ts";
import {
  BACKDATED_SECONDS,
  parseSigningKey,
  TOKEN_SECONDS,
} from "../../../bridges/core/convex/token.ts";
import { importJWK, SignJWT } from "jose";
import { AUDIENCE, ISSUERS } from "../../../convex/model/access/issuers.ts";
import type { Stack } from "../../stand_ins/stack.ts";
import { sleep } from "./part.ts";

/** Convex's client requests the next token this long before the current one expires, in s. */
const LEEWAY_S = 10;
/** The lifetime of the tokens whose renewals are counted, in s. */
const SHORT_S = 12;
const WATCH_MS = 7_000;

export interface Renewals {
  /** A new token runs every subscription again, as billed calls. */
  readonly callsPerRenewal: number;
  readonly callsADay: number;
}

/** The calls that token renewals cost an idle bridge, measured on its two connections with short-lived tokens. */
export async function renewalsADay(stack: Stack): Promise<Renewals> {
  const env = stack.bridgeEnv(["discord"]);
  const key = parseSigningKey(env.DISCORD_BRIDGE_KEY ?? "");
  if (!key) throw new Error("the stack gave no key");
  const log = pino({ level: "silent" });
  let minted = 0;
  const mint = async () => {
    minted += 1;
    const now = Math.floor(Date.now() / 1000);
    return await new SignJWT()
      .setProtectedHeader({ alg: "ES256", kid: key.kid, typ: "JWT" })
      .setIssuer(ISSUERS.discord)
      .setAudience(AUDIENCE)
      .setSubject("bridge:discord")
      .setIssuedAt(now - BACKDATED_SECONDS)
      .setExpirationTime(now + SHORT_S)
      .sign(await importJWK(key, "ES256"));
  };
  const connect = () =>
    connectConvex({
      url: env.CONVEX_URL ?? "",
      mint,
      keySet: "DISCORD_BRIDGE_JWKS",
      log,
      onFatal: (error) => {
        throw error;
      },
    });
  const connections = [connect(), connect()] as const;
  const [ingest, posting] = connections;
  try {
    await Promise.all(connections.map(({ ready }) => ready));
    ingestBackend(ingest.client, log).watchMappings(() => undefined);
    outboxBackend(posting.client, log).watchOutbox(() => undefined);
    await sleep(500);
    await stack.convex.resetStats();
    minted = 0;
    await sleep(WATCH_MS);
    const { billed } = await stack.convex.stats();
    // Each connection renews its own token.
    const callsPerRenewal = Math.round((billed / minted) * connections.length);
    return { callsPerRenewal, callsADay: (86_400 / (TOKEN_SECONDS - LEEWAY_S)) * callsPerRenewal };
  } finally {
    await Promise.all(connections.map((connection) => connection.close()));
  }
}
