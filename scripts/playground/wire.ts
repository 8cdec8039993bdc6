import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request, answer or frame. `n` counts up from 1 over the whole stand-in; `at` is in Unix milliseconds. */
export interface WireEntry {
  readonly n: number;
  readonly at: number;
  /** Seen from the stand-in. */
  readonly direction: "in" | "out";
  readonly kind: "http" | "socket";
  /** What passed: `POST channels/:id/messages`, `chat.postMessage`, `MESSAGE_CREATE`, `ack`. Never its content. */
  readonly name: string;
  /** The HTTP status of an answer. */
  readonly status?: number;
}

/** What to do with one request instead of answering it. The names say whether the platform carried it out. */
export type AnswerFault =
  | "hang"
  | "hangAfterAccept"
  | "500AfterAccept"
  /** An HTTP status, not carried out. */
  | number
  /** HTTP 429 with Retry-After in seconds, not carried out. */
  | { readonly retryAfter: number }
  /** The platform's own error, not carried out. */
  | { readonly error: string };

/** What to do with one frame instead of sending it. A dropped one is gone: the platform thinks it was sent. */
export type FrameFault = "drop" | "double";

/**
 * The one place every request and frame of a stand-in passes: it is numbered and logged here, and asks here what
 * goes wrong with it. Faults queued for a name are used up in order, one a request.
 */
export class Wire {
  readonly entries: WireEntry[] = [];
  /** Everything asked for that the stand-in doesn't implement. Tests assert that it stays empty. */
  readonly refused: string[] = [];
  readonly #faults = new Map<string, AnswerFault[]>();
  readonly #frameFaults = new Map<string, FrameFault[]>();

  answerNext(name: string, fault: AnswerFault): void {
    enqueue(this.#faults, name, fault);
  }

  frameNext(name: string, fault: FrameFault): void {
    enqueue(this.#frameFaults, name, fault);
  }

  /** Logs a request and says what to do with it. */
  request(name: string): AnswerFault | "deliver" {
    this.#log({ direction: "in", kind: "http", name });
    return this.#faults.get(name)?.shift() ?? "deliver";
  }

  /** Logs the answer to a request. */
  answer(name: string, status: number): void {
    this.#log({ direction: "out", kind: "http", name, status });
  }

  /** Logs a frame that arrived. */
  received(name: string): void {
    this.#log({ direction: "in", kind: "socket", name });
  }

  /** Logs a frame that is to go out, and sends it as often as its fault says. */
  send(name: string, send: () => void): void {
    this.#log({ direction: "out", kind: "socket", name });
    const fault = this.#frameFaults.get(name)?.shift();
    if (fault === "drop") return;
    send();
    if (fault === "double") send();
  }

  refuse(what: string): void {
    this.refused.push(what);
  }

  #log(entry: Omit<WireEntry, "n" | "at">): void {
    this.entries.push({ n: this.entries.length + 1, at: Date.now(), ...entry });
  }
}

function enqueue<Fault>(faults: Map<string, Fault[]>, name: string, fault: Fault): void {
  const queued = faults.get(name);
  if (queued) queued.push(fault);
  else faults.set(name, [fault]);
}

/** A server on a free loopback port. */
export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** Drops every connection and frees the port. Safe to call twice. */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1, port 0. A handler that throws answers 500 and is recorded in `wire.refused`: it is a defect. */
export async function listen(
  wire: Wire,
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Listening> {
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (request.destroyed && !request.complete) return; // The client left in the middle of its request.
      wire.refuse(`${request.method ?? ""} ${request.url ?? ""} failed: ${String(error)}`);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { message: "the stand-in failed", code: 0 });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo; // A TCP server that listens always has one.
  let closing: Promise<void> | undefined;
  return {
    server,
    port,
    close: () =>
      (closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })),
  };
}

/** The whole body of a request as text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array); // No encoding is set, so chunks are bytes.
  return Buffer.concat(chunks).toString("utf8");
}

/** Answers with JSON; without a body (204) with none, and without a content type, or clients try to parse it. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return;
  if (body === undefined) response.writeHead(status, headers).end();
  else {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  }
}

/** Runs listeners of one event in the order they came; used for `ChatStandIn.onChange`. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  add(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}
