import { beforeEach, describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { pass, rows } from "../../../test/support/convex/backend.ts";
import {
  BOB,
  deleted,
  EVE,
  reacted,
  reactionsOf,
  said,
  snowflake,
} from "../../../test/support/convex/events.ts";
import { backend, ingest } from "../../../test/support/convex/fresh.ts";
import { channelId, room, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";

useFreshRoom();

let id: string;

beforeEach(async () => {
  const event = said(room, { fromApp: true });
  id = event.externalId;
  await ingest(event);
});

/** What a transcript shows of the message: `👍 2`. */
async function shown(): Promise<string[]> {
  const paginationOpts = { numItems: 10, cursor: null };
  const { page } = await backend.admin.query(api.admin.transcript, { channelId, paginationOpts });
  return (page[0]?.reactions ?? []).map(({ emoji, count }) => `${emoji} ${count}`);
}

const stored = async () => await rows(backend, "reactions");

describe("a person's reaction", () => {
  test("counts once, however often it arrives, until it is taken back", async () => {
    const event = reacted(room, id);
    expect(await ingest(event, event)).toEqual(["reacted", "known"]);
    expect(await shown()).toEqual(["👍 1"]);
    const back = reacted(room, id, { change: "removed", at: event.at + 1 });
    expect(await ingest(back, back, event)).toEqual(["reacted", "known", "known"]);
    expect(await shown()).toEqual([]);
  });

  test("that is taken back before it arrives does not count", async () => {
    const event = reacted(room, id);
    await ingest(reacted(room, id, { change: "removed", at: event.at + 1 }));
    expect(await ingest(event)).toEqual(["known"]);
    expect(await shown()).toEqual([]);
  });

  test("makes the person known, and people count one by one", async () => {
    await ingest(reacted(room, id), reacted(room, id, { author: EVE }));
    await ingest(reacted(room, id, { emoji: ":parrot:", author: EVE }));
    expect(await shown()).toEqual([":parrot: 1", "👍 2"]);
    expect((await rows(backend, "identities")).map(({ name }) => name)).toEqual(["Bob", "Eve"]);
  });

  test("to an unknown, a deleted or a purged message is ignored", async () => {
    expect(await ingest(reacted(room, snowflake()))).toEqual(["ignored"]);
    await ingest(deleted(room, id));
    expect(await ingest(reacted(room, id))).toEqual(["ignored"]);
    expect(await ingest(reactionsOf(room, id, { emoji: "👍", count: 3 }))).toEqual(["ignored"]);
    expect(await stored()).toEqual([]);
  });

  test("goes with its message", async () => {
    await ingest(reacted(room, id), reacted(room, id, { emoji: "🎉" }));
    await ingest(deleted(room, id));
    expect(await stored()).toEqual([]);
  });

  test("is purged with its message", async () => {
    await ingest(reacted(room, id));
    const target = { platform: "discord", externalId: "100000000000000001" } as const;
    await backend.admin.mutation(api.admin.unmap, { ...target, deleteMessages: true });
    await pass(backend, 1_000);
    expect(await stored()).toEqual([]);
  });

  test("in a paused channel is left to the catch-up", async () => {
    const target = { platform: "discord", externalId: "100000000000000001" } as const;
    await backend.admin.mutation(api.admin.change, { ...target, state: "paused" });
    expect(await ingest(reacted(room, id))).toEqual(["inactive"]);
  });

  test("of emojis by the hundred leaves a bounded number of rows", async () => {
    for (let n = 0; n < 150; n++) {
      const emoji = `:e${n}:`;
      await ingest(
        reacted(room, id, { emoji, at: 2 * n + 1 }),
        reacted(room, id, { emoji, change: "removed", at: 2 * n + 2 }),
      );
    }
    expect((await stored()).length).toBeLessThanOrEqual(60);
  });
});

describe("all reactions of a message", () => {
  const users = [BOB, EVE];

  test("replace what was known", async () => {
    await ingest(reacted(room, id, { at: 1 }), reacted(room, id, { emoji: "🎉", at: 1 }));
    const read = reactionsOf(room, id, { emoji: "👍", count: 2, users }, { emoji: "❤️", count: 7 });
    expect(await ingest(read)).toEqual(["reacted"]);
    expect(await shown()).toEqual(["❤️ 7", "👍 2"]);
  });

  test("with emojis that are the same here are added up, and a person counts once", async () => {
    const read = [
      { emoji: ":blob:", count: 2 },
      { emoji: "🤝", count: 1, users: [BOB] },
      { emoji: "🤝", count: 2, users },
      { emoji: ":blob:", count: 3 },
    ];
    await ingest(reactionsOf(room, id, ...read));
    expect(await shown()).toEqual([":blob: 5", "🤝 2"]);
    expect(await ingest(reactionsOf(room, id, ...read))).toEqual(["known"]);
  });

  test("write nothing where they are the same", async () => {
    await ingest(reacted(room, id, { at: 1 }), reacted(room, id, { author: EVE, at: 1 }));
    const before = await stored();
    const people = await rows(backend, "identities");
    expect(await ingest(reactionsOf(room, id, { emoji: "👍", count: 2, users }))).toEqual([
      "known",
    ]);
    expect(await ingest(reactionsOf(room, id, { emoji: "👍", count: 2 }))).toEqual(["known"]);
    expect(await stored()).toEqual(before);
    expect(await rows(backend, "identities")).toEqual(people);
  });

  test("are cleared, all or those with one emoji, and an earlier event brings none back", async () => {
    const early = reacted(room, id, { at: 1 });
    await ingest(early, reacted(room, id, { emoji: "🎉", at: 1 }));
    expect(await ingest({ ...reactionsOf(room, id), emoji: "👍" })).toEqual(["reacted"]);
    expect(await shown()).toEqual(["🎉 1"]);
    expect(await ingest(reactionsOf(room, id))).toEqual(["reacted"]);
    expect(await ingest(early, { ...early, author: EVE })).toEqual(["known", "known"]);
    expect(await shown()).toEqual([]);
  });

  test("by more people than one transaction looks up are counted", async () => {
    const crowd = Array.from({ length: 700 }, (_, n) => ({ ...BOB, externalId: `p${n}` }));
    await ingest(reactionsOf(room, id, { emoji: "👍", count: 700, users: crowd }));
    expect(await shown()).toEqual(["👍 700"]);
  });

  test("are marked in the snapshot, until there are none", async () => {
    const args = { mappingId: room, after: "", rootsBefore: "", activeSince: 0 };
    const marked = async () => {
      const { rows: all } = await backend.discord.query(api.bridge.standing, args);
      return all.map(({ reacted: is }) => is);
    };
    expect(await marked()).toEqual([undefined]);
    await ingest(reacted(room, id, { at: 1 }));
    expect(await marked()).toEqual([true]);
    await ingest(reactionsOf(room, id));
    expect(await marked()).toEqual([undefined]);
  });
});

test("a hundred reactions of a hundred people fit into one transaction", async () => {
  const events = Array.from({ length: 100 }, (_, n) =>
    reacted(room, id, { author: { ...BOB, externalId: `p${n}` } }),
  );
  await ingest(...events);
  expect(await shown()).toEqual(["👍 100"]);
});
