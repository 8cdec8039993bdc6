import {
  GatewayCloseCodes as Close,
  GatewayIntentBits as Intent,
  GatewayOpcodes as Op,
} from "discord-api-types/v10";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Wire } from "../../wire.ts";
import type { Credentials } from "../backend.ts";
import { dispatchOf } from "./dispatches.ts";
import { identifyData, readFrame, resumeData } from "./frames.ts";
import { applicationPayload, guildCreatePayload } from "../payloads/guild_payloads.ts";
import { userPayload, withoutContent } from "../payloads/message_payloads.ts";
import type { WorldEvent } from "../world/model.ts";
import { Session } from "./session.ts";
import { ALL_INTENTS, FINAL, IDENTIFIES_A_DAY, PRIVILEGED } from "./session_rules.ts";
import { isDenied, type World } from "../world/world.ts";

export interface GatewaySettings {
  readonly credentials: Credentials;
  readonly messageContentIntent: boolean;
  /** The heartbeat interval sent in HELLO, in ms. Discord's is 41,250. */
  readonly heartbeatMs: number;
  /** How long a session without a socket can be resumed, in ms. Discord does not document it; it is minutes. */
  readonly sessionLifeMs: number;
}

/** The gateway: sends the world's events to its sessions, which can be resumed. */
export class Gateway {
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #sessions = new Map<string, Session>();
  readonly #bySocket = new Map<WebSocket, Session>();
  /** Sockets closed by the stand-in. Only a close by the client, with 1000 or 1001, ends its session. */
  readonly #closedHere = new WeakSet<WebSocket>();
  #identifies = 0;
  #refusals = 0;

