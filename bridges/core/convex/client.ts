import { ConvexClient } from "convex/browser";
import type { Logger } from "pino";
import { BridgeError, FatalError, failureCode } from "../shared/errors.ts";
import { type ConvexCalls, wellFormedCalls } from "./well_formed.ts";

/** How long a deployment may take to answer at the start, in ms. Later, the client reconnects without a limit. */
const REACH_MS = 10_000;

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
    skipConvexDeploymentUrlCheck: true,
    // It would print what functions throw, which may quote messages.
    logger: false,
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
    `the Convex deployment at ${host} refuses this bridge's identity`,
    `The deployment's ${keySet} does not hold this key: npm run setup adds it. Or this machine's clock is wrong: see npm run doctor`,
  );
}
