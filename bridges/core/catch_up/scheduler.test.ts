import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { FakePlatform } from "../../../test/support/outbox_fakes.ts";
import { NO_HISTORY } from "../../../test/support/no_history.ts";
import type { Health, History, Mapping, MappingId } from "../../platform.ts";
import type { IngestBackend } from "../convex/backend.ts";
import { CatchUp, type CatchUpLimits } from "./scheduler.ts";
import { PlatformError } from "../shared/errors.ts";
import { BridgeIntake } from "../ingest/intake.ts";
import { Wholeness } from "../ingest/cursor_tracker.ts";
import { eventually } from "../../../test/support/eventually.ts";

const log = pino({ level: "silent" });
const running: CatchUp[] = [];

afterEach(() => {
  for (const catchUp of running.splice(0)) catchUp.stop();
});

function mappingOf(name: string, since = "1"): Mapping {
  // Only Convex makes ids; here any text serves.
  return { mappingId: name as MappingId, externalId: `channel ${name}`, since };
}

const [A, B] = [mappingOf("a"), mappingOf("b")];

/** A catch-up over fakes; `asked` tells for which mapping the platform was asked for news. */
function setUp(
  news: (mapping: Mapping, asOf?: number) => Promise<void>,
  limits: Partial<CatchUpLimits> = {},
) {
  const asked: string[] = [];
  const health: Health[] = [];
  const mapped: Mapping[] = [];
  const backend: IngestBackend = {
    watchMappings: () => () => undefined,
    ingest: (events) => Promise.resolve(events.map(() => "inserted")),
    cursors: () => Promise.resolve(mapped.map(({ mappingId }) => ({ mappingId, upTo: "1" }))),
    standing: () => Promise.resolve({ rows: [], threads: [] }),
    report: (report) => {
      health.push(...report.health);
      return Promise.resolve();
    },
  };
  const history: History = {
    ...NO_HISTORY,
    news: async (mapping, _after, _signal, asOf) => {
      asked.push(mapping.mappingId);
      await news(mapping, asOf);
      return { channel: "quiet", threads: [] };
    },
  };
  const platform = Object.assign(new FakePlatform(), { history });
  const wholeness = new Wholeness({ platform: "discord", settleMs: 0 });
  const intake = new BridgeIntake(backend, log, wholeness, { reportLimits: { gatherMs: 1 } });
  const retry = { first: 20, cap: 20 };
  const catchUp = new CatchUp({
    platform,
    backend,
    intake,
    log,
    limits: { cursorsMs: 0, retry, mend: retry, ...limits },
  });
  running.push(catchUp);
  const map = (...mappings: Mapping[]) => {
    mapped.splice(0, mapped.length, ...mappings);
    catchUp.mapped(mappings);
  };
  return { catchUp, asked, health, wholeness, map };
}

test("every mapping is caught up with at the start, and is whole from then on", async () => {
  const { catchUp, asked, wholeness, map } = setUp(() => Promise.resolve());
  map(A, B);
  expect(asked).toEqual([]);
  catchUp.start();
  await eventually(() => expect(catchUp.behind).toBe(0));
  expect(asked.sort()).toEqual(["a", "b"]);
  expect([A, B].every(({ mappingId }) => wholeness.isWhole(mappingId))).toBe(true);
});

test("the platform is asked as of the mapping's own last gap, so that no older answer serves", async () => {
  const asOf = new Map<string, number>();
  const { catchUp, map } = setUp((mapping, at = 0) => {
    asOf.set(mapping.mappingId, at);
    return Promise.resolve();
  });
  map(A, B);
  catchUp.start();
  await eventually(() => expect(catchUp.behind).toBe(0));
  const [before, now] = [asOf.get("b"), performance.now()];
  catchUp.gap("a moment without a connection", A.mappingId);
  await eventually(() => expect(catchUp.behind).toBe(0));
  expect(asOf.get("a")).toBeGreaterThanOrEqual(now);
  expect(asOf.get("b")).toBe(before);
});

