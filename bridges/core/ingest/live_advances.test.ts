import { describe, expect, test } from "vitest";
import { positionAt } from "../../../convex/model/shared/positions.ts";
import type { MappingId, MessageEvent } from "../../platform.ts";
import { CursorTracker } from "./cursor_tracker.ts";

const MINUTE = 60_000;
const mappingId = "room" as MappingId; // Ids are strings; nothing here asks Convex for it.

/** A session whose clock the test moves, and messages said on it. */
function session(): {
  readonly wholeness: CursorTracker;
  readonly pass: (ms: number) => void;
  readonly said: () => MessageEvent;
} {
  let now = Date.UTC(2026, 0, 1);
  let count = 0;
  return {
    wholeness: new CursorTracker({ platform: "discord", eventDelayMs: 0, now: () => now }),
    pass: (ms) => (now += ms),
    said: () => ({
      type: "message",
      mappingId,
      externalId: `${++count}`,
      position: positionAt("discord", now - 1_000 + count),
      sentAt: now,
      author: { externalId: "1", workspaceId: "1" },
      content: "hi",
      mentions: [],
      mentionsBot: false,
      attachments: [],
      fromApp: false,
    }),
  };
}

describe("live messages", () => {
  test("move no cursor of a session that has missed something, until it has caught up", () => {
    const { wholeness, pass, said } = session();
    const moved = () => {
      const event = said();
      return wholeness.live([event], () => [event]).map((advance) => advance.mappingId);
    };
    pass(2 * MINUTE);
    expect(moved()).toEqual([]);
    wholeness.made(mappingId);
    pass(2 * MINUTE);
    expect(moved()).toEqual([mappingId]);
    wholeness.broken(mappingId);
    expect(moved()).toEqual([]);
  });

  test("move no cursor past a message that is not committed", () => {
    const { wholeness, pass, said } = session();
    wholeness.made(mappingId);
    pass(2 * MINUTE);
    const [stuck, later] = [said(), said()];
    expect(wholeness.live([later], () => [stuck, later])).toEqual([]);
    expect(wholeness.live([stuck, later], () => [stuck, later])).toEqual([
      { mappingId, upTo: later.position },
    ]);
  });

  test("move a cursor at most once a minute", () => {
    const { wholeness, pass, said } = session();
    wholeness.made(mappingId);
    pass(2 * MINUTE);
    const advance = () => {
      const event = said();
      const advances = wholeness.live([event], () => [event]);
      wholeness.moved(advances);
      return advances.length;
    };
    expect([advance(), advance()]).toEqual([1, 0]);
    pass(MINUTE);
    expect(advance()).toBe(1);
  });
});
