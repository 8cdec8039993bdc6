import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { GatewayOpcodes as Op } from "discord-api-types/v10";
import { WebSocketServer, type WebSocket } from "ws";
import { z } from "zod";

const commandForm = z.object({
  op: z.number(),
  d: z.unknown(),
});
const identifyForm = z.object({ shard: z.tuple([z.number(), z.number()]) });
const resumeForm = z.object({ session_id: z.string() });

/** One socket of a shard. */
export interface Link {
  readonly socket: WebSocket;
  readonly shard: number;
  readonly send: (frame: unknown) => void;
  readonly dispatch: (t: string, d: unknown) => void;
}

export interface GatewayScript {
  readonly shards?: number;
  /** What `GET /gateway/bot` says is left. */
  readonly remaining?: () => number;
  /** What follows HELLO's place. Default: HELLO. */
  readonly opened?: (socket: WebSocket) => void;
  /** Instead of READY. */
  readonly identified?: (link: Link) => void;
  /** Instead of RESUMED. */
  readonly resumed?: (link: Link) => void;
  /** Ids of the servers of a shard, which READY lists. */
  readonly guilds?: (shard: number) => readonly string[];
  /** Answers of the REST API by path, such as `channels/1`. Default: an empty list. */
  readonly rest?: (path: string) => unknown;
}

/**
 * A gateway that does what its script says, for what a stand-in of Discord refuses to do: odd frames, closes at any
 * moment, many shards.
 */
export class ScriptedGateway {
  readonly #server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/^\/api\/v10\//, "");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(path.startsWith("gateway/bot") ? this.#info() : this.#rest(path)));
  });
  readonly #sockets = new WebSocketServer({ server: this.#server });
  readonly #sequence = new Map<string, number>();
  /** The newest socket of each shard. */
  readonly links = new Map<number, Link>();
  opens = 0;
  identifies = 0;
  resumes = 0;

  private constructor(private readonly script: GatewayScript) {
    this.#sockets.on("connection", (socket) => {
      this.opens += 1;
      socket.on("message", (data: Buffer) => this.#receive(socket, JSON.parse(data.toString())));
      if (script.opened) script.opened(socket);
      else socket.send(JSON.stringify({ op: Op.Hello, d: { heartbeat_interval: 41_250 } }));
    });
  }

  static async start(script: GatewayScript): Promise<ScriptedGateway> {
    const gateway = new ScriptedGateway(script);
    await new Promise<void>((resolve) => gateway.#server.listen(0, "127.0.0.1", resolve));
    return gateway;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#port}/api`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #port(): string {
    return String((this.#server.address() as AddressInfo).port); // It listens on TCP.
  }

  #info() {
    const { shards = 1, remaining = () => 1_000 } = this.script;
    return {
      url: `ws://127.0.0.1:${this.#port}`,
      shards,
      session_start_limit: {
        total: 1_000,
        remaining: remaining(),
        reset_after: 86_400_000,
        max_concurrency: shards,
      },
    };
  }

  #rest(path: string): unknown {
    return this.script.rest?.(path) ?? [];
  }

  #receive(socket: WebSocket, data: unknown): void {
    const { op, d } = commandForm.parse(data);
    if (op === (Op.Identify as number)) {
      this.identifies += 1;
      const [shard] = identifyForm.parse(d).shard;
      const link = this.#link(socket, shard);
      if (this.script.identified) this.script.identified(link);
      else this.ready(link);
    } else if (op === (Op.Resume as number)) {
      this.resumes += 1;
      const shard = Number(resumeForm.parse(d).session_id.split(" ")[0]);
      const link = this.#link(socket, shard);
      if (this.script.resumed) this.script.resumed(link);
      else link.dispatch("RESUMED", {});
    } else if (op === (Op.Heartbeat as number)) {
      socket.send(JSON.stringify({ op: Op.HeartbeatAck }));
    }
  }

  /** Begins a session. */
  ready(link: Link): void {
    const { shard } = link;
    const session = `${shard} ${this.identifies}`;
    this.#sequence.set(String(shard), 0);
    link.dispatch("READY", {
      v: 10,
      user: { id: "900", username: "bridge" },
      guilds: (this.script.guilds?.(shard) ?? []).map((id) => ({ id, unavailable: true })),
      session_id: session,
      resume_gateway_url: `ws://127.0.0.1:${this.#port}`,
      application: { id: "900", flags: 0 },
    });
  }

  #link(socket: WebSocket, shard: number): Link {
    const send = (frame: unknown) =>
      socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    const link = {
      socket,
      shard,
      send,
      dispatch: (t: string, d: unknown) => {
        const s = (this.#sequence.get(String(shard)) ?? 0) + 1;
        this.#sequence.set(String(shard), s);
        send({ op: Op.Dispatch, t, s, d });
      },
    };
    this.links.set(shard, link);
    return link;
  }
}
