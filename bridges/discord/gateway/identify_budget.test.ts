import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { IdentifyBudget, type SessionLimit } from "./identify_budget.ts";

const logLine = z.record(z.string(), z.unknown());
const HOUR = 3_600_000;
/** What the library waits before it connects again, in ms. */
const LIBRARY_MS = 500;

/** A budget whose waits take no time, on a clock of its own. */
function setUp(
  limit: () => SessionLimit = () => ({ total: 1_000, remaining: 1_000, reset_after: HOUR }),
) {
  let now = 0;
  const stopping = new AbortController();
  const lines: Record<string, unknown>[] = [];
  const budget = new IdentifyBudget({
    fetchLimit: () => Promise.resolve(limit()),
    log: pino({}, { write: (line: string) => void lines.push(logLine.parse(JSON.parse(line))) }),
    signal: stopping.signal,
    now: () => now,
    pause: (ms) => {
      now += ms;
      return Promise.resolve();
    },
  });
  const pass = (ms: number) => (now += ms);
  return { budget, pass, lines, now: () => now, stopping };
}

/** Connects for an hour, each time as `session` says. Returns how often it connected and identified. */
async function connectForAnHour(session: {
  readonly identifies: boolean;
  readonly opens: boolean;
  readonly resumes: boolean;
  readonly lastsMs?: number;
}) {
  const { budget, pass, now } = setUp();
  let [connects, identifies, hasSession] = [0, 0, false];
  while (now() < HOUR) {
    await budget.mayConnect(0, hasSession);
    connects += 1;
    if (session.identifies && !hasSession) {
      budget.spend(0);
      identifies += 1;
    }
    if (session.opens) budget.opened(0);
    hasSession = session.resumes;
    pass(session.lastsMs ?? 10);
    budget.closed(0);
    pass(LIBRARY_MS);
  }
  return { connects, identifies };
}

describe("in an hour", () => {
  test("a gateway that closes before HELLO gets few connections", async () => {
    const { connects } = await connectForAnHour({
      identifies: false,
      opens: false,
      resumes: false,
    });
    expect(connects).toBeLessThanOrEqual(25);
  });

  test.each([
    ["closes after IDENTIFY", { identifies: true, opens: false, resumes: false }],
    ["ends each session by op 9", { identifies: true, opens: true, resumes: false }],
  ])("a gateway that %s gets at most 20 identifies", async (_, session) => {
    const { identifies } = await connectForAnHour(session);
    expect(identifies).toBeGreaterThan(5);
    expect(identifies).toBeLessThanOrEqual(20);
  });

  test("a gateway that asks to reconnect again and again gets one", async () => {
    const session = { identifies: true, opens: true, resumes: true };
    const { connects, identifies } = await connectForAnHour(session);
    expect(identifies).toBe(1);
    expect(connects).toBeLessThanOrEqual(50);
  });

  test("a Discord that can't be reached is tried every half minute", async () => {
    const { budget, pass, now } = setUp();
    let connects = 0;
    while (now() < HOUR) {
      const before = now();
      await budget.mayConnect(0, false);
      connects += 1;
      expect(now() - before).toBeLessThan(30_001);
      budget.closed(0, true);
      pass(LIBRARY_MS);
    }
    expect(connects).toBeGreaterThan(100);
  });

  test("sessions that last are resumed at once", async () => {
    const session = { identifies: true, opens: true, resumes: true, lastsMs: 61_000 };
    const { connects } = await connectForAnHour(session);
    expect(connects).toBe(Math.ceil(HOUR / (61_000 + LIBRARY_MS)));
  });
});

describe("the limit that Discord tells", () => {
  test("is never spent up to its end; the bridge waits for the reset, and says so once", async () => {
    let remaining = 4;
    const { budget, lines, now } = setUp(() => ({
      total: 1_000,
      remaining: now() >= HOUR ? 1_000 : remaining,
      reset_after: HOUR - now(),
    }));
    for (let n = 0; n < 2; n++) {
      await budget.mayConnect(0, false);
      budget.spend(0);
      remaining -= 1;
      budget.closed(0);
    }
    expect(now()).toBeLessThan(HOUR);
    await budget.mayConnect(0, false);
    expect(now()).toBeGreaterThanOrEqual(HOUR);
    expect(lines.filter(({ level }) => level === 50)).toHaveLength(1);
  });

  test("is asked for only while few are left", async () => {
    let asked = 0;
    const { budget } = setUp(() => {
      asked += 1;
      return { total: 1_000, remaining: 500, reset_after: HOUR };
    });
    for (let n = 0; n < 10; n++) {
      await budget.affordable(1);
      budget.spend(n);
    }
    expect(asked).toBe(1);
  });

  test("holds for every shard at the start", async () => {
    const { budget, now } = setUp(() => ({
      total: 1_000,
      remaining: now() >= HOUR ? 1_000 : 10,
      reset_after: HOUR - now(),
    }));
    await budget.affordable(16);
    expect(now()).toBeGreaterThanOrEqual(HOUR);
  });
});

test("stopping ends a wait", async () => {
  const { budget, stopping } = setUp(() => ({ total: 1_000, remaining: 0, reset_after: HOUR }));
  stopping.abort();
  expect(await budget.mayConnect(0, false)).toBe(false);
});
