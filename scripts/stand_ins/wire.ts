import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request, answer or frame. `n` counts from 1 over the whole stand-in; `at` is in Unix milliseconds. */
export interface WireEntry {
  readonly n: number;
  readonly at: number;
  /** From the stand-in's point of view. */
  readonly direction: "in" | "out";
  readonly kind: "http" | "socket";
  /** `POST channels/:id/messages`, `chat.postMessage`, `MESSAGE_CREATE`, `ack`. Content is not logged. */
  readonly name: string;
  /** The HTTP status of an answer. */
  readonly status?: number;
}

/** What to do with one request instead of answering it. The names say whether the platform executes it. */
export type AnswerFault =
  | "hang"
  | "hangAfterAccept"
  | "500AfterAccept"
  /** An HTTP status. The request is not executed. */
  | number
  /** HTTP 429 with Retry-After in seconds. Not executed. `global` (Discord): the limit is the bot's, not the route's. */
  | { readonly retryAfter: number; readonly global?: true }
  /** An error of the platform. The request is not executed. */
  | { readonly error: string }
  /** A success with this in place of what the platform documents. The request is not executed. */
  | { readonly answer: unknown };

/**
 * What to do with one outgoing frame instead of sending it; `drop` also applies to incoming frames. A dropped frame is
 * lost although its sender believes it was sent. `swap`: the next frame overtakes it. Others overtake a delayed frame.
 */
export type FrameFault = "drop" | "double" | "swap" | { readonly delayMs: number };

/** How long a swapped frame waits for the next one, in ms. */
const LONGEST_SWAP_MS = 1_000;

/** Selects an entry: by its number, the next one of a name, or the first that a function accepts. */
export type EntryMark = number | string | ((entry: WireEntry) => boolean);

interface Plan {
  readonly mark: EntryMark;
  /** `before`: what the entry logs does not happen. `after`: it happens, and is not answered. */
  readonly side: "before" | "after";
  readonly act: () => void;
}

/**
 * Every request and frame of a stand-in passes through here, where it is numbered, logged and, if a fault is queued, made
 * to fail. Faults queued for a name apply in order, one per request.
 */
export class Wire {
  readonly entries: WireEntry[] = [];
  /** Every request for something the stand-in doesn't implement. Tests assert that it is empty. */
  readonly refused: string[] = [];
  readonly #faults = new Map<string, AnswerFault[]>();
  readonly #frameFaults = new Map<string, FrameFault[]>();
  readonly #listeners = new Listeners<WireEntry>();
  readonly #storms = new Set<{ readonly name: string | undefined; readonly fault: AnswerFault }>();
  #plans: Plan[] = [];
  #swapped: (() => void) | undefined;

  answerNext(name: string, fault: AnswerFault): void {
    enqueue(this.#faults, name, fault);
  }

  frameNext(name: string, fault: FrameFault): void {
    enqueue(this.#frameFaults, name, fault);
  }

  /** Answers every request (of this name, if given) with `fault`. Returns a function that ends the storm. */
  storm(fault: AnswerFault, name?: string): () => void {
    const storm = { name, fault };
    this.#storms.add(storm);
    return () => {
      this.#storms.delete(storm);
    };
  }

  /** Calls `listener` with every entry as it is logged. Returns a function that unsubscribes. */
  onEntry(listener: (entry: WireEntry) => void): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Calls `act` once, at one entry. `before`: the request is not executed, the frame not sent or not read. `after`: the
   * request is executed and not answered, the frame sent or read. Returns a function that cancels it.
   */
  at(mark: EntryMark, side: Plan["side"], act: () => void): () => void {
    const plan = { mark, side, act };
    this.#plans.push(plan);
    return () => {
      this.#plans = this.#plans.filter((other) => other !== plan);
    };
  }

  /** Logs a request. Returns what to do with it. */
  request(name: string): AnswerFault | "deliver" {
    const plan = this.#log({ direction: "in", kind: "http", name });
    if (plan) {
      plan.act();
      return plan.side === "before" ? "hang" : "hangAfterAccept";
    }
    const storm = [...this.#storms].find((each) => (each.name ?? name) === name);
    return this.#faults.get(name)?.shift() ?? storm?.fault ?? "deliver";
  }

  /** Logs the answer to a request and sends it. */
  answer(name: string, status: number, send: () => void): void {
    const plan = this.#log({ direction: "out", kind: "http", name, status });
    if (plan?.side !== "before") send();
    plan?.act();
  }

  /** Logs an incoming frame. Returns whether to process it. */
  received(name: string): boolean {
    const plan = this.#log({ direction: "in", kind: "socket", name });
    const fault = this.#frameFaults.get(name)?.shift();
    plan?.act();
    return plan?.side !== "before" && fault !== "drop";
  }

  /** Logs an outgoing frame, and sends it when and as often as its fault demands. */
  send(name: string, send: () => void): void {
    const plan = this.#log({ direction: "out", kind: "socket", name });
    const fault = this.#frameFaults.get(name)?.shift();
    if (plan?.side !== "before") this.#sendFaulty(fault, send);
    plan?.act();
  }

  #sendFaulty(fault: FrameFault | undefined, send: () => void): void {
    const overtaken = this.#swapped;
    this.#swapped = undefined;
    switch (fault) {
      case "drop":
        break;
      case "double":
        send();
        send();
        break;
      case "swap":
        this.#hold(send);
        break;
      case undefined:
        send();
        break;
      default:
        setTimeout(send, fault.delayMs).unref();
    }
    overtaken?.();
  }

  #hold(send: () => void): void {
    const timer = setTimeout(() => {
      if (this.#swapped === late) this.#swapped = undefined;
      send();
    }, LONGEST_SWAP_MS).unref();
    const late = () => {
      clearTimeout(timer);
      send();
    };
    this.#swapped = late;
  }

  refuse(what: string): void {
    this.refused.push(what);
  }

  /** Logs an entry. Returns the action planned at it. */
  #log(entry: Omit<WireEntry, "n" | "at">): Plan | undefined {
    const logged = { n: this.entries.length + 1, at: Date.now(), ...entry };
    this.entries.push(logged);
    this.#listeners.emit(logged);
    const plan = this.#plans.find(({ mark }) =>
      typeof mark === "function" ? mark(logged) : mark === logged.n || mark === logged.name,
    );
    if (plan) this.#plans = this.#plans.filter((other) => other !== plan);
    return plan;
  }
}

function enqueue<Fault>(faults: Map<string, Fault[]>, name: string, fault: Fault): void {
  const queued = faults.get(name);
  if (queued) queued.push(fault);
  else faults.set(name, [fault]);
}

/** An HTTP server on a free loopback port. */
export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** Drops every connection and frees the port. Safe to call twice. */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1. A handler that throws is a defect: it answers 500 and is recorded in `wire.refused`. */
export async function listen(
  wire: Wire,
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Listening> {
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (request.destroyed && !request.complete) return; // The client disconnected during its request.
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

/** The whole body of a request. */
export async function readBytes(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array); // No encoding is set, so chunks are bytes.
  return Buffer.concat(chunks);
}

/** The whole body of a request as text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  return (await readBytes(request)).toString("utf8");
}

/** Answers with JSON. Without a body it sends no content type either: clients would try to parse it. */
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

/** Calls the listeners of one event in the order they were added. */
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
