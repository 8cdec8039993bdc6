import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { OutboxStage } from "./outbox_stage.ts";

/* Every request of a platform is answered 429: Discord calls this global; on Slack it affects the whole workspace. */

const ROOMS = 5;
/** How long the storm lasts, in ms, and how long each refusal says to wait, in s. */
const STORM_MS = 6_000;
const RETRY_AFTER = 2;

let stage: OutboxStage;

beforeAll(async () => {
  stage = await OutboxStage.open();
});

afterAll(async () => {
  await stage.stack.stop();
});

test.each(PLATFORMS)(
  "a storm of 429 on all of %s delays every lane, causes no flood of requests, and loses no reply",
  async (platform) => {
    const names = Array.from({ length: ROOMS }, (_, n) => `room ${n.toString()}`);
    const rooms = await Promise.all(names.map((name) => stage.room(platform, name)));
    const bridge = await stage.stack.startBridge([platform]);
    const { faults, wire } = stage.stack[platform];
    const start = wire.length;
    const calm = faults.storm({ retryAfter: RETRY_AFTER, global: true });
    for (const room of rooms) room.ask("Is anybody there?");
    await new Promise((resolve) => setTimeout(resolve, STORM_MS));
    const asked = wire.slice(start).filter(({ direction, kind }) => {
      return direction === "in" && kind === "http";
    });
    expect(rooms.flatMap(({ posts }) => posts)).toEqual([]);
    // A room's post, its typing indicator and its search of the channel, each at most once per wait.
    const turns = 1 + STORM_MS / (RETRY_AFTER * 1_000);
    expect(asked.length).toBeGreaterThan(ROOMS);
    expect(asked.length).toBeLessThanOrEqual(3 * ROOMS * turns);
    calm();
    for (const room of rooms) {
      await room.settled(40_000);
      await room.expectAllOnce();
    }
    await bridge.stop();
  },
);