  constructor(
    private readonly world: World,
    private readonly wire: Wire,
    private readonly settings: GatewaySettings,
  ) {
    world.events.add((event) => this.#publish(event));
  }

  attach(server: Server): void {
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const url = new URL(request.url ?? "/", "http://stand-in");
      const known = url.pathname === "/gateway/" || url.pathname === "/gateway";
      if (
        !known ||
        url.searchParams.get("encoding") !== "json" ||
        url.searchParams.has("compress")
      ) {
        this.wire.refuse(`gateway ${url.pathname}${url.search}`);
        socket.end("HTTP/1.1 501 Not Implemented\r\n\r\n");
        return;
      }
      this.#server.handleUpgrade(request, socket, head, (opened) => this.#open(opened));
    });
    const { port } = server.address() as { port: number }; // Attached to a server that listens on TCP.
    this.#url = `ws://127.0.0.1:${port}/gateway`;
  }

  #url = "";
  get url(): string {
    return this.#url;
  }

  get identifiesLeft(): number {
    return IDENTIFIES_A_DAY - this.#identifies;
  }

  /** Identified sessions with a socket. */
  get connections(): number {
    return this.#bySocket.size;
  }

  /** Closes every socket. 1006 drops them without a close frame, as a broken network does. */
  closeAll(code: number): void {
    for (const socket of this.#server.clients) this.#close(socket, code);
  }

  /** The next resume is answered with Invalid Session. */
  refuseResume(): void {
    this.#refusals += 1;
  }

  /** Sends Invalid Session to every connected session. */
  invalidate(resumable: boolean): void {
    for (const [socket, session] of [...this.#bySocket]) {
      if (!resumable) this.#sessions.delete(session.id);
      this.#send(socket, "INVALID_SESSION", { op: Op.InvalidSession, d: resumable });
    }
  }

  /** Sends every session a dispatch as it is. */
  sendDispatch(name: string, data: unknown): void {
    for (const session of this.#sessions.values()) this.#dispatch(session, name, data);
  }

  /** Asks every client to reconnect, as Discord does before it restarts a gateway server. */
  askToReconnect(): void {
    for (const socket of [...this.#bySocket.keys()]) {
      this.#send(socket, "RECONNECT", { op: Op.Reconnect, d: null });
    }
  }

  stop(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }

  #open(socket: WebSocket): void {
    socket.on("message", (data: RawData) => this.#receive(socket, data));
    socket.on("error", () => socket.terminate());
    socket.on("close", (code: number) => {
      const session = this.#bySocket.get(socket);
      if (!session) return;
      this.#unlink(socket, session);
      const left = !this.#closedHere.has(socket) && (code === 1000 || code === 1001);
      if (left) this.#sessions.delete(session.id);
    });
    this.#send(socket, "HELLO", {
      op: Op.Hello,
      d: { heartbeat_interval: this.settings.heartbeatMs },
    });
  }

  #receive(socket: WebSocket, data: RawData): void {
    const parsed = readFrame(data);
    if (!parsed.success) {
      this.wire.refuse("malformed gateway frame");
      this.#close(socket, Close.DecodeError);
      return;
    }
    const { op, d } = parsed.data;
    if (!this.wire.received(Op[op].toUpperCase())) return;
    switch (op) {
      case Op.Heartbeat:
        this.#send(socket, "HEARTBEAT_ACK", { op: Op.HeartbeatAck });
        return;
      case Op.Identify:
        this.#identify(socket, d);
        return;
      case Op.Resume:
        this.#resume(socket, d);
        return;
      case Op.PresenceUpdate:
        if (!this.#bySocket.has(socket)) this.#close(socket, Close.NotAuthenticated);
        return;
      default:
        this.wire.refuse(`gateway op ${op}`);
        this.#close(socket, Close.UnknownOpcode);
    }
  }

  #identify(socket: WebSocket, d: unknown): void {
    const asked = identifyData.safeParse(d);
    if (!asked.success) {
      this.#close(socket, Close.DecodeError);
      return;
    }
    const { token, intents } = asked.data;
    const withheld = PRIVILEGED | (this.settings.messageContentIntent ? 0 : Intent.MessageContent);
    if (this.#bySocket.has(socket)) {
      this.#close(socket, Close.AlreadyAuthenticated);
      return;
    }
    if (token !== this.settings.credentials.token) {
      this.#close(socket, Close.AuthenticationFailed);
      return;
    }
    if ((intents & ~ALL_INTENTS) !== 0) {
      this.#close(socket, Close.InvalidIntents);
      return;
    }
    if ((intents & withheld) !== 0) {
      this.#close(socket, Close.DisallowedIntents);
      return;
    }
    this.#identifies += 1;
    const session = new Session(intents, socket);
    this.#sessions.set(session.id, session);
    this.#bySocket.set(socket, session);
    const { world } = this;
    const { id, flags } = applicationPayload(world, this.settings.messageContentIntent);
    this.#dispatch(session, "READY", {
      v: 10,
      user: userPayload(world.bot),
      guilds: world.presence === "out" ? [] : [{ id: world.guild.id, unavailable: true }],
      session_id: session.id,
      resume_gateway_url: this.#url,
      shard: [0, 1],
      application: { id, flags },
    });
    if (!session.wants(Intent.Guilds)) return;
    if (world.presence === "in") this.#dispatch(session, "GUILD_CREATE", guildCreatePayload(world));
    if (world.presence === "away")
      this.#dispatch(session, "GUILD_DELETE", { id: world.guild.id, unavailable: true });
  }

  #resume(socket: WebSocket, d: unknown): void {
    const asked = resumeData.safeParse(d);
    if (!asked.success) {
      this.#close(socket, Close.DecodeError);
      return;
    }
    const { token, session_id, seq } = asked.data;
    if (token !== this.settings.credentials.token) {
      this.#close(socket, Close.AuthenticationFailed);
      return;
    }
    const session = this.#refusals > 0 ? undefined : this.#sessions.get(session_id);
    if (this.#refusals > 0) {
      this.#refusals -= 1;
      this.#sessions.delete(session_id);
    }
    const missed = session && !this.#isOver(session) ? session.after(seq) : undefined;
    if (!session || !missed) {
      this.#send(socket, "INVALID_SESSION", { op: Op.InvalidSession, d: false });
      return;
    }
    if (seq > session.seq) {
      this.#close(socket, Close.InvalidSeq);
      return;
    }
    if ("socket" in session.link) this.#close(session.link.socket, Close.UnknownError);
    session.link = { socket };
    this.#bySocket.set(socket, session);
    for (const { name, frame } of missed) this.#send(socket, name, frame);
    this.#dispatch(session, "RESUMED", {});
  }

  #publish(event: WorldEvent): void {
    if (this.#sessions.size === 0) return;
    if (this.world.presence !== "in" && event.kind !== "guildChanged") return;
    const dispatch = dispatchOf(this.world, event);
    if (dispatch.requiredAccess && isDenied(dispatch.requiredAccess, "view")) return;
    const texts = new Map<boolean, string>();
    for (const session of this.#sessions.values()) {
      if (this.#isOver(session)) {
        this.#sessions.delete(session.id);
        continue;
      }
      if (!session.wants(dispatch.intent)) continue;
      const whole = dispatch.kind === "other" || session.seesContent;
      const text =
        texts.get(whole) ??
        JSON.stringify(whole ? dispatch.data : withoutContent(this.world, dispatch.data));
      texts.set(whole, text);
      this.#push(session, dispatch.name, text);
    }
  }

  #dispatch(session: Session, name: string, data: unknown): void {
    this.#push(session, name, JSON.stringify(data));
  }

  #push(session: Session, name: string, data: string): void {
    const frame = session.add(name, data);
    if ("socket" in session.link) this.#send(session.link.socket, name, frame);
  }

  /** All outgoing frames pass through here. */
  #send(socket: WebSocket, name: string, frame: string | object): void {
    if (socket.readyState !== socket.OPEN) return;
    this.wire.send(name, () => {
      socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    });
  }

  #close(socket: WebSocket, code: number): void {
    this.#closedHere.add(socket);
    const session = this.#bySocket.get(socket);
    if (session) {
      this.#unlink(socket, session);
      if (FINAL.has(code)) this.#sessions.delete(session.id);
    }
    this.wire.send(`CLOSE ${code}`, () => {
      if (code === 1006) socket.terminate();
      else socket.close(code);
    });
  }

  #unlink(socket: WebSocket, session: Session): void {
    this.#bySocket.delete(socket);
    // A session resumed on another socket meanwhile keeps that one.
    if ("socket" in session.link && session.link.socket === socket) {
      session.link = { lostAt: Date.now() };
    }
  }

  #isOver(session: Session): boolean {
    return (
      "lostAt" in session.link && Date.now() - session.link.lostAt > this.settings.sessionLifeMs
    );
  }
}
