import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";
import { letters, StreamingStage, words } from "./streaming_stage.ts";

/* People watch answers being written: the production bridge on the local deployment, with the stand-ins. */

let stage: StreamingStage;

beforeAll(async () => {
  stage = await StreamingStage.open();
  await stage.stack.startBridge();
}, 60_000);

afterAll(async () => {
  await stage.stack.stop();
});

const slowly = (text: string) => ({ streaming: { everyMs: 20, text } });

describe.concurrent.each(PLATFORMS)("an answer on %s", (platform) => {
  test("grows in one post, and is whole at the end", async () => {
    const room = await stage.room(platform);
    const text = words(200);
    room.ask("Why?", slowly(`${text} @everyone`));
    await room.begun();
    const first = room.posts[0]?.text ?? "";
    expect(text).toContain(first);
    expect(first.length).toBeLessThan(text.length / 2);
    await room.settled();
    await room.expectWhole(1);
    const [versions = []] = room.shown.values();
    // The first flush, those that grow, and the whole.
    expect(versions.length).toBeGreaterThanOrEqual(3);
    expect(versions.length).toBeLessThanOrEqual(platform === "discord" ? 7 : 5);
    for (const [index, version] of versions.slice(1).entries())
      expect(letters(version)).toMatch(new RegExp(`^${letters(versions[index] ?? "")}.`));
  });

  test("that is whole before a second is posted once", async () => {
    const room = await stage.room(platform);
    room.ask("Why?", { streaming: { everyMs: 0, text: "Because." } });
    await room.begun();
    await room.settled();
    await room.expectWhole(1);
    expect([...room.shown.values()]).toEqual([["Because."]]);
  });

  test("of several posts has each of them once", async () => {
    const room = await stage.room(platform);
    room.ask("Please write a very long reply.", { streaming: { everyMs: 2 } });
    await room.begun();
    await room.settled();
    await room.expectWhole(1);
    expect(room.posts.length).toBeGreaterThan(1);
  });

  test("that the AI breaks off goes on in the same post with the next attempt", async () => {
    const room = await stage.room(platform);
    const halfway = { everyMs: 20, text: words(150), halfway: "destroy" } as const;
    room.ask("Why?", { streaming: halfway }, slowly(words(50)));
    await room.begun();
    await room.settled();
    await room.expectWhole(1);
    expect(room.posts).toHaveLength(1);
    expect(letters(room.visible[0]?.text ?? "")).toBe(letters(words(50)));
  });

  test("that begins again shorter keeps no post of the attempt before", async () => {
    const room = await stage.room(platform);
    const halfway = { everyMs: 5, text: words(1_400), halfway: "destroy" } as const;
    room.ask("Why?", { streaming: halfway }, slowly(words(150)));
    await room.begun(platform === "discord" ? 2 : 1);
    await room.settled();
    expect(room.visible.map(({ text }) => letters(text))).toEqual([letters(words(150))]);
    await eventually(async () => {
      const [row] = (await stage.rows()).filter(
        ({ channel, kind }) => channel === room.channel && kind === "reply",
      );
      expect(row).not.toHaveProperty("deletedAt");
    });
  });

  test("with an error in the middle is left cut, with a note", async () => {
    const room = await stage.room(platform);
    const halfway = { everyMs: 20, text: words(150), halfway: "error" } as const;
    room.ask("Why?", { streaming: halfway });
    await room.begun();
    await room.settled();
    await room.expectWhole(1);
    expect(room.visible[0]?.text).toContain("The AI service broke it off".slice(4));
  });

  test("of a service that does not stream is posted whole", async () => {
    const room = await stage.room(platform);
    room.ask("Why?", "ignoresStream");
    await room.begun();
    await room.settled();
    await room.expectWhole(1);
    expect([...room.shown.values()].flat()).toHaveLength(1);
  });

  test("is gone when its question is deleted", async () => {
    const room = await stage.room(platform);
    const id = room.ask("Why?", slowly(words(400)));
    await room.begun();
    room.chat.remove({ channel: room.channel, id });
    await room.settled();
    await eventually(() => expect(room.visible).toEqual([]));
    expect(room.posts).toHaveLength(1);
  });

  test("is not posted again when a moderator deletes it", async () => {
    const room = await stage.room(platform);
    room.ask("Why?", slowly(words(400)));
    await room.begun();
    const [post] = room.posts;
    room.chat.remove({ channel: room.channel, id: post?.id ?? "" });
    await room.settled();
    expect(room.visible).toEqual([]);
    expect(room.posts).toHaveLength(1);
    room.ask("And now?", { streaming: { everyMs: 0, text: "Yes." } });
    await room.begun(2);
    expect(room.visible.map(({ text }) => text)).toEqual(["Yes."]);
  });
});
