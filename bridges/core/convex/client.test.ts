import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { eventually } from "../../../test/support/eventually.ts";
import { MAPPING, messageEvent, newKey } from "../../../test/support/core_material.ts";
import { ingestBackend } from "./backend.ts";
import { connectConvex, type Connection } from "./client.ts";
import { mintToken } from "./token.ts";

/* The stock client against a socket that answers nothing. */

const log = pino({ level: "silent" });
const { signing } = newKey();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function deployment() {
  const frames: string[] = [];
  const sockets: WebSocket[] = [];
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("message", (data: RawData) =>
      frames.push(z.instanceof(Buffer).parse(data).toString()),
    );
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("not listening");
  const overloads: number[] = [];
  const connection: Connection = connectConvex({
    url: `http://127.0.0.1:${String(address.port)}`,
    mint: () => mintToken("discord", signing),
    keySet: "DISCORD_BRIDGE_JWKS",
    log,
    onFatal: () => undefined,
    onOverload: () => overloads.push(1),
  });
  cleanups.push(() => connection.close());
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  cleanups.push(() => sockets.forEach((socket) => socket.terminate()));
  const backend = ingestBackend(connection.client, log);
  const mutations = () => frames.filter((frame) => frame.includes('"type":"Mutation"'));
  return { backend, sockets, overloads, mutations };
}

test("no half of a surrogate pair goes over the wire, in no string of any call", async () => {
  const { backend, mutations } = await deployment();
  const half = "half \ud83d";
  void backend.ingest(
    [
      messageEvent("1", {
        content: half,
        author: { externalId: "U1", workspaceId: "W1", name: half },
        mentions: [{ kind: "user", id: "U2", name: half }],
      }),
    ],
    [],
  );
  void backend.report({
    people: [{ externalId: "U1", workspaceId: "W1", name: half }],
    health: [],
    problems: [{ mappingId: MAPPING, kind: "content_unknown", externalId: half, reason: half }],
  });
  await eventually(() => expect(mutations()).toHaveLength(2));
  for (const frame of mutations()) {
    expect(frame).toContain("half \ufffd");
    expect(frame).not.toMatch(/\\ud[89a-f]/);
  }
});

test("a socket that Convex closes for contention is noticed, and any other is not", async () => {
  const { backend, sockets, overloads, mutations } = await deployment();
  void backend.ingest([messageEvent("1")], []);
  await eventually(() => expect(mutations()).toHaveLength(1));
  sockets[0]?.close(1011, "InternalServerError");
  // The client sends the same call again on each new socket.
  await eventually(() => expect(mutations()).toHaveLength(2), 10_000);
  expect(overloads).toEqual([]);
  sockets[1]?.close(1013, "OptimisticConcurrencyControlFailure");
  await eventually(() => expect(mutations()).toHaveLength(3), 10_000);
  expect(overloads).toEqual([1]);
});
