import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { callsOf } from "../../scripts/stand_ins/convex/engine/call_stats.ts";
import { api, functionsDir } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { eventually } from "../support/eventually.ts";

let convex: LocalConvex;
let http: ConvexHttpClient;

beforeAll(async () => {
  convex = await startLocalConvex({ env: {}, functionsDir });
  http = new ConvexHttpClient(convex.url, { logger: false });
});
afterAll(() => convex.stop());

function client(): ConvexClient {
  const opened = new ConvexClient(convex.url, { logger: false });
  onTestFinished(() => opened.close());
  return opened;
}

const room = () => crypto.randomUUID();
const notesIn = (here: string) => http.query(api.notes.list, { room: here });

test("nothing gets through while the deployment is away, and clients catch up afterwards", async () => {
  const here = room();
  const socket = client();
  const seen: string[][] = [];
  onTestFinished(socket.onUpdate(api.notes.list, { room: here }, (notes) => seen.push(notes)));
  await eventually(() => expect(seen).toEqual([[]]));
  await convex.faults.away();
  await expect(http.query(api.notes.list, { room: here })).rejects.toThrow();
  const waiting = socket.mutation(api.notes.add, { room: here, text: "patient" });
  await expect(fetch(convex.url)).rejects.toThrow();
  await convex.faults.back();
  await waiting;
  expect(seen.at(-1)).toEqual(["patient"]);
});

test("a cut connection loses and repeats nothing", async () => {
  const here = room();
  const socket = client();
  const adding = Array.from({ length: 40 }, async (_, i) => {
    if (i === 20) await convex.faults.cutSockets();
    return socket.mutation(api.notes.addOnce, { room: here, text: String(i) });
  });
  const before = await Promise.all(adding);
  expect([...before].sort((a, b) => a - b)).toEqual(before.map((_, i) => i));
  expect(await notesIn(here)).toHaveLength(40);
});

test("a mutation whose answer was lost is resent and runs once", async () => {
  const here = room();
  await convex.faults.mutations("lostAfter", { path: "notes:addOnce" });
  expect(await client().mutation(api.notes.addOnce, { room: here, text: "once" })).toBe(0);
  expect(await notesIn(here)).toEqual(["once"]);
});

test("a mutation that was lost is resent and runs", async () => {
  const here = room();
  await convex.faults.mutations("lostBefore");
  expect(await client().mutation(api.notes.addOnce, { room: here, text: "once" })).toBe(0);
  expect(await notesIn(here)).toEqual(["once"]);
});

test("over HTTP a lost mutation is an error, whether or not it ran", async () => {
  const here = room();
  await convex.faults.mutations("lostBefore");
  await expect(http.mutation(api.notes.add, { room: here, text: "before" })).rejects.toThrow();
  await convex.faults.mutations("lostAfter");
  await expect(http.mutation(api.notes.add, { room: here, text: "after" })).rejects.toThrow();
  expect(await notesIn(here)).toEqual(["after"]);
});

test("a mutation aborted by a conflict runs again and writes once", async () => {
  const here = room();
  await convex.resetStats();
  await convex.faults.mutations("rerun");
  expect(await client().mutation(api.notes.addOnce, { room: here, text: "once" })).toBe(0);
  expect(await notesIn(here)).toEqual(["once"]);
  expect(callsOf(await convex.stats(), "notes:addOnce", "mutation")).toBe(1);
});

test("a delayed answer arrives once, some time after the commit", async () => {
  const here = room();
  await convex.faults.mutations({ answerAfterMs: 1_500 }, { path: "notes:addOnce" });
  let answered = false;
  const late = client()
    .mutation(api.notes.addOnce, { room: here, text: "late" })
    .finally(() => (answered = true));
  await eventually(async () => expect(await notesIn(here)).toEqual(["late"]), { interval: 5 });
  expect(answered).toBe(false);
  expect(await late).toBe(0);
});

test("a replayed request id gets the recorded outcome", async () => {
  const here = room();
  const sessionId = crypto.randomUUID();
  const results: unknown[] = [];
  for (let connection = 0; connection < 2; connection++) {
    const socket = new WebSocket(`${convex.url.replace("http", "ws")}/api/1.48.0/sync`);
    await new Promise((resolve) => socket.once("open", resolve));
    socket.on("message", (data) => {
      const message = JSON.parse((data as Buffer).toString()) as { type: string; result?: unknown };
      if (message.type === "MutationResponse") results.push(message.result);
    });
    const args = [{ room: here, text: "once" }];
    socket.send(JSON.stringify({ type: "Connect", sessionId, connectionCount: connection }));
    const mutation = { type: "Mutation", requestId: 7, udfPath: "notes:addOnce", args };
    socket.send(JSON.stringify(mutation));
    await eventually(() => expect(results).toHaveLength(connection + 1));
    socket.terminate();
  }
  expect(results).toEqual([0, 0]);
  expect(await notesIn(here)).toEqual(["once"]);
});

