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
  /** HTTP 429 with Retry-After in seconds, not carried out. `global` (Discord): it is the whole bot's, not the route's. */
  | { readonly retryAfter: number; readonly global?: true }
  /** The platform's own error, not carried out. */
  | { readonly error: string };

/**
 * What to do with one frame instead of sending it, or (`drop` alone) with one that arrived. A dropped one is gone: its
 * sender thinks it was sent. `swap`: the next frame overtakes it. A delay lets others overtake it, too.
 */
export type FrameFault = "drop" | "double" | "swap" | { readonly delayMs: number };

/** A swapped frame that no other follows goes alone after this long, in ms. */
const LONGEST_SWAP_MS = 1_000;

/** Which entry: its number, or the next one of a name. */
export type EntryMark = number | string;

interface Plan {
  readonly mark: EntryMark;
  /** `before`: what the entry stands for does not happen any more. `after`: it has happened, and nothing after it. */
  readonly side: "before" | "after";
  readonly act: () => void;
}

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

  /** Answers every request (of this name, if given) like this until the function it returns is called. */
  storm(fault: AnswerFault, name?: string): () => void {
    const storm = { name, fault };
    this.#storms.add(storm);
    return () => {
      this.#storms.delete(storm);
    };
  }

  /** Calls `listener` with every entry as it is logged. Returns how to stop it. */
  onEntry(listener: (entry: WireEntry) => void): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Does something, once, at one entry. `before`: the request is not carried out, the frame not sent or not read.
   * `after`: the request is carried out and not answered, the frame sent or read. Returns how to call it off.
   */
  at(mark: EntryMark, side: Plan["side"], act: () => void): () => void {
    const plan = { mark, side, act };
    this.#plans.push(plan);
    return () => {
      this.#plans = this.#plans.filter((other) => other !== plan);
    };
  }

  /** Logs a request and says what to do with it. */
  request(name: string): AnswerFault | "deliver" {
    const plan = this.#log({ direction: "in", kind: "http", name });
    if (plan) {
      plan.act();
      return plan.side === "before" ? "hang" : "hangAfterAccept";
    }
    const storm = [...this.#storms].find((each) => (each.name ?? name) === name);
    return this.#faults.get(name)?.shift() ?? storm?.fault ?? "deliver";
  }

  /** Logs the answer to a request, and sends it. */
  answer(name: string, status: number, send: () => void): void {
    const plan = this.#log({ direction: "out", kind: "http", name, status });
    if (plan?.side !== "before") send();
    plan?.act();
  }

  /** Logs a frame that arrived; whether it is to be read. */
  received(name: string): boolean {
    const plan = this.#log({ direction: "in", kind: "socket", name });
    const fault = this.#frameFaults.get(name)?.shift();
    plan?.act();
    return plan?.side !== "before" && fault !== "drop";
  }

  /** Logs a frame that is to go out, and sends it when and as often as its fault says. */
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

  /** Returns what is planned at this entry. */
  #log(entry: Omit<WireEntry, "n" | "at">): Plan | undefined {
    const logged = { n: this.entries.length + 1, at: Date.now(), ...entry };
    this.entries.push(logged);
    this.#listeners.emit(logged);
    const plan = this.#plans.find(({ mark }) => mark === logged.n || mark === logged.name);
    if (plan) this.#plans = this.#plans.filter((other) => other !== plan);
    return plan;
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
