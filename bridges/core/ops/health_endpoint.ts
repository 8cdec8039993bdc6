import { createServer } from "node:http";
import type { PlatformName } from "../../platform.ts";
import { FatalError } from "../shared/errors.ts";
import type { AiState } from "./ai_watch.ts";
import type { Metrics } from "./metrics.ts";

/** `away`: it runs, but Convex is unreachable at the moment. */
export type PlatformState = "starting" | "ready" | "away" | "failed";

/** A running endpoint. */
export interface HealthEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (200 while every platform is ready, otherwise 503) and `/metrics`, on loopback only, and without any
 * channel or message. `port` 0: any free port. `states`: of each platform now. `ai`: of the AI's answers, which do not
 * change the status: a restart does not help. Throws `FatalError` if the port is taken.
 */
export async function serveHealth(
  port: number,
  metrics: Metrics,
  states: () => Readonly<Partial<Record<PlatformName, PlatformState>>>,
  ai: () => AiState | undefined,
): Promise<HealthEndpoint> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405).end();
    } else if (path === "/healthz") {
      const platforms = states();
      const isReady = Object.values(platforms).every((state) => state === "ready");
      response
        .writeHead(isReady ? 200 : 503, { "content-type": "application/json" })
        .end(`${JSON.stringify({ ok: isReady, platforms, ai: ai() })}\n`);
    } else if (path === "/metrics") {
      metrics.registry.metrics().then(
        (text) =>
          response.writeHead(200, { "content-type": metrics.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    } else response.writeHead(404).end();
  });
  // The endpoint must not keep the process alive.
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(
        new FatalError(
          "HEALTH_PORT",
          `port ${port} of this machine is not available for the health endpoint`,
          "Set HEALTH_PORT to a free port, or remove it",
        ),
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
