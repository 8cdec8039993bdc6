import { ConvexClient } from "convex/browser";
import type { Logger } from "pino";
import { BridgeError, FatalError, failureCode } from "../shared/errors.ts";
import { BACKDATED_SECONDS } from "./token.ts";
import { type ConvexCalls, wellFormedCalls } from "./well_formed.ts";

/** How long a deployment may take to answer at the start, in ms. Later, the client reconnects without a limit. */
const REACH_MS = 10_000;

/**
 * How long before a token's end the client asks for the next, in s. It takes a token's life for the time from its issue
 * to its end, so the part that was over when the token was made does not count.
 */
const LEEWAY_SECONDS = BACKDATED_SECONDS + 10;

/** "Try again later" among the codes of a closed socket, in the words of the Convex client. */
const OVERLOADED = /\bcode 1013\b/;

export interface ConnectionOptions {
  readonly url: string;
  /** Returns a new token on each call. */
  readonly mint: () => Promise<string>;
  /** The deployment's variable for the public half of the key. Named in the step that fixes a refusal. */
  readonly keySet: string;
  readonly log: Logger;
  /** The identity was refused after it had been accepted. Only an admin can fix it. */
  readonly onFatal: (error: FatalError) => void;
  readonly reachMs?: number;
  /** The deployment is reachable again, after `awayMs`. */
  readonly onBack?: (awayMs: number) => void;
  /** The deployment closed the socket because it could not commit a call for contention, or is overloaded. */
  readonly onOverload?: () => void;
}

/** One authenticated connection to the deployment. */
export interface Connection {
  readonly client: ConvexCalls;
  /** Resolves once the deployment has accepted the identity. Rejects with `FatalError` UNREACHABLE or AUTH. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/**
 *   connecting -- token accepted --> open -- token refused --> failed (onFatal)
 *       '-------- refused, or no answer in time -------------> failed (ready rejects)
 *
 * A lost socket is not a state here: the client reconnects by itself, and replays the calls that were pending.
 */
type State = "connecting" | "open" | "failed" | "closed";

/** Opens one authenticated WebSocket to the deployment. Nothing is sent before the token. */
export function connectConvex(options: ConnectionOptions): Connection {
  const client = new ConvexClient(options.url, {
    expectAuth: true,
    initialAuthTokenReuse: true,
    authRefreshTokenLeewaySeconds: LEEWAY_SECONDS,
    skipConvexDeploymentUrlCheck: true,
    // It would print what functions throw, which may quote messages.
    logger: false,
    onServerDisconnectError: (reason) => {
      if (!OVERLOADED.test(reason)) return;
      options.log.warn("Convex closed the connection: contention or overload");
      options.onOverload?.();
    },
  });
  const unwatch = watchConnection(client, options.log, options.onBack);
  const { ready, giveUp } = authenticate(client, options);
  return {
    client: wellFormedCalls(client),
    ready,
    async close() {
      giveUp();
      unwatch();
      await client.close();
    },
  };
}

function authenticate(
  client: ConvexClient,
  { url, mint, keySet, log, onFatal, reachMs = REACH_MS }: ConnectionOptions,
): { readonly ready: Promise<void>; readonly giveUp: () => void } {
  const host = new URL(url).host;
  let state: State = "connecting";
  let giveUp = () => {};
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (error: FatalError) => {
      if (state === "connecting") reject(error);
      else if (state === "open") onFatal(error);
      if (state !== "closed") state = "failed";
    };
    const late = setTimeout(() => {
      if (state === "connecting") fail(unreachable(host));
    }, reachMs);
    client.setAuth(
      () => mintOrNull(mint, log),
      (isAuthenticated) => {
        clearTimeout(late);
        if (!isAuthenticated) {
          fail(refused(host, keySet));
        } else if (state === "connecting") {
          state = "open";
          resolve();
        }
      },
    );
    giveUp = () => {
      state = "closed";
      reject(new BridgeError("STOPPED", "closed before it had connected"));
    };
  });
  // A failure before the caller awaits `ready` must not count as unhandled.
  ready.catch(() => undefined);
  return { ready, giveUp };
}

/** The client does not catch an error of its token callback. Without a token it reports that it is not authenticated. */
async function mintOrNull(mint: () => Promise<string>, log: Logger): Promise<string | null> {
  try {
    return await mint();
  } catch (error) {
    log.error({ code: failureCode(error) }, "signing a token failed");
    return null;
  }
}

function watchConnection(
  client: ConvexClient,
  log: Logger,
  onBack: (awayMs: number) => void = () => undefined,
): () => void {
  let lostAt: number | undefined;
  return client.subscribeToConnectionState(({ isWebSocketConnected, hasEverConnected }) => {
    if (!isWebSocketConnected && hasEverConnected && lostAt === undefined) {
      lostAt = performance.now();
      log.warn("lost the connection to Convex, reconnecting");
    } else if (isWebSocketConnected && lostAt !== undefined) {
      const awayMs = Math.round(performance.now() - lostAt);
      log.info({ awayMs }, "connected to Convex again");
      lostAt = undefined;
      onBack(awayMs);
    }
  });
}

function unreachable(host: string): FatalError {
  return new FatalError(
    "UNREACHABLE",
    `no Convex deployment answered at ${host}`,
    "Check CONVEX_URL, and that the deployment is running",
  );
}

function refused(host: string, keySet: string): FatalError {
  return new FatalError(
    "AUTH",
    `the Convex deployment at ${host} refuses this bridge's identity: its key or this machine's clock`,
    `If this machine's clock is wrong, turn on time synchronisation (timedatectl set-ntp true). Otherwise the deployment's ${keySet} does not hold this key: npm run setup adds it. npm run doctor tells which`,
  );
}
