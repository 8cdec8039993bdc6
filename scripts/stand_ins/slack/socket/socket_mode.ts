import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import type { Wire } from "../../wire.ts";

export interface SocketModeOptions {
  /** Within how many ms an envelope must be acknowledged. Slack's is 3 s. */
  readonly ackWithinMs: number;
  /** Delays of the retries, in ms after the failed attempt. Slack's: 0, 1 min, 5 min; then it gives up. */
  readonly redeliverAfterMs: readonly number[];
  readonly pingEveryMs: number;
  /** Seeds the choice of the socket an event goes to. */
  readonly seed: number;
  readonly appId: string;
}

/** An event acknowledged in time: on which attempt (0 = the first), and how many ms after sending it. */
export interface AckedEvent {
  readonly eventId: string;
  readonly attempt: number;
  readonly afterMs: number;
}

/** An event Slack no longer tries to deliver. Only history still has it. */
export interface AbandonedEvent {
  readonly eventId: string;
  readonly attempts: number;
}

interface Delivery {
  readonly eventId: string;
  readonly payload: unknown;
  readonly attempt: number;
}

const ackFrame = z.object({ envelope_id: z.string(), payload: z.unknown().optional() });

/** How long after a `disconnect` frame Slack closes the socket, in ms. */
const RECYCLE_GRACE_MS = 10_000;

/**
 * Socket Mode's server side (docs.slack.dev/apis/events-api/using-socket-mode): single-use addresses, and every
 * event in an envelope to one of the open sockets until it is acknowledged.
 */
export class SocketMode {
  readonly acks: AckedEvent[] = [];
  readonly abandoned: AbandonedEvent[] = [];
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #sockets = new Set<WebSocket>();
  /** Sockets asked to disconnect: still open, but they get no more events. */
  readonly #leaving = new WeakSet<WebSocket>();
  readonly #inFlight = new Map<
    string,
    { delivery: Delivery; sentAt: number; timer: NodeJS.Timeout }
  >();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #pings: NodeJS.Timeout;
  #held: Delivery[] | undefined;
  #ghosts = 0;
  #random: number;
  #stopped = false;

  constructor(
    readonly wire: Wire,
    readonly options: SocketModeOptions,
  ) {
    this.#random = options.seed;
    this.#pings = setInterval(() => {
      for (const socket of this.#sockets) if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, options.pingEveryMs);
    this.#pings.unref();
  }

  /** A ticket for the address of one connection. It is valid once. */
  newTicket(): string {
    const ticket = randomUUID();
    this.#tickets.add(ticket);
    return ticket;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ticket = new URL(request.url ?? "/", "ws://stand-in").searchParams.get("ticket") ?? "";
    if (!this.#tickets.delete(ticket) || this.#stopped) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (opened) => this.#welcome(opened));
  }

  /** Open sockets, including ghosts, which Slack counts as open. */
  connections(): number {
    const open = [...this.#sockets].filter((socket) => socket.readyState === WebSocket.OPEN);
    return open.length + this.#ghosts;
  }

  /** Makes `count` sockets without a client count as open and receive events. */
  setGhosts(count: number): void {
    this.#ghosts = count;
  }

  /** The number of events neither acknowledged nor abandoned yet. */
  undelivered(): number {
    return this.#inFlight.size + this.#timers.size + (this.#held?.length ?? 0);
  }

  send(eventId: string, payload: unknown): void {
    this.#attempt({ eventId, payload, attempt: 0 });
  }

  /** Holds events until `release`, which sends them in order. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const delivery of held) this.#attempt(delivery);
  }

  /** Asks every socket to reconnect, as Slack does every few hours. */
  recycle(reason: "warning" | "refresh_requested" | "link_disabled"): void {
    for (const socket of this.#sockets) {
      this.#leaving.add(socket);
      this.#frame(socket, "disconnect", {
        type: "disconnect",
        reason,
        debug_info: { host: "stand-in" },
      });
      setTimeout(() => socket.terminate(), RECYCLE_GRACE_MS).unref();
    }
  }

  /** Sends the oldest socket a frame as it is. */
  sendFrame(frame: string): void {
    const [oldest] = this.#sockets;
    this.wire.send("odd frame", () => oldest?.send(frame));
  }

  /** Stops reading from the open connections. */
  stopReading(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  /** Breaks every connection without a close frame. */
  closeAll(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Breaks the oldest connection. */
  closeOldest(): void {
    const [oldest] = this.#sockets;
    oldest?.terminate();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#pings);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { timer } of this.#inFlight.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#inFlight.clear();
    this.closeAll();
    this.#server.close();
  }

  #welcome(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.terminate());
    // By default ws passes each message as one Buffer.
    socket.on("message", (data) =>
      this.#receive(Buffer.isBuffer(data) ? data.toString("utf8") : ""),
    );
    this.#frame(socket, "hello", {
      type: "hello",
      num_connections: this.connections(),
      debug_info: { host: "stand-in", build_number: 1, approximate_connection_time: 18_060 },
      connection_info: { app_id: this.options.appId },
    });
  }

