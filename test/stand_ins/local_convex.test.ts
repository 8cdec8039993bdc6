import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type CallStats, callsOf } from "../../scripts/stand_ins/convex/engine/call_stats.ts";
import { api, functionsDir, internal } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { eventually } from "../support/eventually.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";

let convex: LocalConvex;
let http: ConvexHttpClient;
const log: string[] = [];

beforeAll(async () => {
  convex = await startLocalConvex({ env: {}, functionsDir, log: (line) => log.push(line) });
  http = new ConvexHttpClient(convex.url, { logger: false });
});
afterAll(() => convex.stop());
beforeEach(() => convex.resetStats());

function client(url = convex.url): ConvexClient {
  const opened = new ConvexClient(url, { logger: false });
  onTestFinished(() => opened.close());
  return opened;
}

/** A room of its own for each test. */
const room = () => crypto.randomUUID();
const allNotes = { from: 0, below: 1e9, order: "asc", limit: 100 } as const;

function subscribe(to: ConvexClient, inRoom: string): string[][] {
  const seen: string[][] = [];
  onTestFinished(to.onUpdate(api.notes.list, { room: inRoom }, (notes) => seen.push(notes)));
  return seen;
}

const count = async (path: string, ...kinds: Parameters<typeof callsOf>[2][]): Promise<number> =>
  callsOf((await convex.stats()) satisfies CallStats, path, ...kinds);

test("a mutation over HTTP is read back over HTTP", async () => {
  const here = room();
  const id = await http.mutation(api.notes.add, { room: here, text: "hello" });
  expect(id).toMatch(/notes$/);
  expect(await http.query(api.notes.list, { room: here })).toEqual(["hello"]);
});

test("a subscriber sees every change, and its own mutations once they have resolved", async () => {
  const here = room();
  const socket = client();
  const seen = subscribe(socket, here);
  await eventually(() => expect(seen).toEqual([[]]));
  await socket.mutation(api.notes.add, { room: here, text: "own" });
  expect(seen.at(-1)).toEqual(["own"]);
  await http.mutation(api.notes.add, { room: here, text: "other" });
  await eventually(() => expect(seen.at(-1)).toEqual(["own", "other"]));
});

test("a mutation that changes nothing anyone reads still resolves", async () => {
  await client().mutation(api.notes.addMany, { room: room(), count: 0 });
});

test("scheduled functions run, and wake subscribers", async () => {
  const here = room();
  const seen = subscribe(client(), here);
  await http.mutation(api.notes.addSoon, { room: here, text: "later", afterMs: 30 });
  await eventually(() => expect(seen.at(-1)).toEqual(["later"]));
  expect(await count("notes:addHidden", "scheduled")).toBe(1);
});

test("an action reaches the network, its environment and its mutations", async () => {
  const server = createServer((_, response) => response.end("from the network"));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo; // It listens.
  const here = room();
  const url = `http://127.0.0.1:${port}`;
  expect(await client().action(api.notes.addByFetch, { room: here, url })).toBe("unsigned");
  await convex.setEnv("SIGNATURE", "signed");
  expect(await http.action(api.notes.addByFetch, { room: here, url })).toBe("signed");
  await convex.setEnv("SIGNATURE", undefined);
  expect(await http.query(api.notes.list, { room: here })).toEqual([
    "from the network",
    "from the network",
  ]);
  expect(await count("notes:addHidden", "fromAction")).toBe(2);
});

test("a query runs again after a commit, once, however many clients subscribe to it", async () => {
  const here = room();
  const seen = [subscribe(client(), here), subscribe(client(), here)];
  await eventually(() => expect(seen).toEqual([[[]], [[]]]));
  await http.mutation(api.notes.add, { room: here, text: "news" });
  await eventually(() => expect(seen.map((updates) => updates.length)).toEqual([2, 2]));
  expect(await count("notes:list", "subscribe")).toBe(1);
  expect(await count("notes:list", "rerun")).toBe(1);
  expect(await count("notes:list", "cached")).toBe(2);
});

test("commits outside of what a query read do not execute it again", async () => {
  const here = room();
  await http.mutation(api.notes.addMany, { room: here, count: 5 });
  const seen: number[][] = [];
  const args = { ...allNotes, room: here, below: 100, limit: 3 };
  const socket = client();
  onTestFinished(socket.onUpdate(api.notes.range, args, (ranks) => seen.push(ranks)));
  await eventually(() => expect(seen).toEqual([[0, 1, 2]]));
  await socket.mutation(api.notes.add, { room: here, text: "past the limit", rank: 4 });
  await socket.mutation(api.notes.add, { room: here, text: "past the end", rank: 100 });
  await socket.mutation(api.notes.add, { room: room(), text: "elsewhere" });
  expect(await count("notes:range", "rerun")).toBe(0);
  const id = await socket.mutation(api.notes.add, { room: here, text: "inside", rank: 1.5 });
  expect(seen.at(-1)).toEqual([0, 1, 1.5]);
  await socket.mutation(api.notes.move, { id, room: here, rank: 50 });
  expect(seen.at(-1)).toEqual([0, 1, 2]);
  await socket.mutation(api.notes.remove, { id });
  expect(await count("notes:range", "rerun")).toBe(2);
});

