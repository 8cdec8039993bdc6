import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import type { WireEntry } from "../../scripts/stand_ins/wire.ts";
import { eventually } from "../support/eventually.ts";
import { type StreamedRoom, StreamingStage, words } from "./streaming_stage.ts";

/*
 * An answer is written while the bridge is killed, before and after each frame of its post and of its edits, and started
 * again. Each time uses a channel of its own, so that the test waits for leases and quarantines only once, at the end.
 */

/** Longer than two leases (60 s) with their quarantines (25 s). */
const PATIENCE_MS = 200_000;

const FRAMES: Readonly<Record<PlatformName, RegExp>> = {
  discord: /^(?:in|out) (?:POST channels\/:id\/messages|PATCH channels\/:id\/messages\/:message)$/,
  slack: /^(?:in|out) chat\.(?:postMessage|update)$/,
};

/** Between two pieces of an answer, in ms: it is edited once before it is whole, or twice. */
const EVERY_MS: Readonly<Record<PlatformName, number>> = { discord: 20, slack: 35 };

let stage: StreamingStage;

beforeAll(async () => {
  stage = await StreamingStage.open();
});

afterAll(async () => {
  await stage.stack.stop();
});

const nameOf = ({ direction, name }: WireEntry) => `${direction} ${name}`;

/** Has an answer written. Returns what passed on the wire meanwhile. */
async function play(room: StreamedRoom, isOver: () => boolean): Promise<readonly WireEntry[]> {
  const { wire } = stage.stack[room.platform];
  const start = wire.length;
  room.ask("Why?", { streaming: { everyMs: EVERY_MS[room.platform], text: words(130) } });
  await eventually(() => expect(isOver()).toBe(true), { interval: 20, timeout: 60_000 });
  return wire.slice(start);
}

async function killAtEach(platform: PlatformName): Promise<StreamedRoom[]> {
  const { stack } = stage;
  const { faults, wire } = stack[platform];
  const isFrame = (entry: WireEntry) => FRAMES[platform].test(nameOf(entry));
  let bridge = await stack.startBridge([platform]);
  const first = await stage.room(platform);
  const isWhole = (room: StreamedRoom) => () => (room.visible[0]?.text ?? "").includes("w1129");
  const frames = (await play(first, isWhole(first))).filter(isFrame).length;
  expect(frames).toBeGreaterThanOrEqual(6);
  const rooms = [first];
  for (let nth = 1; nth <= frames; nth++) {
    for (const side of ["before", "after"] as const) {
      const room = await stage.room(platform);
      rooms.push(room);
      const start = wire.length;
      let killing: Promise<void> | undefined;
      const mark = (entry: WireEntry) =>
        isFrame(entry) && wire.slice(start).filter(isFrame).length === nth;
      const callOff = faults.at(mark, side, () => {
        killing = bridge.kill();
      });
      await play(room, () => killing !== undefined || isWhole(room)());
      callOff();
      if (!killing) continue;
      await killing;
      bridge = await stack.startBridge([platform]);
    }
  }
  return rooms;
}

test("killed at every frame of an answer that is being written, the bridge posts it once and whole", async () => {
  const rooms = (await Promise.all(PLATFORMS.map(killAtEach))).flat();
  for (const room of rooms) {
    await room.settled(PATIENCE_MS);
    await room.expectWhole(1);
    expect(room.posts).toHaveLength(1);
  }
}, 900_000);
