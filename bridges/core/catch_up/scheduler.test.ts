import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { FakePlatform } from "../../../test/support/outbox_fakes.ts";
import { NO_HISTORY } from "../../../test/support/no_history.ts";
import { turn } from "../../../test/support/queue_fakes.ts";
import type { Health, History, Mapping, MappingId } from "../../platform.ts";
import type { IngestBackend } from "../convex/backend.ts";
import { CatchUpScheduler, type CatchUpLimits } from "./scheduler.ts";
import { PlatformError } from "../shared/errors.ts";
import { BridgeIntake } from "../ingest/intake.ts";
import { CursorTracker } from "../ingest/cursor_tracker.ts";
import { eventually } from "../../../test/support/eventually.ts";

const log = pino({ level: "silent" });
const running: CatchUpScheduler[] = [];

afterEach(() => {
  for (const catchUp of running.splice(0)) catchUp.stop();
});

function mappingOf(name: string, since = "1"): Mapping {
  // Only Convex makes ids; here any text serves.
  return { mappingId: name as MappingId, externalId: `channel ${name}`, since, files: "images" };
}

const [A, B] = [mappingOf("a"), mappingOf("b")];

/** A scheduler over fakes; `asked` lists the mappings whose activity was read. */
function setUp(
  activity: (mapping: Mapping, asOf?: number) => Promise<void>,
  limits: Partial<CatchUpLimits> = {},
) {
  const asked: string[] = [];
  const health: Health[] = [];
  const mapped: Mapping[] = [];
  const backend: IngestBackend = {
    watchMappings: () => () => undefined,
    ingest: (events) => Promise.resolve(events.map(() => "inserted")),
    cursors: () => Promise.resolve(mapped.map(({ mappingId }) => ({ mappingId, upTo: "1" }))),
    snapshot: () => Promise.resolve({ rows: [], threads: [] }),
    report: (report) => {
      health.push(...report.health);
      return Promise.resolve();
    },
  };
  const history: History = {
    ...NO_HISTORY,
    activity: async (mapping, _after, _signal, asOf) => {
      asked.push(mapping.mappingId);
      await activity(mapping, asOf);
      return { channel: "quiet", threads: [] };
    },
  };
  const platform = Object.assign(new FakePlatform(), { history });
  const send = () => Promise.resolve();
  const cursors = new CursorTracker({ platform: "discord", eventDelayMs: 0, send, log });
  const intake = new BridgeIntake(backend, log, cursors, { reportLimits: { gatherMs: 1 } });
  const retry = { first: 20, cap: 20 };
  const catchUp = new CatchUpScheduler({
    platform,
    backend,
    intake,
    cursors,
    log,
    limits: { cursorsMs: 0, retry, retryBroken: retry, ...limits },
  });
  running.push(catchUp);
  const map = (...mappings: Mapping[]) => {
    mapped.splice(0, mapped.length, ...mappings);
    catchUp.setMappings(mappings);
  };
  const behind = () => mapped.filter(({ mappingId }) => !cursors.isComplete(mappingId)).length;
  return { catchUp, asked, health, cursors, map, behind };
}

test("every mapping is caught up at the start, and is complete from then on", async () => {
  const { catchUp, asked, cursors, map, behind } = setUp(() => Promise.resolve());
  map(A, B);
  expect(asked).toEqual([]);
  catchUp.start();
  await eventually(() => expect(behind()).toBe(0));
  expect(asked.sort()).toEqual(["a", "b"]);
  expect([A, B].every(({ mappingId }) => cursors.isComplete(mappingId))).toBe(true);
});

test("activity is read as of the mapping's own last gap, so no older answer is used", async () => {
  const asOf = new Map<string, number>();
  const { catchUp, map, behind } = setUp((mapping, at = 0) => {
    asOf.set(mapping.mappingId, at);
    return Promise.resolve();
  });
  map(A, B);
  catchUp.start();
  await eventually(() => expect(behind()).toBe(0));
  const [before, now] = [asOf.get("b"), performance.now()];
  catchUp.gap("a moment without a connection", A.mappingId);
  await eventually(() => expect(behind()).toBe(0));
  expect(asOf.get("a")).toBeGreaterThanOrEqual(now);
  expect(asOf.get("b")).toBe(before);
});

test("a mapping whose platform does not answer delays no other", async () => {
  const { catchUp, cursors, map } = setUp((mapping) =>
    mapping === A ? new Promise(() => undefined) : Promise.resolve(),
  );
  map(A, B);
  catchUp.start();
  await eventually(() => expect(cursors.isComplete(B.mappingId)).toBe(true));
  expect(cursors.isComplete(A.mappingId)).toBe(false);
});

test("no more mappings than allowed are caught up at the same time", async () => {
  let now = 0;
  let most = 0;
  const { catchUp, map, behind } = setUp(
    async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
    },
    { atOnce: 2 },
  );
  map(...Array.from({ length: 9 }, (_, n) => mappingOf(String(n))));
  catchUp.start();
  await eventually(() => expect(behind()).toBe(0));
  expect(most).toBe(2);
});

test("a gap during a catch-up leaves the mapping incomplete until the next catch-up", async () => {
  let end: () => void = () => undefined;
  const { catchUp, asked, cursors, map } = setUp(
    () => new Promise<void>((resolve) => (end = resolve)),
  );
  map(A);
  catchUp.start();
  await eventually(() => expect(asked).toHaveLength(1));
  catchUp.gap("test");
  end();
  await eventually(() => expect(asked).toHaveLength(2));
  expect(cursors.isComplete(A.mappingId)).toBe(false);
  end();
  await eventually(() => expect(cursors.isComplete(A.mappingId)).toBe(true));
});

