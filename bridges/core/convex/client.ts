import { ConvexClient } from "convex/browser";
import type { Logger } from "pino";
import { BridgeError, FatalError, failureCode } from "../shared/errors.ts";

/** How long a deployment may take to answer at start, in ms. Later absences are ridden out. */
const REACH_MS = 10_000;

export interface ConnectionOptions {
  readonly url: string;
  /** A new token each call. */
  readonly mint: () => Promise<string>;
  /** The deployment's variable that should hold the public half of the key, for the mending step. */
  readonly keySet: string;
  readonly log: Logger;
  /** The identity was refused after it had been accepted. Only a person can help. */
  readonly onFatal: (error: FatalError) => void;
  readonly reachMs?: number;
  /** The deployment is reached again after so many ms. */
  readonly onBack?: (awayMs: number) => void;
}

export interface Connection {
  readonly client: ConvexClient;
  /** Resolves once the deployment has accepted our identity; rejects with `FatalError` UNREACHABLE or AUTH. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/**
 *   connecting -- token accepted --> open -- token refused --> failed (onFatal)
 *       '-------- refused, or no answer in time -------------> failed (ready rejects)
 *
 * A lost socket is no state of ours: the client reconnects by itself and replays what was under way.
 */
type State = "connecting" | "open" | "failed" | "closed";

/** Opens one authenticated WebSocket to the deployment. Nothing is sent before the token. */
export function connectConvex(options: ConnectionOptions): Connection {
  const { url, mint, keySet, log, onFatal, reachMs = REACH_MS } = options;
  const host = new URL(url).host;
  let state: State = "connecting";

  const client = new ConvexClient(url, {
    expectAuth: true,
    initialAuthTokenReuse: true,
    skipConvexDeploymentUrlCheck: true,
    // It would print what functions throw, and that may quote what people wrote.
    logger: false,
  });
  const unwatch = watchConnection(client, log, options.onBack);

  let giveUp: (error: BridgeError) => void = () => {};
  const ready = new Promise<void>((resolve, reject) => {
    giveUp = reject;
    const fail = (error: FatalError) => {
      if (state === "connecting") reject(error);
      else if (state === "open") onFatal(error);
      if (state !== "closed") state = "failed";
    };
    const late = setTimeout(() => {
      if (state === "connecting") fail(unreachable(host));
    }, reachMs);
    client.setAuth(
      async () => {
        try {
          return await mint();
        } catch (error) {
          // Thrown here it would be nobody's: the client doesn't catch it. Without a token it reports `false`.
          log.error({ code: failureCode(error) }, "cannot sign a token");
          return null;
        }
      },
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
  });
  // Whoever starts the connection awaits `ready`; this keeps a failure before that from being unhandled.
  ready.catch(() => undefined);

  return {
    client,
    ready,
    async close() {
      state = "closed";
      giveUp(new BridgeError("STOPPED", "closed before it had connected"));
      unwatch();
      await client.close();
    },
  };
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
    `The deployment's ${keySet} does not hold this key: npm run setup adds it. Or this machine's clock is wrong: npm run doctor tells`,
  );
}
