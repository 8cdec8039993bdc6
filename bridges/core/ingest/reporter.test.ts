import { pino } from "pino";
import { expect, test, vi } from "vitest";
import type { Report } from "../convex/backend.ts";
import { MAPPING } from "../../../test/support/core_material.ts";
import { type ReportLimits, Reporter } from "./reporter.ts";

const log = pino({ level: "silent" });

function setUp(send: (report: Report) => Promise<void>, limits: Partial<ReportLimits> = {}) {
  const sent: Report[] = [];
  const onDropped = vi.fn();
  const reporter = new Reporter(
    async (report) => {
      await send(report);
      sent.push(report);
    },
    { log, limits: { gatherMs: 10, retry: { first: 1, cap: 4 }, ...limits }, onDropped },
  );
  return { reporter, sent, onDropped };
}

const person = (externalId: string, name: string) => ({ workspaceId: "W1", externalId, name });
const works = () => Promise.resolve();

test("reports within a moment are sent in one call, only the newest of each", async () => {
  const { reporter, sent } = setUp(works);
  reporter.person(person("U1", "Ann"));
  reporter.person(person("U1", "Anna"));
  reporter.person(person("U2", "Ben"));
  reporter.health({ mappingId: MAPPING, direction: "in", trouble: { code: "1", reason: "no" } });
  reporter.health({ mappingId: MAPPING, direction: "in" });
  await reporter.problem({ kind: "thread_unreadable", reason: "why" });
  expect(sent).toEqual([
    {
      people: [person("U1", "Anna"), person("U2", "Ben")],
      health: [{ mappingId: MAPPING, direction: "in" }],
      problems: [{ kind: "thread_unreadable", reason: "why" }],
    },
  ]);
});

test("repeating the same state of a mapping costs no call", async () => {
  const { reporter, sent } = setUp(works);
  const bad = {
    mappingId: MAPPING,
    direction: "in",
    trouble: { code: "1", reason: "no" },
  } as const;
  reporter.health(bad);
  await reporter.drain(1_000);
  reporter.health(bad);
  expect(await reporter.drain(1_000)).toBe(true);
  expect(sent).toHaveLength(1);
  reporter.health({ mappingId: MAPPING, direction: "in" });
  await reporter.drain(1_000);
  expect(sent).toHaveLength(2);
});

test("that posting works again is reported each time, because settlements change its state too", async () => {
  const { reporter, sent } = setUp(works);
  for (let n = 0; n < 2; n++) {
    reporter.health({ mappingId: MAPPING, direction: "out" });
    await reporter.drain(1_000);
  }
  expect(sent).toHaveLength(2);
});

test("a report that Convex refuses for good delays no other, and is dropped after twelve attempts", async () => {
  const attempts = vi.fn();
  const { reporter, sent, onDropped } = setUp(
    (report) => {
      if (!report.problems.some(({ externalId }) => externalId === "cursed"))
        return Promise.resolve();
      attempts();
      return Promise.reject(new Error("Server Error"));
    },
    // The first wait alone would outlast the test's others.
    { retry: { first: 100, cap: 20 } },
  );
  const cursed = vi.fn();
  const report = (externalId: string) =>
    reporter.problem({ kind: "message_unreadable", externalId, reason: "x" });
  const dropped = report("cursed").then(cursed);
  await Promise.all(["a", "b", "c"].map(report));
  const stored = sent.flatMap(({ problems }) => problems.map(({ externalId }) => externalId));
  expect(stored.sort()).toEqual(["a", "b", "c"]);
  await report("d");
  expect(cursed).not.toHaveBeenCalled();
  await dropped;
  expect(attempts).toHaveBeenCalledTimes(12);
  expect(onDropped).toHaveBeenCalledTimes(1);
  expect(await reporter.drain(1_000)).toBe(true);
});

test("a report that Convex refuses while the process stops does not hold it up", async () => {
  const { reporter } = setUp(() => Promise.reject(new Error("Server Error")), {
    retry: { first: 60_000, cap: 60_000 },
  });
  const problem = reporter.problem({ kind: "thread_unreadable", reason: "x" });
  reporter.health({ mappingId: MAPPING, direction: "in" });
  expect(await reporter.drain(1_000)).toBe(true);
  await expect(problem).rejects.toMatchObject({ why: "stopping" });
});

test("a state of a mapping that was dropped is reported again", async () => {
  let works = false;
  const { reporter, sent } = setUp(() =>
    works ? Promise.resolve() : Promise.reject(new Error("Server Error")),
  );
  reporter.health({ mappingId: MAPPING, direction: "in" });
  await reporter.drain(1_000);
  works = true;
  reporter.health({ mappingId: MAPPING, direction: "in" });
  await reporter.drain(1_000);
  expect(sent).toHaveLength(1);
});

test("while Convex is away the number of names is limited, and no problem is lost", async () => {
  let away = true;
  const { reporter, sent } = setUp(
    () => (away ? Promise.reject(new Error("away")) : Promise.resolve()),
    { waiting: 3, gatherMs: 5 },
  );
  const problem = reporter.problem({ kind: "thread_unreadable", reason: "x", mappingId: MAPPING });
  for (let i = 0; i < 10; i++) reporter.person(person(`U${String(i)}`, "x"));
  away = false;
  await problem;
  await reporter.drain(1_000);
  expect(sent.flatMap(({ people }) => people.map(({ externalId }) => externalId))).toEqual([
    "U8",
    "U9",
  ]);
});

test("stopping drops what Convex never stored", async () => {
  const { reporter } = setUp(() => new Promise(() => undefined));
  const problem = reporter.problem({ kind: "thread_unreadable", reason: "x" });
  expect(await reporter.drain(20)).toBe(false);
  reporter.end();
  await expect(problem).rejects.toMatchObject({ why: "stopping" });
});

test("a channel update resolves once it is stored, even if a newer one was merged with it", async () => {
  let store: () => void = () => undefined;
  const stored = new Promise<void>((resolve) => (store = resolve));
  const { reporter, sent } = setUp(() => stored);
  const done: string[] = [];
  const updates = [
    reporter.channel({ mappingId: MAPPING, name: "lounge" }).then(() => done.push("name")),
    reporter.channel({ mappingId: MAPPING, externalId: "C2" }).then(() => done.push("id")),
  ];
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual([]);
  store();
  await Promise.all(updates);
  expect(sent).toMatchObject([
    { channels: [{ mappingId: MAPPING, name: "lounge", externalId: "C2" }] },
  ]);
});