test("a delay holds back every answer and keeps their order", async () => {
  const socket = client();
  const here = room();
  await socket.mutation(api.notes.add, { room: here, text: "warm" });
  await convex.resetStats();
  await convex.faults.delay(3_000);
  let answers = 0;
  const slow = [
    socket.mutation(api.notes.add, { room: here, text: "slow" }),
    http.query(api.notes.list, { room: here }),
  ].map((answer) => answer.then(() => (answers += 1)));
  await eventually(async () => expect((await convex.stats()).billed).toBe(2), { interval: 10 });
  expect(answers).toBe(0);
  await Promise.all(slow);
  const order: number[] = [];
  const first = socket.mutation(api.notes.add, { room: here, text: "1" }).then(() => order.push(1));
  await convex.faults.delay(0);
  const second = socket.mutation(api.notes.add, { room: here, text: "2" });
  await Promise.all([first, second.then(() => order.push(2))]);
  expect(order).toEqual([1, 2]);
});

test("a query reads only the rows it returns, among thousands", async () => {
  const here = room();
  for (let i = 0; i < 4; i++) await http.mutation(api.notes.addMany, { room: here, count: 500 });
  await convex.resetStats();
  await http.query(api.notes.range, { room: here, from: 100, below: 400, order: "desc", limit: 3 });
  const { rows } = await convex.stats();
  expect(rows).toMatchObject([{ path: "notes:range", calls: 1, documents: 3, documentsRead: 3 }]);
});

test("concurrent mutations count as overlapping, and as conflicts if one read what another wrote", async () => {
  const [here, elsewhere] = [room(), room()];
  const clients = [here, here, elsewhere].map((where) => ({
    where,
    // A client each, because a client runs its mutations one after another.
    http: new ConvexHttpClient(convex.url, { logger: false }),
  }));
  const addAll = () =>
    Promise.all(
      clients.map(({ where, http: own }) =>
        own.mutation(api.notes.addOnce, { room: where, text: "at once" }),
      ),
    );
  await addAll();
  await convex.resetStats();
  onTestFinished(() => convex.faults.delayTransactions(0));
  await convex.faults.delayTransactions(1_500);
  await addAll();
  expect(await convex.stats()).toMatchObject({
    mutations: 3,
    overlapping: 2,
    conflicts: [{ path: "notes:addOnce", with: "notes:addOnce", table: "notes", calls: 1 }],
  });
});

test("half of a surrogate pair in a string ends a client for good, and is refused over HTTP", async () => {
  const here = room();
  const half = "half \ud83d";
  await expect(http.mutation(api.notes.add, { room: here, text: half })).rejects.toThrow(
    "not JSON",
  );
  const url = `${convex.url.replace("http", "ws")}/api/1.48.0/sync`;
  const raw = new WebSocket(url);
  onTestFinished(() => raw.terminate());
  await new Promise((resolve) => raw.once("open", resolve));
  const answers: string[] = [];
  raw.on("message", (data: Buffer) => answers.push(data.toString()));
  const closed = new Promise((resolve) => raw.once("close", resolve));
  raw.send(JSON.stringify({ type: "Connect", sessionId: half }));
  await closed;
  expect(answers.join()).toContain("FatalError");
  await http.mutation(api.notes.add, { room: here, text: "whole \ud83d\ude00" });
  expect(await notesIn(here)).toEqual(["whole 😀"]);
});

test("under contention the socket closes with 1013, and the client sends the mutation again", async () => {
  const here = room();
  const codes: number[] = [];
  class Watched extends WebSocket {
    constructor(address: string) {
      super(address);
      this.on("close", (code) => codes.push(code));
    }
  }
  const socket = new ConvexClient(convex.url, {
    logger: false,
    // The package's type is the browser's class.
    webSocketConstructor: Watched as unknown as typeof globalThis.WebSocket,
  });
  onTestFinished(() => socket.close());
  await convex.faults.mutations("contention", { path: "notes:addOnce" });
  const adding = ["first", "second"].map((text) =>
    socket.mutation(api.notes.addOnce, { room: here, text }),
  );
  expect(await Promise.all(adding)).toEqual([0, 1]);
  expect(codes).toEqual([1013]);
  expect(await notesIn(here)).toEqual(["first", "second"]);
});

test("after every job was lost, its row is gone, none of them runs, and new ones do", async () => {
  const here = room();
  const lost = await http.mutation(api.notes.addSoon, { room: here, text: "lost", afterMs: 50 });
  await convex.faults.loseAllJobs();
  expect(await http.query(api.notes.stateOf, { job: lost })).toBeNull();
  await http.mutation(api.notes.addSoon, { room: here, text: "new", afterMs: 100 });
  await eventually(async () => expect(await notesIn(here)).toEqual(["new"]));
});

test("as many jobs as one transaction has no time for can be lost", async () => {
  const here = room();
  const batches = await Promise.all(
    Array.from({ length: 4 }, () =>
      http.mutation(api.limits.addManySoon, { room: here, count: 900, afterMs: 60_000 }),
    ),
  );
  await convex.faults.slowFunctions(3);
  onTestFinished(() => convex.faults.slowFunctions(1));
  await convex.faults.loseAllJobs();
  for (const job of batches.flatMap((jobs) => jobs.slice(-1))) {
    expect(await http.query(api.notes.stateOf, { job })).toBeNull();
  }
});
