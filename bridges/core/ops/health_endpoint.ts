import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { PlatformName } from "../../platform.ts";
import { FatalError } from "../shared/errors.ts";
import type { Metrics } from "./metrics.ts";

/** `away`: it runs, and Convex can't be reached just now. */
export type PlatformState = "starting" | "ready" | "away" | "failed";

export interface HealthEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

export interface HealthOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly metrics: Metrics;
  /** How each configured platform is, now. */
  readonly states: () => Readonly<Partial<Record<PlatformName, PlatformState>>>;
}

/**
 * Serves `/healthz` (200 while every platform is ready, else 503) and `/metrics`, on loopback only and without a
 * word about what is mirrored. Throws `FatalError` when the port is taken.
 */
export async function serveHealth({
  port,
  metrics,
  states,
}: HealthOptions): Promise<HealthEndpoint> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405).end();
    } else if (path === "/healthz") {
      const platforms = states();
      const isReady = Object.values(platforms).every((state) => state === "ready");
      response
        .writeHead(isReady ? 200 : 503, { "content-type": "application/json" })
        .end(`${JSON.stringify({ ok: isReady, platforms })}\n`);
    } else if (path === "/metrics") {
      metrics.registry.metrics().then(
        (text) =>
          response.writeHead(200, { "content-type": metrics.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    } else response.writeHead(404).end();
  });
  // Nothing here may keep a process from ending.
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(
        new FatalError(
          "HEALTH_PORT",
          `port ${port} of this machine can't be used for the health endpoint`,
          "Set HEALTH_PORT to a free port, or remove it",
        ),
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
