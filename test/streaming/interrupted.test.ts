import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { PLATFORMS, type Stack } from "../../scripts/stand_ins/stack.ts";
import { sleep } from "../../scripts/verify/demo/stage.ts";
import { type StreamedRoom, StreamingStage, words } from "./streaming_stage.ts";

/* What interrupts answers that people watch being written, one after the other: faults are for any channel. */

let stage: StreamingStage;
let stack: Stack;

beforeAll(async () => {
  stage = await StreamingStage.open();
  ({ stack } = stage);
  // Each of two processes may hold a delivery that the other follows up.
  await Promise.all([stack.startBridge(), stack.startBridge()]);
}, 60_000);

afterAll(async () => {
  await stack.stop();
});

/** Has an answer written in a channel of each platform, and interrupts it. */
async function interrupted(
  act: (room: StreamedRoom) => Promise<void> | void,
  fault: object = {},
): Promise<void> {
  await Promise.all(
    PLATFORMS.map(async (platform) => {
      const room = await stage.room(platform);
      room.ask("Why?", { streaming: { everyMs: 20, text: words(200), ...fault } });
      await room.begun();
      await act(room);
      await room.settled(150_000);
      await room.expectWhole(1);
      expect(room.posts).toHaveLength(1);
    }),
  );
}

function failEdit(
  platform: PlatformName,
  fault: Parameters<Stack["slack"]["answerNext"]>[1],
): void {
  if (platform === "slack") stack.slack.answerNext("chat.update", fault);
  else stack.discord.answerNext("PATCH channels/:id/messages/:message", fault);
}

test("two processes post and edit an answer as one would", async () => {
  await interrupted(() => undefined);
  await interrupted(() => undefined);
}, 60_000);

test("an edit that the platform answers with an error, or not at all, is no last word", async () => {
  await interrupted(({ platform }) => failEdit(platform, "500AfterAccept"));
  await interrupted(({ platform }) => failEdit(platform, "hang"));
}, 240_000);

test("an edit that comes too soon is made later", async () => {
  await interrupted(({ platform }) => failEdit(platform, { retryAfter: 4 }));
}, 60_000);

test("an answer is whole although Convex was away while it was written", async () => {
  let isAway: Promise<void> | undefined;
  await interrupted(async () => {
    isAway ??= stack.convex.faults.away();
    await isAway;
    await sleep(4_000);
    await stack.convex.faults.back();
  });
}, 240_000);

test("an AI that stops for a minute in the middle has the answer begun again in the same post", async () => {
  await interrupted(() => undefined, { halfway: "pause" });
}, 180_000);
