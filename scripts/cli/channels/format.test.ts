import { expect, test } from "vitest";
import {
  foundTable,
  mappingTable,
  type MappingRow,
  sentence,
  type Status,
  statusReport,
} from "./format.ts";

const CLEAR = "\u001B[2J";

// Ids only Convex makes; here any text serves.
const ROW: MappingRow = {
  mappingId: "m1" as MappingRow["mappingId"],
  platform: "slack",
  externalId: "C0123456789",
  externalName: `help${CLEAR}`,
  channelId: "c1" as MappingRow["channelId"],
  channelName: `support${CLEAR}`,
  trigger: "always",
  replyIn: "channel",
  state: "active",
  since: "0",
  model: `gpt${CLEAR}`,
};

const STATUS: Status = {
  mappings: [
    {
      ...ROW,
      health: [
        { direction: "out", code: "is_archived", reason: `closed${CLEAR}`, step: CLEAR, at: 0 },
      ],
      open: 2,
      openSince: 0,
      failed: 1,
      lastCatchUp: { at: 0, recovered: 3, missed: `a thread${CLEAR}` },
    },
  ],
  failed: [
    {
      deliveryId: "d1" as Status["failed"][number]["deliveryId"],
      platform: "slack",
      channel: "C0123456789",
      channelName: CLEAR,
      reason: `refused${CLEAR}`,
      outcomeUnknown: true,
      at: 0,
    },
  ],
  problems: [{ platform: "slack", kind: `odd${CLEAR}`, reason: CLEAR, count: 1, at: 0 }],
};

test("nothing that is named on a platform can steer the terminal", () => {
  const seen = {
    id: "C1",
    name: CLEAR,
    within: CLEAR,
    troubles: [{ problem: CLEAR, step: CLEAR }],
  };
  const shown = [sentence(ROW), mappingTable([ROW]), foundTable([seen]), statusReport(STATUS)];
  for (const text of shown) {
    expect(text).toContain("[2J");
    expect(text).not.toContain("\u001B");
  }
});

test("until a bridge has looked for the first time, the status says that one is waited for", () => {
  const mapped = { ...ROW, health: [], open: 0, failed: 0, caughtUpAt: 0 };
  const report = (mapping: Status["mappings"][number]) =>
    statusReport({ mappings: [mapping], failed: [], problems: [] });
  expect(report(mapped)).toMatch(/: waits for a bridge \(npm start\)$/);
  expect(report({ ...mapped, state: "paused" })).toMatch(/: paused$/);
  const seen = report({ ...mapped, lastCatchUp: { at: 0, recovered: 0 } });
  expect(seen).toMatch(/: no trouble reported, caught up 1970-01-01 00:00$/);
});

test("the status says what waits and since when, what failed, and what a gap hides", () => {
  const report = statusReport(STATUS);
  expect(report).toContain("2 to be delivered (the oldest since 1970-01-01 00:00), 1 failed");
  expect(report).toMatch(/posting fails since 1970-01-01 00:00: closed.*\(is_archived\)/);
  expect(report).toMatch(/last gap, closed .*: 3 recovered; a thread/);
  expect(report).toMatch(/d1 +slack C0123456789 .*refused.*\(may have been posted\)/);
});
