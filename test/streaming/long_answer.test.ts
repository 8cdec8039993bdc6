import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { StreamingStage, words } from "./streaming_stage.ts";

/* An answer that is longer than any model writes, watched while it is written. */

let stage: StreamingStage;

beforeAll(async () => {
  stage = await StreamingStage.open();
  await stage.stack.startBridge();
}, 60_000);

afterAll(async () => {
  await stage.stack.stop();
});

/** Posts that are made of one message at most, each of 2,000 characters; one more says what is left out. */
const MOST_ON_DISCORD = 20;

describe.concurrent.each(PLATFORMS)("an answer of 100,000 characters on %s", (platform) => {
  test("stands in posts in their order, each made once; where it is too long the last says so", async () => {
    const room = await stage.room(platform);
    const text = words(17_000).slice(0, 100_000);
    room.ask("Why?", { streaming: { everyMs: 0.2, text } });
    await room.begun();
    await room.settled(240_000);
    expect(room.visible.map(({ id }) => id)).toEqual(room.posts.map(({ id }) => id));
    const seen = room.visible.map((message) => message.text);
    if (platform === "slack") {
      await room.expectWhole(1);
      expect(seen.join(" ")).toBe(text);
      return;
    }
    const [note = "", ...parts] = seen.toReversed();
    const said = parts.toReversed().join(" ");
    expect(parts).toHaveLength(MOST_ON_DISCORD);
    expect(text.startsWith(`${said} `)).toBe(true);
    const left = (text.length - said.length - 1).toLocaleString("en");
    expect(note).toContain(`${left} characters are left out`);
  }, 300_000);
});
