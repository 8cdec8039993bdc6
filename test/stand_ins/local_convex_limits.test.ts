import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { api, functionsDir } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { CONVEX_LIMITS } from "../../scripts/stand_ins/convex/functions/limits.ts";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { eventually } from "../support/eventually.ts";

let convex: LocalConvex;
let http: ConvexHttpClient;

beforeAll(async () => {
  convex = await startLocalConvex({ env: {}, functionsDir, redact: false });
  http = new ConvexHttpClient(convex.url, { logger: false });
});
afterAll(() => convex.stop());
afterEach(() => convex.faults.slowFunctions(1));

const room = () => crypto.randomUUID();
const notesIn = (here: string, at = http) => at.query(api.notes.list, { room: here });
const TIMED_OUT = "Function execution timed out (maximum duration: 1s)";

async function withLimits(limits: Partial<typeof CONVEX_LIMITS>): Promise<ConvexHttpClient> {
  const own = await startLocalConvex({ env: {}, functionsDir, redact: false, limits });
  onTestFinished(() => own.stop());
  return new ConvexHttpClient(own.url, { logger: false });
}

test("a transaction with more calls than 1 s allows fails and writes nothing, each time", async () => {
  const here = room();
  await http.mutation(api.limits.addInCalls, { room: here, times: 300 });
  for (let i = 0; i < 2; i++) {
    const tooMany = http.mutation(api.limits.addInCalls, { room: here, times: 340 });
    await expect(tooMany).rejects.toThrow(TIMED_OUT);
  }
  expect(await notesIn(here)).toHaveLength(300);
});

test("a function that catches the error fails all the same", async () => {
  const here = room();
  const tooMany = http.mutation(api.limits.addInCallsAndCatch, { room: here, times: 340 });
  await expect(tooMany).rejects.toThrow(TIMED_OUT);
  expect(await notesIn(here)).toEqual([]);
});

test("over a socket it is rejected, and the next mutation passes", async () => {
  const here = room();
  const socket = new ConvexClient(convex.url, { logger: false });
  onTestFinished(() => socket.close());
  const tooMany = socket.mutation(api.limits.addInCalls, { room: here, times: 340 });
  await expect(tooMany).rejects.toThrow(TIMED_OUT);
  await socket.mutation(api.limits.addInCalls, { room: here, times: 1 });
  expect(await notesIn(here)).toHaveLength(1);
});

test("a scheduled function that takes longer ends as failed", async () => {
  const job = await http.mutation(api.limits.addInCallsSoon, { room: room(), times: 340 });
  await eventually(async () => {
    expect(await http.query(api.notes.stateOf, { job })).toBe("failed");
  });
});

test("each document read or written takes a part of the time", async () => {
  const own = await withLimits({ documentMs: 10 });
  const here = room();
  await expect(own.mutation(api.notes.addMany, { room: here, count: 101 })).rejects.toThrow(
    TIMED_OUT,
  );
  await own.mutation(api.notes.addMany, { room: here, count: 90 });
  expect(await notesIn(here, own)).toHaveLength(90);
  await own.mutation(api.notes.addMany, { room: here, count: 20 });
  await expect(notesIn(here, own)).rejects.toThrow(TIMED_OUT);
});

test("on a slow machine the same function may take too long", async () => {
  const here = room();
  await convex.faults.slowFunctions(4);
  const slow = http.mutation(api.limits.addInCalls, { room: here, times: 100 });
  await expect(slow).rejects.toThrow(TIMED_OUT);
  await convex.faults.slowFunctions(1);
  await http.mutation(api.limits.addInCalls, { room: here, times: 100 });
});

test("a transaction has Convex's limit of index ranges", async () => {
  const id = await http.mutation(api.notes.add, { room: room(), text: "read" });
  await http.query(api.limits.getOften, { id, times: 4_096 });
  await expect(http.query(api.limits.getOften, { id, times: 4_097 })).rejects.toThrow(
    "Too many index ranges read in a single function execution (limit: 4096)",
  );
});

test("8 scheduled functions run at once; those behind them begin in the order in which they are due", async () => {
  const here = room();
  const notes = ["third", "second", "first"];
  await http.mutation(api.limits.crowd, { room: here, actions: 10, ms: 1_500, notes });
  const count = async (kind: string) =>
    (await notesIn(here)).filter((text) => text === kind).length;
  await eventually(async () => expect(await count("begun")).toBe(8));
  // The rest is due too, and does not begin.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await notesIn(here)).toEqual(Array<string>(8).fill("begun"));
  await eventually(async () => expect(await count("ended")).toBe(10), { timeout: 8_000 });
  const order = (await notesIn(here)).filter((text) => !["begun", "ended"].includes(text));
  expect(order).toEqual(["first", "second", "third"]);
  expect(CONVEX_LIMITS.jobsAtOnce).toBe(8);
});

test("a job that waits for its slot can be cancelled, and a cron waits for none", async () => {
  const own = await startLocalConvex({ env: {}, functionsDir, limits: { jobsAtOnce: 1 } });
  onTestFinished(() => own.stop());
  const client = new ConvexHttpClient(own.url, { logger: false });
  const here = room();
  await client.mutation(api.notes.startLingering, { room: here, ms: 2_000 });
  await eventually(async () => expect(await notesIn(here, client)).toEqual(["begun"]));
  const waiting = { room: here, text: "cancelled", afterMs: 0 };
  const job = await client.mutation(api.notes.addSoon, waiting);
  await client.mutation(api.notes.addSoon, { ...waiting, text: "waiting" });
  await own.runJob("limits:tick");
  await eventually(async () => expect(await notesIn("ticks", client)).toEqual(["tick"]));
  expect(await notesIn(here, client)).toEqual(["begun"]);
  await client.mutation(api.notes.cancel, { job });
  await eventually(async () => {
    expect(await notesIn(here, client)).toEqual(["begun", "ended", "waiting"]);
  });
});

test("half of a surrogate pair is refused in what a function returns, writes, schedules and passes on", async () => {
  const here = room();
  const refused: (() => Promise<unknown>)[] = [
    () => http.query(api.limits.returnHalf, {}),
    () => http.action(api.limits.returnHalfKey, {}),
    () => http.mutation(api.limits.writeHalf, { room: here }),
    () => http.mutation(api.limits.scheduleHalf, { room: here }),
    () => http.action(api.limits.passHalf, { room: here }),
  ];
  for (const call of refused) await expect(call()).rejects.toThrow("lone surrogate");
  expect(await notesIn(here)).toEqual([]);
});