test.each([
  ["asc", 3, [2, 2.5, 3]],
  ["desc", 3, [1000, 4, 3]],
  ["asc", 100, [2, 2.5, 3, 4, 1000]],
] as const)("a mutation reads its own writes: %s, %i", async (order, limit, ranks) => {
  const here = room();
  const ids = [];
  for (const rank of [0, 1, 2, 3, 4]) {
    ids.push(await http.mutation(api.notes.add, { room: here, text: "", rank }));
  }
  const [remove, raise] = ids;
  if (!remove || !raise) throw new Error("no notes were added");
  const change = { room: here, add: [2.5], raise, remove, order, limit };
  expect(await http.mutation(api.notes.shuffle, change)).toEqual(ranks);
  const after = await http.query(api.notes.range, { ...allNotes, room: here });
  expect(after).toEqual([2, 2.5, 3, 4, 1000]);
});

test("calls and documents are counted by function", async () => {
  const here = room();
  await http.mutation(api.notes.addMany, { room: here, count: 7 });
  await http.query(api.notes.list, { room: here });
  const { rows, billed } = await convex.stats();
  expect(rows).toMatchObject([
    { path: "notes:addMany", kind: "mutation", calls: 1, documentsRead: 0, documentsWritten: 7 },
    { path: "notes:list", kind: "query", calls: 1, documentsRead: 7, documentsWritten: 0 },
  ]);
  expect(billed).toBe(2);
});

test("the data of a ConvexError arrives; the text of any other error does not", async () => {
  for (const caller of [http, client()]) {
    await expect(caller.mutation(api.notes.refuse, { withCode: true })).rejects.toMatchObject({
      constructor: ConvexError,
      data: { code: "NOT_TODAY" },
    });
    const plain = caller.mutation(api.notes.refuse, { withCode: false });
    await expect(plain).rejects.toThrow(
      /\[Request ID: [0-9a-f]{16}\] Server Error(\n {2}Called by client)?$/,
    );
  }
  expect(await http.query(api.notes.list, { room: "refused" })).toEqual([]);
});

test("arguments of the wrong shape are refused without details", async () => {
  const wrong = { room: 1, text: "x" } as never;
  await expect(http.mutation(api.notes.add, wrong)).rejects.toThrow(
    /Server Error(\n {2}Called by client)?$/,
  );
  await expect(client().mutation(api.notes.add, wrong)).rejects.toThrow(
    /Server Error(\n {2}Called by client)?$/,
  );
});

test("without redaction, clients get the text of errors", async () => {
  const open = await startLocalConvex({ env: {}, functionsDir, redact: false });
  onTestFinished(() => open.stop());
  const caller = new ConvexHttpClient(open.url, { logger: false });
  const refused = caller.mutation(api.notes.refuse, { withCode: false });
  await expect(refused).rejects.toThrow(/a secret of the server's/);
});

test("clients reach public functions only", async () => {
  const here = room();
  for (const caller of [http, client()]) {
    const reference = internal.notes.addHidden as never; // A client's types would not allow this.
    const call: Promise<unknown> = caller.mutation(reference, { room: here, text: "x" } as never);
    await expect(call).rejects.toThrow(/Server Error(\n {2}Called by client)?$/);
  }
  expect(await http.query(api.notes.list, { room: here })).toEqual([]);
});

test("cancelling a running job affects neither it nor the deployment", async () => {
  const here = room();
  const seen = subscribe(client(), here);
  const job = await http.mutation(api.notes.startLingering, { room: here, ms: 2_000 });
  await eventually(() => expect(seen.at(-1)).toEqual(["begun"]));
  await http.mutation(api.notes.cancel, { job });
  await eventually(() => expect(seen.at(-1)).toEqual(["begun", "ended"]));
  await eventually(async () => {
    expect(await http.query(api.notes.stateOf, { job })).toBe("success");
  });
  expect(log.filter((line) => line.includes("unhandled"))).toEqual([]);
});

test("a pending job that is cancelled does not run", async () => {
  const here = room();
  const job = await http.mutation(api.notes.addSoon, { room: here, text: "no", afterMs: 2_000 });
  await http.mutation(api.notes.cancel, { job });
  await http.mutation(api.notes.addSoon, { room: here, text: "yes", afterMs: 2_500 });
  await eventually(async () => {
    expect(await http.query(api.notes.list, { room: here })).toEqual(["yes"]);
  });
  expect(await http.query(api.notes.stateOf, { job })).toBe("canceled");
});

test("two deployments have their own data and environment", async () => {
  const other = await startLocalConvex({ env: { SIGNATURE: "other" }, functionsDir });
  onTestFinished(() => other.stop());
  const here = room();
  await new ConvexHttpClient(other.url).mutation(api.notes.add, { room: here, text: "there" });
  expect(await http.query(api.notes.list, { room: here })).toEqual([]);
});

test("a deployment ends with the process that started it", async () => {
  const script = `
    const { startLocalConvex } = await import(${JSON.stringify(join(ROOT, "scripts/stand_ins/convex/local_convex.ts"))});
    const { url } = await startLocalConvex({ env: {}, functionsDir: ${JSON.stringify(functionsDir)} });
    console.log(url);`;
  const args = ["--import", "tsx", "--input-type=module", "-e", script];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [url] = (await once(parent.stdout, "data")) as [Buffer]; // No encoding is set.
  const address = url.toString().trim();
  expect((await fetch(address)).status).toBe(404);
  parent.kill("SIGKILL");
  await eventually(() => expect(fetch(address)).rejects.toThrow(), { timeout: 5000 });
});

test("a folder that cannot be served is refused with the error that explains it", async () => {
  const starting = startLocalConvex({ env: {}, functionsDir: join(functionsDir, "absent") });
  await expect(starting).rejects.toThrow(/ENOENT/);
});
