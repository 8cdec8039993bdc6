import { pino } from "pino";
import { expect, test } from "vitest";
import { messageEvent } from "../../../test/support/core_material.ts";
import { turn } from "../../../test/support/queue_fakes.ts";
import type { BridgeEvent, MappingId, Outcome } from "../../platform.ts";
import type { Advance, IngestBackend } from "../convex/backend.ts";
import { BridgeIntake } from "./intake.ts";
import { CursorTracker } from "./cursor_tracker.ts";

const mappingId = "room" as MappingId; // Ids are strings; nothing here asks Convex for it.

/** An intake over a Convex that answers as the test says, before the subscription has shown any mapping. */
function setUp(
  refuses: (advance: readonly Advance[]) => boolean = () => false,
  apart?: Pick<IngestBackend, "ingest">,
) {
  let outcome: Outcome = "inserted";
  const advanced: Advance[] = [];
  const lost: string[] = [];
  const late: string[] = [];
  const backend: IngestBackend = {
    watchMappings: () => () => undefined,
    ingest: async (events, advance) => {
      // With another connection, no batch passes on this one.
      if (apart && events.length > 1) return new Promise(() => undefined);
      if (refuses(advance)) throw new Error("too much was read");
      advanced.push(...advance);
      late.push(...events.flatMap((each) => ("late" in each ? [each.externalId] : [])));
      await turn();
      return events.map(() => outcome);
    },
    cursors: () => Promise.resolve([]),
    snapshot: () => Promise.resolve({ rows: [], threads: [] }),
    report: () => Promise.resolve(),
  };
  const log = pino({ level: "silent" });
  const send = (advances: Advance[]) => backend.ingest([], advances);
  const cursors = new CursorTracker({ platform: "discord", eventDelayMs: 0, send, log });
  const intake = new BridgeIntake(backend, log, cursors, {
    ...(apart && { apart }),
    onLoss: (event, why) => lost.push(`${event.externalId}: ${why}`),
  });
  const push = async (externalId: string, next: Outcome) => {
    outcome = next;
    const event: BridgeEvent = { type: "delete", mappingId, externalId };
    return await intake.push(event);
  };
  return { intake, cursors, push, lost, late, advanced };
}

test("an event refused by a pause that the subscription never showed counts as lost", async () => {
  const { push, lost } = setUp();
  await push("1", "inserted");
  expect(await push("2", "inactive")).toBe("inactive");
  await push("3", "known");
  await push("4", "ignored");
  expect(lost).toEqual(["2: inactive"]);
});

test("a message is late if older ones may still be read when it is sent, not when it was taken", async () => {
  const { intake, cursors, late } = setUp();
  const pushed = ["1", "2", "3"].map((id) => intake.push(messageEvent(id, { mappingId })));
  // The first is on its way; the others wait for its answer.
  cursors.markComplete(mappingId);
  await Promise.all(pushed);
  expect(late).toEqual(["1"]);
  cursors.markGap(mappingId);
  await intake.push(messageEvent("4", { mappingId }));
  expect(late).toEqual(["1", "4"]);
});

test("a cursor that Convex refuses to move keeps no event out", async () => {
  const { intake, cursors, push, advanced } = setUp((advance) => advance.length > 0);
  cursors.advance({ mappingId, upTo: "1" });
  for (const id of ["1", "2", "3"]) expect(await push(id, "inserted")).toBe("inserted");
  expect(await intake.drain(1_000)).toBe(true);
  intake.end();
  expect(advanced).toEqual([]);
});

test("draining the intake sends pending cursor advances", async () => {
  const { intake, cursors, advanced } = setUp();
  cursors.advance({ mappingId, upTo: "1" });
  cursors.advance({ mappingId, upTo: "2" });
  await intake.drain(1_000);
  intake.end();
  expect(advanced).toEqual([{ mappingId, upTo: "2" }]);
});

test("a batch that never passes goes by the other connection", async () => {
  const apart: number[] = [];
  const { intake } = setUp(undefined, {
    ingest: (events) => {
      apart.push(events.length);
      return Promise.resolve(events.map(() => "inserted"));
    },
  });
  const taken = ["0", "1", "2"].map((id) =>
    intake.push({ type: "delete", mappingId, externalId: id }),
  );
  await turn();
  for (let closes = 0; closes < 3; closes += 1) intake.contended();
  expect(await Promise.all(taken)).toEqual(["inserted", "inserted", "inserted"]);
  expect(apart).toEqual([1, 1]);
  intake.end();
});
