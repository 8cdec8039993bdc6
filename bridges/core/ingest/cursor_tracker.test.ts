import { expect, test } from "vitest";
import { positionAt } from "../../../convex/model/shared/positions.ts";
import { MAPPING, messageEvent } from "../../../test/support/core_material.ts";
import type { MessageEvent, PlatformName } from "../../platform.ts";
import { CursorTracker } from "./cursor_tracker.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);

function setUp(platform: PlatformName = "discord", eventDelayMs = 60_000) {
  let now = START;
  const wholeness = new CursorTracker({ platform, eventDelayMs, now: () => now });
  const sentAt = (ms: number) =>
    messageEvent(String(ms), { position: positionAt(platform, ms), sentAt: ms });
  const live = (batch: MessageEvent[], queued: MessageEvent[] = batch) =>
    wholeness.live(batch, () => queued).map(({ upTo }) => upTo);
  const pass = (ms: number) => (now += ms);
  return { wholeness, sentAt, live, pass };
}

test("a live event moves no cursor before the mapping was caught up with [A2, A3]", () => {
  const { wholeness, sentAt, live, pass } = setUp();
  pass(HOUR);
  expect(live([sentAt(START)])).toEqual([]);
  wholeness.made(MAPPING);
  pass(HOUR);
  expect(live([sentAt(START)])).toEqual([positionAt("discord", START)]);
});

test("after a gap live events move no cursor, until the mapping is caught up with again [A1, A4]", () => {
  const { wholeness, sentAt, live, pass } = setUp();
  wholeness.made(MAPPING);
  wholeness.broken(MAPPING);
  pass(HOUR);
  expect(live([sentAt(START)])).toEqual([]);
});

test("live events move a cursor at most once a minute", () => {
  const { wholeness, sentAt, live, pass } = setUp();
  wholeness.made(MAPPING);
  pass(61_000);
  const moved = wholeness.live([sentAt(START)], () => []);
  expect(moved).toHaveLength(1);
  wholeness.moved(moved);
  pass(59_000);
  expect(live([sentAt(START + 1)])).toEqual([]);
  pass(2_000);
  expect(live([sentAt(START + 1)])).toHaveLength(1);
});

test("a cursor never passes an event that is taken and not committed [A5]", () => {
  const { wholeness, sentAt, live, pass } = setUp();
  wholeness.made(MAPPING);
  pass(HOUR);
  const [older, newer] = [sentAt(START), sentAt(START + 5_000)];
  expect(live([newer], [older, newer])).toEqual([]);
  expect(live([older, newer])).toEqual([newer.position]);
});

test("on Slack a cursor stays ten minutes behind, as long as Slack delivers again [A5]", () => {
  const { wholeness, sentAt, live, pass } = setUp("slack", 10 * 60_000);
  wholeness.made(MAPPING);
  const now = pass(HOUR);
  expect(live([sentAt(now)])).toEqual([positionAt("slack", now - 10 * 60_000)]);
});

test("what a catch-up has committed rides along once, and again when the call failed", () => {
  const { wholeness } = setUp();
  wholeness.committed({ mappingId: MAPPING, upTo: "2" });
  wholeness.committed({ mappingId: MAPPING, upTo: "1", caughtUp: { recovered: 3 } });
  const taken = wholeness.take();
  expect(taken).toEqual([{ mappingId: MAPPING, upTo: "2", caughtUp: { recovered: 3 } }]);
  expect(wholeness.hasNews).toBe(false);
  wholeness.failed(taken);
  expect(wholeness.take()).toEqual(taken);
});
