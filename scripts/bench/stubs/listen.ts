import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StubServer {
  readonly server: Server;
  readonly port: number;
  close(): Promise<void>;
}

/** A bare HTTP server on a free loopback port. */
export async function listenOn(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<StubServer> {
  const server = createServer(handle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    server,
    port: (server.address() as AddressInfo).port, // A TCP server that listens always has one.
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Answers with JSON once the request's body has been taken. */
export function answerJson(request: IncomingMessage, response: ServerResponse, body: unknown) {
  request.resume();
  const text = JSON.stringify(body);
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
