import { pino } from "pino";
import { expect, test, vi } from "vitest";
import type { Report } from "../convex/backend.ts";
import { MAPPING } from "../../../test/support/core_material.ts";
import { type ReportLimits, Reporter } from "./reporter.ts";

const log = pino({ level: "silent" });

function setUp(send: (report: Report) => Promise<void>, limits: Partial<ReportLimits> = {}) {
  const sent: Report[] = [];
  const reports = new Reporter(
    async (report) => {
      await send(report);
      sent.push(report);
    },
    log,
    { gatherMs: 10, retry: { first: 1, cap: 4 }, ...limits },
  );
  return { reports, sent };
}

const person = (externalId: string, name: string) => ({ workspaceId: "W1", externalId, name });
const works = () => Promise.resolve();

test("what comes within a moment goes in one call, the newest word only", async () => {
  const { reports, sent } = setUp(works);
  reports.person(person("U1", "Ann"));
  reports.person(person("U1", "Anna"));
  reports.person(person("U2", "Ben"));
  reports.health({ mappingId: MAPPING, direction: "in", trouble: { code: "1", reason: "no" } });
  reports.health({ mappingId: MAPPING, direction: "in" });
  await reports.problem({ kind: "gap", reason: "why" });
  expect(sent).toEqual([
    {
      people: [person("U1", "Anna"), person("U2", "Ben")],
      health: [{ mappingId: MAPPING, direction: "in" }],
      problems: [{ kind: "gap", reason: "why" }],
    },
  ]);
});

test("repeating the same state of a mapping costs no call", async () => {
  const { reports, sent } = setUp(works);
  const bad = {
    mappingId: MAPPING,
    direction: "in",
    trouble: { code: "1", reason: "no" },
  } as const;
  reports.health(bad);
  await reports.drain(1_000);
  reports.health(bad);
  expect(await reports.drain(1_000)).toBe(true);
  expect(sent).toHaveLength(1);
  reports.health({ mappingId: MAPPING, direction: "in" });
  await reports.drain(1_000);
  expect(sent).toHaveLength(2);
});

test("that posting is mended is told each time, because Convex says itself when it is broken", async () => {
  const { reports, sent } = setUp(works);
  for (let n = 0; n < 2; n++) {
    reports.health({ mappingId: MAPPING, direction: "out" });
    await reports.drain(1_000);
  }
  expect(sent).toHaveLength(2);
});

test("a problem is told until it is stored, and one that never can be holds up no other", async () => {
  const { reports, sent } = setUp((report) =>
    report.problems.some(({ kind }) => kind === "cursed")
      ? Promise.reject(new Error("Server Error"))
      : Promise.resolve(),
  );
  const cursed = vi.fn();
  void reports.problem({ kind: "cursed", reason: "x" }).then(cursed, () => undefined);
  await Promise.all(["a", "b", "c"].map((kind) => reports.problem({ kind, reason: "x" })));
  expect(sent.flatMap(({ problems }) => problems.map(({ kind }) => kind)).sort()).toEqual([
    "a",
    "b",
    "c",
  ]);
  expect(cursed).not.toHaveBeenCalled();
  reports.end();
});

test("while Convex is away the names kept are bounded, the problems are not forgotten", async () => {
  let away = true;
  const { reports, sent } = setUp(
    () => (away ? Promise.reject(new Error("away")) : Promise.resolve()),
    { waiting: 3, gatherMs: 5 },
  );
  const problem = reports.problem({ kind: "gap", reason: "x", mappingId: MAPPING });
  for (let i = 0; i < 10; i++) reports.person(person(`U${String(i)}`, "x"));
  away = false;
  await problem;
  await reports.drain(1_000);
  expect(sent.flatMap(({ people }) => people.map(({ externalId }) => externalId))).toEqual([
    "U8",
    "U9",
  ]);
});

test("stopping lets go of what Convex never took", async () => {
  const { reports } = setUp(() => new Promise(() => undefined));
  const problem = reports.problem({ kind: "gap", reason: "x" });
  expect(await reports.drain(20)).toBe(false);
  reports.end();
  await expect(problem).rejects.toMatchObject({ why: "stopping" });
});

test("who tells of a channel waits until it is stored, also when newer news joins it", async () => {
  let store: () => void = () => undefined;
  const stored = new Promise<void>((resolve) => (store = resolve));
  const { reports, sent } = setUp(() => stored);
  const done: string[] = [];
  const told = [
    reports.channel({ mappingId: MAPPING, name: "lounge" }).then(() => done.push("name")),
    reports.channel({ mappingId: MAPPING, externalId: "C2" }).then(() => done.push("id")),
  ];
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual([]);
  store();
  await Promise.all(told);
  expect(sent).toMatchObject([
    { channels: [{ mappingId: MAPPING, name: "lounge", externalId: "C2" }] },
  ]);
});
