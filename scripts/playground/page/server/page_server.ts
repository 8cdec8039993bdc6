import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { mintToken, parseSigningKey } from "../../../../bridges/core/convex/token.ts";
import { buildPage, type PageFile } from "./build.ts";
import { answerApp, type AppAccess } from "./app_access.ts";
import { refusalOf } from "./request_guard.ts";
import type { PlaygroundController, PlaygroundChange } from "./controller.ts";
import { type Frame, type Place, placeKey, type PlatformName, vRequest } from "../protocol.ts";

/** Largest frame that the page may send, in bytes: more than the longest message. */
const MAX_FRAME_BYTES = 64 * 1024;

/** How many further ports to try if the requested one is taken. */
const MAX_PORTS_TRIED = 100;

/** The running server of the playground's page. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What the page's server needs. */
export interface PageOptions {
  readonly controller: PlaygroundController;
  /** The ADMIN_KEY that the local deployment accepts; signs the page's tokens for Convex. */
  readonly adminKey: string;
  readonly convexUrl: string;
  /** Where the deployment's HTTP actions are. */
  readonly siteUrl: string;
  readonly app: AppAccess;
  /** The preferred port; the next free one if it is taken. 0: any port. */
  readonly port: number;
  /** The built page. Default: builds it. */
  readonly files?: ReadonlyMap<string, PageFile>;
}

/** Builds the page and serves it on 127.0.0.1. */
export async function servePage(options: PageOptions): Promise<PageServer> {
  const files = options.files ?? (await buildPage());
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error(`playground page: ${String(error)}`);
      response.destroy();
    });
  });
  const port = await listenFrom(server, options.port);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === "/api/app") return answerApp(request, response, port, options);
    const isToken = request.url === "/api/token";
    const refusal = refusalOf(request, port, isToken);
    if (refusal !== undefined) return void response.writeHead(403).end(refusal);
    if (request.method === "POST" && isToken) {
      const key = parseSigningKey(options.adminKey);
      if (!key) throw new Error("the playground's admin key is not a key");
      response.writeHead(200, { "content-type": "text/plain", "cache-control": "no-store" });
      return void response.end(await mintToken("admin", key));
    }
    const file = files.get(request.url?.split("?")[0] ?? "");
    if (request.method !== "GET" || !file) return void response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": file.type,
      "cache-control": "no-cache",
      "content-security-policy": contentSecurityPolicy(port, options),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    response.end(file.body);
  };

  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    if (request.url !== "/api/live" || refusalOf(request, port, true) !== undefined) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => servePageSocket(options.controller, ws));
  });

  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        for (const ws of sockets.clients) ws.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The Content-Security-Policy: the page may connect only to this server and the local deployment. */
function contentSecurityPolicy(
  port: number,
  { convexUrl, siteUrl }: Pick<PageOptions, "convexUrl" | "siteUrl">,
): string {
  const own = `127.0.0.1:${port}`;
  const convex = convexUrl.replace(/^http/, "ws");
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    `connect-src 'self' ws://${own} ws://localhost:${port} ${convexUrl} ${convex} ${siteUrl}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Sends one page the whole state and then every change, and executes its commands. */
function servePageSocket(controller: PlaygroundController, ws: WebSocket): void {
  const send = (frame: Frame) => {
    if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(frame));
  };
  const sendMessages = (platform: PlatformName, place: Place) => {
    send({
      type: "messages",
      platform,
      ...place,
      messages: controller.rooms[platform].messages(place),
    });
  };
  const changes = new Map<string, PlaygroundChange>();
  let scheduled = false;
  // Combines a burst of changes into one update.
  const flush = () => {
    scheduled = false;
    const due = [...changes.values()];
    changes.clear();
    if (due.includes("state")) send({ type: "state", state: controller.state() });
    for (const change of due) if (change !== "state") sendMessages(change.platform, change.place);
  };
  const unsubscribe = controller.onChange((change) => {
    const key = change === "state" ? change : placeKey(change.platform, change.place);
    changes.set(key, change);
    if (scheduled) return;
    scheduled = true;
    setTimeout(flush, 20);
  });

  send({ type: "state", state: controller.state() });
  for (const platform of ["discord", "slack"] as const) {
    for (const place of controller.rooms[platform].places()) sendMessages(platform, place);
  }

  ws.on("message", (data) => {
    const request = vRequest.safeParse(parseJson((data as Buffer).toString("utf8"))); // ws delivers whole messages as Buffers.
    if (!request.success) {
      ws.close(1008);
      return;
    }
    const { n, command } = request.data;
    controller.execute(command).then(
      (value) => send({ type: "answer", n, ...(value !== undefined && { value }) }),
      (error: unknown) => send({ type: "answer", n, error: reasonOf(error) }),
    );
  });
  ws.on("close", unsubscribe);
  ws.on("error", () => ws.terminate());
}

/** Listens on the port or the next one that is free. */
async function listenFrom(server: Server, first: number): Promise<number> {
  for (let port = first; ; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => {
          server.off("error", reject);
          resolve();
        });
      });
      return (server.address() as AddressInfo).port; // A listening TCP server has one.
    } catch (error) {
      const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      if (!taken || port >= first + MAX_PORTS_TRIED) throw error;
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
