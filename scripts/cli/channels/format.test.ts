import { expect, test } from "vitest";
import {
  channelTable,
  describeMapping,
  mappingTable,
  type MappingRow,
  type Status,
  statusReport,
} from "./format.ts";

const CLEAR = "\u001B[2J";

// Convex generates ids; any text will do here.
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
      step: "Look in the channel",
      outcomeUnknown: true,
      at: 0,
    },
  ],
  problems: [{ platform: "slack", kind: `odd${CLEAR}`, reason: CLEAR, count: 1, at: 0 }],
};

test("control characters in names and reasons do not reach the terminal", () => {
  const channel = {
    id: "C1",
    name: CLEAR,
    within: CLEAR,
    troubles: [{ problem: CLEAR, step: CLEAR }],
  };
  const shown = [
    describeMapping(ROW),
    mappingTable([ROW]),
    channelTable([channel]),
    statusReport(STATUS),
  ];
  for (const text of shown) {
    expect(text).toContain("[2J");
    expect(text).not.toContain("\u001B");
  }
});

test("a mapping that no bridge has caught up is reported as waiting for a bridge", () => {
  const mapped = { ...ROW, health: [], open: 0, failed: 0, caughtUpAt: 0 };
  const report = (mapping: Status["mappings"][number]) =>
    statusReport({ mappings: [mapping], failed: [], problems: [] });
  expect(report(mapped)).toMatch(/: waiting for a bridge \(npm start\)$/);
  expect(report({ ...mapped, state: "paused" })).toMatch(/: paused$/);
  const caughtUp = report({ ...mapped, lastCatchUp: { at: 0, recovered: 0 } });
  expect(caughtUp).toMatch(
    /: no problems stored \(npm run doctor says whether a bridge runs\), caught up 1970-01-01 00:00$/,
  );
});

test("the status shows waiting and failed replies and what a gap missed", () => {
  const report = statusReport(STATUS);
  expect(report).toContain("2 to be posted (the oldest since 1970-01-01 00:00), 1 failed");
  expect(report).toMatch(/posting has failed since 1970-01-01 00:00: closed.*\(is_archived\)/);
  expect(report).toMatch(/last gap, closed .*: 3 messages recovered; a thread/);
  expect(report).toMatch(
    /d1 +slack C0123456789 .*refused.*\(may have been posted\) - Look in the channel/,
  );
});

test("the status says what was set in motion again after a restore", () => {
  const rearmed = { at: 0, replies: 2, deliveries: 0, purges: 1 };
  expect(statusReport({ ...STATUS, rearmed })).toContain("2 answers being written, 1 deletion.");
});

test("the status says since when answers fail, why and how many, and that they work again", () => {
  const reason = `the AI service refused the key${CLEAR}`;
  const failing = { since: 0, reason, failures: 3, at: 120_000 };
  const report = (aiHealth: NonNullable<Status["aiHealth"]>) =>
    statusReport({ ...STATUS, aiHealth });
  expect(report(failing)).toMatch(
    /^Answers have failed since 1970-01-01 00:00: the AI service refused the key.* \(3 failed, the latest at 1970-01-01 00:02\)\.$/m,
  );
  expect(report(failing)).not.toContain("\u001B");
  expect(report({ ...failing, failures: 1, endedAt: 180_000 })).toMatch(
    /^Answers failed from 1970-01-01 00:00 to 1970-01-01 00:03 and work again: .* \(1 failed\)\.$/m,
  );
  const nothing = { mappings: [], failed: [], problems: [], aiHealth: failing };
  expect(statusReport(nothing)).toMatch(/No channel is mapped.*\n\nAnswers have failed/);
});

test("the list and the status say for how long a channel's messages are kept", () => {
  const kept = { ...ROW, keepDays: 90 };
  const { model: _, ...plain } = { ...ROW, keepDays: 1 };
  expect(mappingTable([kept])).toMatch(/channel\n {4}model gpt.*\n {4}keeps messages for 90 days$/);
  expect(mappingTable([plain])).toMatch(/\n {4}keeps messages for 1 day$/);
  expect(describeMapping(kept)).toMatch(/; keeps messages for 90 days\.$/);
  const mapping = { ...kept, health: [], open: 0, failed: 0 };
  expect(statusReport({ mappings: [mapping], failed: [], problems: [] })).toMatch(
    /, keeps messages for 90 days$/,
  );
});

test("the list says which files are held, where it is not the default", () => {
  const described = (["none", "images", "all"] as const).map((files) =>
    describeMapping({ ...ROW, files }),
  );
  expect(described).toEqual([
    expect.stringMatching(/; holds no files\.$/),
    expect.not.stringContaining("files"),
    expect.stringMatching(/; holds all files\.$/),
  ]);
});

test("the list and the status say which channels of its Convex channel a relay hears", () => {
  const other: MappingRow = {
    ...ROW,
    mappingId: "m2" as MappingRow["mappingId"],
    platform: "discord",
    externalName: `talk${CLEAR}`,
    relaySince: 0,
  };
  const { externalName: _, ...unnamed } = { ...ROW, mappingId: "m3" as MappingRow["mappingId"] };
  const paused = {
    ...unnamed,
    mappingId: "m4" as MappingRow["mappingId"],
    state: "paused" as const,
  };
  const elsewhere = { ...unnamed, channelId: "c2" as MappingRow["channelId"] };
  const rows = [ROW, other, unnamed, paused, elsewhere];
  const list = mappingTable(rows);
  expect(list).toMatch(/\n {4}hears: slack #help[^,\n]*, slack C0123456789\n/);
  expect(list.match(/hears/g)).toHaveLength(1);
  expect(list).not.toContain("\u001B");
  const mappings = rows.map((row) => ({ ...row, health: [], open: 0, failed: 0 }));
  const report = statusReport({ mappings, failed: [], problems: [] });
  expect(report).toMatch(/^discord .*\n {2}hears: slack #help[^,\n]*, slack C0123456789\nslack /m);
  expect(describeMapping({ ...other, relayApps: true })).toContain("; relay is on, for apps too.");
});

test("the list fits into 100 columns, whatever the channels are called", () => {
  const name =
    "a channel with a name that is as long as names may be, which is a hundred letters".repeat(2);
  const row: MappingRow = {
    ...ROW,
    platform: "discord",
    externalId: "9".repeat(20),
    externalName: name,
    channelName: name,
    trigger: "mention",
    state: "paused",
  };
  const lines = mappingTable([row, { ...row, externalName: "short" }]).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(lines[1]).toContain("a channel with a n…");
});

test("what is never answered is answered nowhere", () => {
  expect(describeMapping({ ...ROW, trigger: "never" })).toContain("active; answers nothing; model");
});

test("one of anything is singular", () => {
  const mapping = { ...ROW, health: [], open: 0, failed: 0, lastCatchUp: { at: 0, recovered: 1 } };
  expect(statusReport({ mappings: [mapping], failed: [], problems: [] })).toContain(
    ": 1 message recovered",
  );
});

test("the channels found say what they are mapped to", () => {
  const found = { id: "C1", name: "help", troubles: [] };
  const table = channelTable([
    { ...found, mappedTo: "support" },
    { ...found, id: "C2" },
  ]);
  expect(table).toMatch(/^C1 .* mapped to "support"; ready$/m);
  expect(table).toMatch(/^C2 .* ready$/m);
});
