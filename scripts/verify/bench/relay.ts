import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

export interface Relay {
  readonly url: string;
  /** Called with the text of every message that passes. */
  onMessage: (from: "client" | "server", text: string) => void;
  stop(): Promise<void>;
}

/** Starts a proxy between Convex's clients and a deployment. */
export async function startRelay(deploymentUrl: string): Promise<Relay> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // A TCP server that listens always has one.
  const relay: Relay = {
    url: `http://127.0.0.1:${port}`,
    onMessage: () => undefined,
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  sockets.on("connection", (client, request) => {
    const target = new WebSocket(`${deploymentUrl.replace(/^http/, "ws")}${request.url ?? ""}`);
    const early: string[] = [];
    // By default ws passes each message as one Buffer.
    const textOf = (data: WebSocket.RawData) => (Buffer.isBuffer(data) ? data.toString() : "");
    client.on("message", (data) => {
      const text = textOf(data);
      relay.onMessage("client", text);
      if (target.readyState === WebSocket.OPEN) target.send(text);
      else early.push(text);
    });
    target.on("open", () => {
      for (const text of early) target.send(text);
    });
    target.on("message", (data) => {
      const text = textOf(data);
      relay.onMessage("server", text);
      client.send(text);
    });
    client.on("close", () => target.terminate());
    target.on("close", () => client.terminate());
    client.on("error", () => client.terminate());
    target.on("error", () => target.terminate());
  });
  return relay;
}
