import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { answerHttp } from "./http_api.ts";
import { type ServerMessage, vClientMessage } from "../sync/sync_protocol.ts";
import { type SyncBackend, SyncSession } from "../sync/sync_session.ts";
import { parseStrictly } from "../functions/well_formed.ts";
import { isAllowed } from "./request_guard.ts";
import { TurnQueue } from "./turn_queue.ts";

/** Clients treat a connection as dead after 60 s of silence. */
const pingEveryMs = 15_000;

export interface ConvexServer {
  readonly port: number;
  /** Open WebSocket connections. */
  sockets(): number;
  /** Breaks every WebSocket connection. */
  cutSockets(): void;
  /** Breaks every connection. */
  cutAll(): void;
  /** Lets pages of this origin in. Without a call, no page may use the deployment. */
  allowOrigin(origin: string): void;
}

/** Serves a deployment on 127.0.0.1; port 0 = any free port. */
export async function serve(
  backend: SyncBackend,
  port: number,
  log: (line: string) => void,
): Promise<ConvexServer> {
  const connections = new Set<Socket>();
  const origins = new Set<string>();
  const server = createServer((request, response) => {
    if (!isAllowed(request, origins)) return void response.writeHead(403).end();
    answerHttp(backend, request, response, log).catch((error: unknown) => {
      log(`http: ${String(error)}`);
      response.destroy();
    });
  });
  server.on("connection", (socket) => {
    // Unlike closing the listener, this keeps the port until the deployment is back.
    if (backend.faults.isAway) return void socket.resetAndDestroy();
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (!/^\/api\/[^/]+\/sync$/.test(request.url ?? "") || !isAllowed(request, origins))
      return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => converse(backend, ws, log));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // A TCP server that listens has one.
    sockets: () => sockets.clients.size,
    cutSockets: () => {
      for (const ws of sockets.clients) ws.terminate();
    },
    cutAll: () => {
      for (const socket of connections) socket.destroy();
    },
    allowOrigin: (origin) => void origins.add(origin),
  };
}

function converse(backend: SyncBackend, ws: WebSocket, log: (line: string) => void): void {
  const turns = new TurnQueue();
  const inTurn = (act: () => void) => turns.add(backend.faults.delayMs, act);
  const send = (message: ServerMessage) => {
    inTurn(() => {
      if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(message));
    });
  };
  const session = new SyncSession(backend, {
    send,
    close: (code, reason) => inTurn(() => ws.close(code, reason)),
    cut: () => ws.terminate(),
  });
  const ping = setInterval(() => send({ type: "Ping" }), pingEveryMs);
  ws.on("message", (data, isBinary) => {
    const text = isBinary ? "" : (data as Buffer).toString("utf8"); // Whole text messages are Buffers.
    const message = vClientMessage.safeParse(parsed(text));
    if (message.success) return session.receive(message.data);
    log(`sync: refused a message: ${message.error.issues[0]?.message ?? ""}`);
    send({ type: "FatalError", error: "Received an invalid message on the WebSocket" });
    session.close();
    inTurn(() => ws.close());
  });
  ws.on("close", () => {
    clearInterval(ping);
    session.close();
  });
  ws.on("error", () => ws.terminate());
}

function parsed(text: string): unknown {
  try {
    return parseStrictly(text);
  } catch {
    return undefined;
  }
}
