import { pino } from "pino";
import { expect, test } from "vitest";
import type { BridgeEvent, MappingId, Outcome } from "../platform.ts";
import type { IngestBackend } from "./backend.ts";
import { BridgeIntake } from "./intake.ts";
import { Wholeness } from "./wholeness.ts";

const mappingId = "room" as MappingId; // Ids are strings; nothing here asks Convex for it.

/** An intake whose mapping is paused, or not, as the test says, without the subscription having told. */
function setUp() {
  let outcome: Outcome = "inserted";
  const lost: string[] = [];
  const backend: IngestBackend = {
    watchMappings: () => () => undefined,
    ingest: (events) => Promise.resolve(events.map(() => outcome)),
    cursors: () => Promise.resolve([]),
    standing: () => Promise.resolve({ rows: [], threads: [] }),
    report: () => Promise.resolve(),
  };
  const wholeness = new Wholeness({ platform: "discord", settleMs: 0 });
  const intake = new BridgeIntake(backend, pino({ level: "silent" }), wholeness, {
    onLoss: (event, why) => lost.push(`${event.externalId}: ${why}`),
  });
  const push = async (externalId: string, next: Outcome) => {
    outcome = next;
    const event: BridgeEvent = { type: "delete", mappingId, externalId };
    return await intake.push(event);
  };
  return { push, lost };
}

test("what met a pause that the subscription never told of is to be caught up with", async () => {
  const { push, lost } = setUp();
  await push("1", "inserted");
  expect(await push("2", "inactive")).toBe("inactive");
  await push("3", "known");
  await push("4", "ignored");
  expect(lost).toEqual(["2: inactive"]);
});