test("a lost event makes its mapping incomplete at once, and only that mapping is caught up", async () => {
  const { catchUp, asked, cursors, map, behind } = setUp(() => Promise.resolve());
  map(A, B);
  catchUp.start();
  await eventually(() => expect(behind()).toBe(0));
  for (let n = 0; n < 100; n++) catchUp.eventLost(A.mappingId);
  expect(cursors.isComplete(A.mappingId)).toBe(false);
  await eventually(() => expect(behind()).toBe(0));
  expect(asked.slice(2)).toEqual(["a"]);
});

test("a mapping that is new, or was mapped again, is caught up, and the others are left alone", async () => {
  const { catchUp, asked, map, behind } = setUp(() => Promise.resolve());
  map(A);
  catchUp.start();
  await eventually(() => expect(behind()).toBe(0));
  map(A, B);
  await eventually(() => expect(asked).toEqual(["a", "b"]));
  await eventually(() => expect(behind()).toBe(0));
  map(mappingOf("a", "2"), B);
  await eventually(() => expect(asked).toEqual(["a", "b", "a"]));
});

test("a failure that needs an admin is reported, retried, and cleared once it works", async () => {
  let isBroken = true;
  const { catchUp, health, cursors, map } = setUp(() =>
    isBroken
      ? Promise.reject(
          new PlatformError({
            code: "not_in_channel",
            reason: "the bot is not in the channel",
            step: "invite it",
            retryable: false,
            certain: true,
            mapping: true,
          }),
        )
      : Promise.resolve(),
  );
  map(A);
  catchUp.start();
  const trouble = {
    code: "not_in_channel",
    reason: "the bot is not in the channel",
    step: "invite it",
  };
  const place = { mappingId: A.mappingId, direction: "in" };
  await eventually(() => expect(health).toEqual([{ ...place, trouble }]));
  isBroken = false;
  await eventually(() => expect(cursors.isComplete(A.mappingId)).toBe(true));
  await eventually(() => expect(health).toEqual([{ ...place, trouble }, place]));
});

const NOT_IN_CHANNEL = new PlatformError({
  code: "not_in_channel",
  reason: "the bot is not in the channel",
  retryable: false,
  certain: true,
  mapping: true,
});

test("a mapping that was fixed, or has another channel id, does not wait for the next attempt", async () => {
  let isBroken = true;
  const { catchUp, asked, cursors, map } = setUp(
    () => (isBroken ? Promise.reject(NOT_IN_CHANNEL) : Promise.resolve()),
    { retryBroken: { first: 3_600_000, cap: 3_600_000 } },
  );
  map(A);
  catchUp.start();
  await eventually(() => expect(asked).toHaveLength(1));
  await turn();
  map({ ...A, externalId: "another" });
  await eventually(() => expect(asked).toHaveLength(2));
  await turn();
  isBroken = false;
  catchUp.gap("the bot is in a channel again", A.mappingId);
  await eventually(() => expect(cursors.isComplete(A.mappingId)).toBe(true));
});

test("a trouble reported during a catch-up is not cleared by it", async () => {
  const ends: (() => void)[] = [];
  const { catchUp, asked, health, map } = setUp(
    () => new Promise<void>((resolve) => ends.push(resolve)),
  );
  map(A);
  catchUp.start();
  await eventually(() => expect(asked).toHaveLength(1));
  catchUp.gap("a channel was lost", A.mappingId);
  ends[0]?.();
  await eventually(() => expect(asked).toHaveLength(2));
  expect(health).toEqual([]);
  ends[1]?.();
  await eventually(() => expect(health).toEqual([{ mappingId: "a", direction: "in" }]));
});

describe("a failure that is only retried", () => {
  const busy = (retryAfterMs?: number) =>
    new PlatformError({
      code: "network",
      reason: "no connection",
      retryable: true,
      certain: true,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  const place = { mappingId: A.mappingId, direction: "in" } as const;

  test("is reported once it has lasted, and cleared once it works", async () => {
    let isBroken = true;
    const fails = () => (isBroken ? Promise.reject(busy()) : Promise.resolve());
    const { catchUp, asked, health, map } = setUp(fails, { stuckMs: 30 });
    map(A);
    catchUp.start();
    await eventually(() => expect(asked.length).toBeGreaterThan(1));
    const reason = "messages from a gap are not read yet: no connection";
    const trouble = expect.objectContaining({ code: "network", reason }) as unknown;
    await eventually(() => expect(health).toEqual([{ ...place, trouble }]));
    isBroken = false;
    await eventually(() => expect(health).toEqual([{ ...place, trouble }, place]));
  });

  test("is not reported at once after a catch-up that another gap repeats", async () => {
    let gap: (() => void) | undefined = () => catchUp.gap("meanwhile");
    const { catchUp, asked, health, map } = setUp(
      () => {
        if (gap === undefined) return Promise.reject(busy());
        gap();
        gap = undefined;
        return Promise.resolve();
      },
      { stuckMs: performance.now() / 2 },
    );
    map(A);
    catchUp.start();
    await eventually(() => expect(asked.length).toBeGreaterThan(3));
    expect(health).toEqual([]);
  });

  test("is reported at once if the platform asks for a long wait, and not at all if it is short", async () => {
    const fails = (mapping: Mapping) =>
      mapping === A ? Promise.reject(busy(3_600_000)) : Promise.reject(busy());
    const { catchUp, asked, health, map } = setUp(fails);
    map(A, B);
    catchUp.start();
    await eventually(() => expect(asked.length).toBeGreaterThan(3));
    expect(health.map(({ mappingId }) => mappingId)).toEqual(["a"]);
  });
});
