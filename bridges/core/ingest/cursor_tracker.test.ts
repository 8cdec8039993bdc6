import { pino } from "pino";
import { expect, test } from "vitest";
import { positionAt } from "../../../convex/model/shared/positions.ts";
import { MAPPING, messageEvent } from "../../../test/support/core_material.ts";
import type { Mapping, MessageEvent, PlatformName } from "../../platform.ts";
import type { Advance } from "../convex/backend.ts";
import { CursorTracker } from "./cursor_tracker.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const log = pino({ level: "silent" });

/** A tracker whose clock the test moves, over a Convex that takes or refuses advances. */
function setUp(platform: PlatformName = "discord", eventDelayMs = 60_000) {
  let now = START;
  let isRefusing = false;
  const sent: Advance[] = [];
  const send = async (advances: Advance[]) => {
    if (isRefusing) throw new Error("too much was read");
    sent.push(...advances);
  };
  const cursors = new CursorTracker({ platform, eventDelayMs, send, log, now: () => now });
  const sentAt = (ms: number) =>
    messageEvent(String(ms), { position: positionAt(platform, ms), sentAt: ms });
  const live = (batch: MessageEvent[], queued: MessageEvent[] = batch) =>
    cursors.liveAdvances(batch, () => queued).map(({ upTo }) => upTo);
  const pass = (ms: number) => (now += ms);
  const refuse = (refusing: boolean) => (isRefusing = refusing);
  return { cursors, sentAt, live, pass, sent, refuse };
}

test("a live event moves no cursor before the mapping is caught up", () => {
  const { cursors, sentAt, live, pass } = setUp();
  pass(HOUR);
  expect(live([sentAt(START)])).toEqual([]);
  cursors.markComplete(MAPPING);
  pass(HOUR);
  expect(live([sentAt(START)])).toEqual([positionAt("discord", START)]);
});

test("after a gap live events move no cursor until the mapping is caught up again", () => {
  const { cursors, sentAt, live, pass } = setUp();
  cursors.markComplete(MAPPING);
  cursors.markGap(MAPPING);
  pass(HOUR);
  expect(live([sentAt(START)])).toEqual([]);
});

test("live events move a cursor at most once a minute", () => {
  const { cursors, sentAt, live, pass } = setUp();
  cursors.markComplete(MAPPING);
  pass(61_000);
  const advances = cursors.liveAdvances([sentAt(START)], () => []);
  expect(advances).toHaveLength(1);
  cursors.liveAdvanced(advances);
  pass(59_000);
  expect(live([sentAt(START + 1)])).toEqual([]);
  pass(2_000);
  expect(live([sentAt(START + 1)])).toHaveLength(1);
});

test("a cursor never passes an event that is queued and not committed", () => {
  const { cursors, sentAt, live, pass } = setUp();
  cursors.markComplete(MAPPING);
  pass(HOUR);
  const [older, newer] = [sentAt(START), sentAt(START + 5_000)];
  expect(live([newer], [older, newer])).toEqual([]);
  expect(live([older, newer])).toEqual([newer.position]);
});

test("on Slack a cursor stays ten minutes behind, because Slack redelivers for that long", () => {
  const { cursors, sentAt, live, pass } = setUp("slack", 10 * 60_000);
  cursors.markComplete(MAPPING);
  const now = pass(HOUR);
  expect(live([sentAt(now)])).toEqual([positionAt("slack", now - 10 * 60_000)]);
});

test("a catch-up moves its cursor page by page, and at its end to the newest safe position", async () => {
  const { cursors, sent } = setUp();
  const at = (ms: number) => positionAt("discord", START - ms);
  const mapping: Mapping = { mappingId: MAPPING, externalId: "C1", since: "1", files: "images" };
  const progress = cursors.catchUp(mapping, at(HOUR));
  progress.committed(at(120_000));
  progress.committed(at(30_000));
  await cursors.flush();
  progress.finished({ recovered: 3 });
  await cursors.flush();
  expect(sent).toEqual([
    { mappingId: MAPPING, since: "1", upTo: at(120_000) },
    { mappingId: MAPPING, since: "1", upTo: at(60_000), caughtUp: { recovered: 3 } },
  ]);
  cursors.end();
});

test("a catch-up never moves its cursor back", async () => {
  const { cursors, sent } = setUp();
  const newest = positionAt("discord", START - 1_000);
  const mapping: Mapping = { mappingId: MAPPING, externalId: "C1", since: "1", files: "images" };
  cursors.catchUp(mapping, newest).finished({
    recovered: 0,
  });
  await cursors.flush();
  expect(sent).toMatchObject([{ upTo: newest }]);
  cursors.end();
});

test("the advances of a catch-up are sent once, and again if the call failed", async () => {
  const { cursors, sent, refuse } = setUp();
  cursors.advance({ mappingId: MAPPING, upTo: "2" });
  cursors.advance({ mappingId: MAPPING, upTo: "1", caughtUp: { recovered: 3 } });
  refuse(true);
  await cursors.flush();
  expect(sent).toEqual([]);
  refuse(false);
  await cursors.flush();
  await cursors.flush();
  expect(sent).toEqual([{ mappingId: MAPPING, upTo: "2", caughtUp: { recovered: 3 } }]);
  cursors.end();
});
