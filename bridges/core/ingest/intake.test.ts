import { pino } from "pino";
import { expect, test } from "vitest";
import type { BridgeEvent, MappingId, Outcome } from "../../platform.ts";
import type { Advance, IngestBackend } from "../convex/backend.ts";
import { BridgeIntake } from "./intake.ts";
import { CursorTracker } from "./cursor_tracker.ts";

const mappingId = "room" as MappingId; // Ids are strings; nothing here asks Convex for it.

/** An intake over a Convex that answers as the test says, without the subscription having told of anything. */
function setUp(refuses: (advance: readonly Advance[]) => boolean = () => false) {
  let outcome: Outcome = "inserted";
  const told: Advance[] = [];
  const lost: string[] = [];
  const backend: IngestBackend = {
    watchMappings: () => () => undefined,
    ingest: async (events, advance) => {
      if (refuses(advance)) throw new Error("too much was read");
      told.push(...advance);
      return events.map(() => outcome);
    },
    cursors: () => Promise.resolve([]),
    standing: () => Promise.resolve({ rows: [], threads: [] }),
    report: () => Promise.resolve(),
  };
  const wholeness = new CursorTracker({ platform: "discord", eventDelayMs: 0 });
  const intake = new BridgeIntake(backend, pino({ level: "silent" }), wholeness, {
    onLoss: (event, why) => lost.push(`${event.externalId}: ${why}`),
  });
  const push = async (externalId: string, next: Outcome) => {
    outcome = next;
    const event: BridgeEvent = { type: "delete", mappingId, externalId };
    return await intake.push(event);
  };
  return { intake, push, lost, told };
}

test("what met a pause that the subscription never told of is to be caught up with", async () => {
  const { push, lost } = setUp();
  await push("1", "inserted");
  expect(await push("2", "inactive")).toBe("inactive");
  await push("3", "known");
  await push("4", "ignored");
  expect(lost).toEqual(["2: inactive"]);
});

test("a cursor that Convex refuses to move keeps no event out", async () => {
  const { intake, push, told } = setUp((advance) => advance.length > 0);
  intake.committed({ mappingId, upTo: "1" });
  for (const id of ["1", "2", "3"]) expect(await push(id, "inserted")).toBe("inserted");
  expect(await intake.drain(1_000)).toBe(true);
  intake.end();
  expect(told).toEqual([]);
});

test("what is left of the cursors is told when the intake is drained", async () => {
  const { intake, told } = setUp();
  intake.committed({ mappingId, upTo: "1" });
  intake.committed({ mappingId, upTo: "2" });
  await intake.drain(1_000);
  intake.end();
  expect(told).toEqual([{ mappingId, upTo: "2" }]);
});