test("a mapping whose platform does not answer holds up no other [A9]", async () => {
  const { catchUp, wholeness, map } = setUp((mapping) =>
    mapping === A ? new Promise(() => undefined) : Promise.resolve(),
  );
  map(A, B);
  catchUp.start();
  await eventually(() => expect(wholeness.isWhole(B.mappingId)).toBe(true));
  expect(wholeness.isWhole(A.mappingId)).toBe(false);
});

test("no more mappings than allowed are caught up with at once", async () => {
  let now = 0;
  let most = 0;
  const { catchUp, map } = setUp(
    async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
    },
    { atOnce: 2 },
  );
  map(...Array.from({ length: 9 }, (_, n) => mappingOf(String(n))));
  catchUp.start();
  await eventually(() => expect(catchUp.behind).toBe(0));
  expect(most).toBe(2);
});

test("a gap in the middle of a catch-up leaves the mapping un-whole until it was caught up with again", async () => {
  let end: () => void = () => undefined;
  const { catchUp, asked, wholeness, map } = setUp(
    () => new Promise<void>((resolve) => (end = resolve)),
  );
  map(A);
  catchUp.start();
  await eventually(() => expect(asked).toHaveLength(1));
  catchUp.gap("test");
  end();
  await eventually(() => expect(asked).toHaveLength(2));
  expect(wholeness.isWhole(A.mappingId)).toBe(false);
  end();
  await eventually(() => expect(wholeness.isWhole(A.mappingId)).toBe(true));
});

test("an event that was lost makes its mapping un-whole at once, and brings a catch-up of it alone", async () => {
  const { catchUp, asked, wholeness, map } = setUp(() => Promise.resolve());
  map(A, B);
  catchUp.start();
  await eventually(() => expect(catchUp.behind).toBe(0));
  for (let n = 0; n < 100; n++) catchUp.lost(A.mappingId);
  expect(wholeness.isWhole(A.mappingId)).toBe(false);
  await eventually(() => expect(catchUp.behind).toBe(0));
  expect(asked.slice(2)).toEqual(["a"]);
});

test("a mapping that is new, or mapped anew, is caught up with, and the others are left alone", async () => {
  const { catchUp, asked, map } = setUp(() => Promise.resolve());
  map(A);
  catchUp.start();
  await eventually(() => expect(catchUp.behind).toBe(0));
  map(A, B);
  await eventually(() => expect(asked).toEqual(["a", "b"]));
  await eventually(() => expect(catchUp.behind).toBe(0));
  map(mappingOf("a", "2"), B);
  await eventually(() => expect(asked).toEqual(["a", "b", "a"]));
});

test("what only a person can mend is told, tried again, and taken back once it works", async () => {
  let isBroken = true;
  const { catchUp, health, wholeness, map } = setUp(() =>
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
  await eventually(() => expect(wholeness.isWhole(A.mappingId)).toBe(true));
  await eventually(() => expect(health).toEqual([{ ...place, trouble }, place]));
});

const NOT_IN_CHANNEL = new PlatformError({
  code: "not_in_channel",
  reason: "the bot is not in the channel",
  retryable: false,
  certain: true,
  mapping: true,
});

test("who says that a mapping is mended, or gives it another id, need not wait for the next try", async () => {
  let isBroken = true;
  const { catchUp, asked, wholeness, map } = setUp(
    () => (isBroken ? Promise.reject(NOT_IN_CHANNEL) : Promise.resolve()),
    { mend: { first: 3_600_000, cap: 3_600_000 } },
  );
  map(A);
  catchUp.start();
  await eventually(() => expect(catchUp.waiting).toBe(1));
  map({ ...A, externalId: "another" });
  await eventually(() => expect(asked).toHaveLength(2));
  await eventually(() => expect(catchUp.waiting).toBe(1));
  isBroken = false;
  catchUp.gap("the bot is in a channel again", A.mappingId);
  await eventually(() => expect(wholeness.isWhole(A.mappingId)).toBe(true));
});

test("what is told of a mapping while it is caught up with is not taken back by that", async () => {
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
