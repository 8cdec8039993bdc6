import type { IncomingMessage } from "node:http";
import type { JSONValue } from "convex/values";
import { type WebSocket, WebSocketServer } from "ws";
import {
  type ClientMessage,
  encodeTs,
  type ServerMessage,
  type StateModification,
} from "../../../stand_ins/convex/sync/sync_protocol.ts";
import { listenOn } from "./listen.ts";

/** A mutation as received. `at`: `performance.now()` of this process. */
export interface ReceivedMutation {
  readonly path: string;
  readonly args: Readonly<Record<string, JSONValue>>;
  readonly at: number;
}

export interface ConvexStub {
  readonly url: string;
  /** How long an answer takes, in ms. 0: it is sent in the same tick that read the call. */
  latencyMs: number;
  /** The number of function calls: mutations and subscriptions. */
  calls: number;
  /** Called with every mutation as it arrives. */
  onMutation: (mutation: ReceivedMutation) => void;
  /** The result of a mutation. Default: success. */
  answer: (mutation: ReceivedMutation) => JSONValue;
  /** Sets a query's result and sends it to its subscribers. */
  publish(path: string, value: JSONValue): void;
  stop(): Promise<void>;
}

interface Session {
  readonly ws: WebSocket;
  readonly queries: Map<number, string>;
  version: { querySet: number; identity: number };
  ts: bigint;
}

/**
 * Starts a stub that speaks Convex's sync protocol without functions, data or checks. It answers at once.
 *
 * The bench has stubs beside the stand-ins because it measures the bridge alone. A stand-in validates, stores and logs
 * everything, at a few thousand messages a second; the bridge would wait for it. The stubs send prepared frames, check
 * nothing and keep nothing, at tens of thousands a second. Where the backend itself is measured (calls, documents,
 * conflicts, the reply path), the bench uses the stand-ins.
 */
export async function startConvexStub(): Promise<ConvexStub> {
  const results = new Map<string, JSONValue>();
  const sessions = new Set<Session>();
  const server = await listenOn((_request, response) => void response.writeHead(404).end());
  const sockets = new WebSocketServer({ server: server.server });

  const stub: ConvexStub = {
    url: `http://127.0.0.1:${server.port}`,
    latencyMs: 0,
    calls: 0,
    onMutation: () => undefined,
    answer: succeed,
    publish(path, value) {
      results.set(path, value);
      for (const session of sessions) {
        const updates = [...session.queries]
          .filter(([, subscribed]) => subscribed === path)
          .map(([queryId]) => updateOf(queryId, value));
        if (updates.length > 0) transition(session, updates);
      }
    },
    async stop() {
      for (const { ws } of sessions) ws.terminate();
      await server.close();
    },
  };

  const receive = (session: Session, text: string) => {
    const at = performance.now();
    // Written by the stock client. Validating it would cost more than what is measured.
    const message = JSON.parse(text) as ClientMessage;
    switch (message.type) {
      case "Connect":
      case "Event":
        return;
      case "Authenticate":
        session.version.identity += 1;
        transition(session, [], { identity: session.version.identity - 1 });
        return;
      case "ModifyQuerySet":
        stub.calls += message.modifications.filter(({ type }) => type === "Add").length;
        modify(session, message, results);
        return;
      case "Mutation": {
        stub.calls += 1;
        const mutation = { path: message.udfPath, args: argsOf(message.args), at };
        stub.onMutation(mutation);
        const reply = () => {
          answer(session, message.requestId, stub.answer(mutation));
        };
        if (stub.latencyMs === 0) reply();
        else setTimeout(reply, stub.latencyMs);
        return;
      }
      case "Action":
        throw new Error("a bridge calls no actions");
    }
  };

  sockets.on("connection", (ws: WebSocket, _request: IncomingMessage) => {
    const session = { ws, queries: new Map(), version: { querySet: 0, identity: 0 }, ts: 0n };
    sessions.add(session);
    const ping = setInterval(() => send(session, { type: "Ping" }), 15_000);
    ws.on("close", () => {
      clearInterval(ping);
      sessions.delete(session);
    });
    ws.on("error", () => ws.terminate());
    // By default ws passes each message as one Buffer.
    ws.on("message", (data) => receive(session, Buffer.isBuffer(data) ? data.toString() : ""));
  });
  return stub;
}

function modify(
  session: Session,
  message: Extract<ClientMessage, { type: "ModifyQuerySet" }>,
  results: ReadonlyMap<string, JSONValue>,
): void {
  const updates: StateModification[] = [];
  for (const change of message.modifications) {
    if (change.type === "Remove") {
      session.queries.delete(change.queryId);
      updates.push({ type: "QueryRemoved", queryId: change.queryId });
    } else {
      session.queries.set(change.queryId, change.udfPath);
      updates.push(updateOf(change.queryId, results.get(change.udfPath) ?? []));
    }
  }
  const querySet = session.version.querySet;
  session.version.querySet = message.newVersion;
  transition(session, updates, { querySet });
}

function answer(session: Session, requestId: number, result: JSONValue): void {
  const ts = encodeTs(session.ts + 1n);
  send(session, { type: "MutationResponse", requestId, logLines: [], success: true, result, ts });
  transition(session, []);
}

/** Sends the next state to the client. `before` holds the versions that differ in the current one. */
function transition(
  session: Session,
  modifications: readonly StateModification[],
  before: Partial<Session["version"]> = {},
): void {
  const startVersion = { ...session.version, ...before, ts: encodeTs(session.ts) };
  session.ts += 1n;
  const endVersion = { ...session.version, ts: encodeTs(session.ts) };
  send(session, { type: "Transition", startVersion, endVersion, modifications });
}

function send({ ws }: Session, message: ServerMessage): void {
  if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(message));
}

function updateOf(queryId: number, value: JSONValue): StateModification {
  return { type: "QueryUpdated", queryId, value, logLines: [], journal: null };
}

function argsOf(args: readonly JSONValue[]): Readonly<Record<string, JSONValue>> {
  const [first] = args;
  return typeof first === "object" && first !== null && !Array.isArray(first) ? first : {};
}

/** The events of a `bridge:ingest` call; none for other calls. */
export function eventsOf({ path, args }: ReceivedMutation): readonly JSONValue[] {
  return path === "bridge:ingest" && Array.isArray(args.events) ? args.events : [];
}

function succeed(mutation: ReceivedMutation): JSONValue {
  switch (mutation.path) {
    case "bridge:ingest":
      return eventsOf(mutation).map(() => "inserted");
    case "bridge:claim":
      return { status: "gone" };
    case "bridge:settle":
      return { held: true };
    default:
      return null;
  }
}