  #attempt(delivery: Delivery): void {
    if (this.#stopped) return;
    if (this.#held) {
      this.#held.push(delivery);
      return;
    }
    const socket = this.#pick();
    // Without a socket the attempt still counts: the app may see only the retries.
    if (!socket) {
      this.#fail(delivery);
      return;
    }
    const envelopeId = randomUUID();
    const timer = setTimeout(() => {
      this.#inFlight.delete(envelopeId);
      this.#fail(delivery);
    }, this.options.ackWithinMs);
    this.#inFlight.set(envelopeId, { delivery, sentAt: performance.now(), timer });
    if (socket === "ghost") {
      this.wire.send("events_api", () => undefined);
      return;
    }
    this.#frame(socket, "events_api", {
      envelope_id: envelopeId,
      type: "events_api",
      payload: delivery.payload,
      accepts_response_payload: false,
      retry_attempt: delivery.attempt,
      retry_reason: delivery.attempt === 0 ? "" : "timeout",
    });
  }

  #fail(delivery: Delivery): void {
    const afterMs = this.options.redeliverAfterMs[delivery.attempt];
    if (afterMs === undefined) {
      this.abandoned.push({ eventId: delivery.eventId, attempts: delivery.attempt + 1 });
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#attempt({ ...delivery, attempt: delivery.attempt + 1 });
    }, afterMs);
    this.#timers.add(timer);
  }

  #receive(data: string): void {
    const frame = ackFrame.safeParse(parseJson(data));
    if (!frame.success) {
      if (!this.wire.received("unknown")) return;
      this.wire.refuse("a Socket Mode frame that acknowledges nothing");
      return;
    }
    const waiting = this.#inFlight.get(frame.data.envelope_id);
    // Late or repeated: Slack ignores acknowledgements of an envelope it has given up.
    const isRead = this.wire.received(waiting ? "ack" : "late ack");
    if (!waiting || !isRead) return;
    clearTimeout(waiting.timer);
    this.#inFlight.delete(frame.data.envelope_id);
    const { eventId, attempt } = waiting.delivery;
    this.acks.push({ eventId, attempt, afterMs: performance.now() - waiting.sentAt });
  }

  #pick(): WebSocket | "ghost" | undefined {
    const open = [...this.#sockets].filter(
      (socket) => socket.readyState === WebSocket.OPEN && !this.#leaving.has(socket),
    );
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    const choice = Math.floor((this.#random / 2 ** 32) * (open.length + this.#ghosts));
    return choice < open.length ? open[choice] : this.#ghosts > 0 ? "ghost" : undefined;
  }

  #frame(socket: WebSocket, name: string, frame: unknown): void {
    this.wire.send(name, () => {
      socket.send(JSON.stringify(frame));
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
