import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Id } from "../../_generated/dataModel.js";
import { api } from "../../_generated/api.js";
import { positionAt } from "../shared/positions.ts";
import { BOB, deleted, said } from "../../../test/support/convex/events.ts";
import { Files, image } from "../../../test/support/convex/files.ts";
import { backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { failure, IDS, mapChannel, NOON, rows } from "../../../test/support/convex/backend.ts";

useFreshBackend();

const HOUR = 3_600_000;

let room: Id<"mappings">;

beforeEach(async () => {
  ({ mappingId: room } = await mapChannel(backend, "discord", { history: 20 }));
});
async function cursor() {
  const [found] = await backend.discord.query(api.bridge.cursors, {});
  return found;
}

async function caughtUp(recovered: number, missed?: string) {
  const done = { recovered, ...(missed !== undefined && { missed }) };
  const advance = [{ mappingId: room, upTo: "0", caughtUp: done }];
  await backend.discord.mutation(api.bridge.ingest, { events: [], advance });
  const { mappings } = await backend.admin.query(api.admin.status, {});
  return mappings[0]?.lastCatchUp;
}

describe("history from before a mapping", () => {
  test("is asked for once: until a catch-up has ended, and at every new mapping", async () => {
    expect(await cursor()).toMatchObject({ mappingId: room, history: 20 });
    await caughtUp(20);
    expect(await cursor()).not.toHaveProperty("history");
    await backend.admin.mutation(api.admin.unmap, { platform: "discord", externalId: IDS.discord });
    await mapChannel(backend, "discord", { history: 5 });
    expect(await cursor()).toMatchObject({ history: 5 });
  });

  test("asks for nothing, however young it is, and is stored even if it was edited", async () => {
    const old = { sentAt: NOON - 60_000, backfilled: true } as const;
    const events = [said(room, old), said(room, { ...old, editedAt: NOON - 1_000 })];
    expect(await ingest(...events)).toEqual(["inserted", "inserted"]);
    expect(await rows(backend, "replies")).toEqual([]);
    // The same message, arriving as a live edit, is ignored.
    const { backfilled: _, ...live } = old;
    expect(await ingest(said(room, { ...live, editedAt: NOON }))).toEqual(["ignored"]);
  });

  test.each([0, -1, 1.5, 1_001, Number.NaN])("of %s messages is refused", async (history) => {
    const place = { platform: "slack", externalId: IDS.slack, to: "x", history } as const;
    expect(await failure(backend.admin.mutation(api.admin.map, place))).toBe("BAD_HISTORY");
    expect(await rows(backend, "mappings")).toHaveLength(1);
  });
});

test("a name from history never replaces the one a person has in the server", async () => {
  const provisional = { ...BOB, provisional: true } as const;
  await ingest(said(room, { author: { ...provisional, name: "bob_1987" } }));
  const nameOfBob = async () => (await rows(backend, "identities"))[0]?.name;
  expect(await nameOfBob()).toBe("bob_1987");
  await ingest(said(room, { author: BOB }));
  expect(await nameOfBob()).toBe("Bob");
  await ingest(said(room, { author: { ...provisional, name: "bob_1987" } }));
  expect(await nameOfBob()).toBe("Bob");
});

test("a catch-up from before the channel was mapped anew says nothing of the history asked for since", async () => {
  const target = { platform: "discord", externalId: IDS.discord } as const;
  const [before] = await backend.discord.query(api.bridge.mappings, {});
  await backend.admin.mutation(api.admin.unmap, target);
  vi.setSystemTime(NOON + 5_000);
  await mapChannel(backend, "discord", { history: 50 });
  const ended = (since: string | undefined) =>
    backend.discord.mutation(api.bridge.ingest, {
      events: [],
      advance: [
        { mappingId: room, upTo: "9", caughtUp: { recovered: 0 }, ...(since && { since }) },
      ],
    });
  await ended(before?.since);
  expect((await cursor())?.history).toBe(50);
  const [after] = await backend.discord.query(api.bridge.mappings, {});
  await ended(after?.since);
  expect((await cursor())?.history).toBeUndefined();
});

test("the last catch-up that brought something stays in sight of those that bring nothing", async () => {
  expect(await caughtUp(3)).toEqual({ at: NOON, recovered: 3 });
  expect(await caughtUp(0)).toEqual({ at: NOON, recovered: 3 });
  expect(await caughtUp(0, "old threads")).toEqual({
    at: NOON,
    recovered: 0,
    missed: "old threads",
  });
});

describe("what stands", () => {
  const standing = async (after = "0", rootsBefore = "1") =>
    await backend.discord.query(api.bridge.standing, {
      mappingId: room,
      after,
      rootsBefore,
      activeSince: NOON - HOUR,
    });

  test("says which messages lack files that are neither held nor given up", async () => {
    const files = new Files(backend);
    const events = ["f1", "f2", "f3"].map((id) => said(room, { attachments: [image(id)] }));
    const unwanted = said(room, { attachments: [image("f4", { type: "text/plain" })] });
    await ingest(...events, unwanted, said(room));
    const [missing = unwanted, held = unwanted, gone = unwanted] = events;
    await files.hold({ mappingId: room, externalId: held.externalId, fileId: "f2" });
    await files.giveUp({ mappingId: room, externalId: gone.externalId, fileId: "f3" });
    const { rows: found } = await standing();
    expect(found).toHaveLength(5);
    expect(found.filter((row) => row.lacksFiles)).toMatchObject([
      { externalId: missing.externalId },
    ]);
    const of = { platform: "discord", externalId: IDS.discord } as const;
    await backend.admin.mutation(api.admin.change, { ...of, files: "none" });
    expect((await standing()).rows.some((row) => row.lacksFiles)).toBe(false);
  });

  test("are the messages after a position with their threads and edits, without the deleted ones", async () => {
    const old = said(room, { sentAt: NOON - 2 * HOUR });
    const edited = said(room, { editedAt: NOON });
    const inThread = said(room, { threadId: "77" });
    const gone = said(room);
    await ingest(old, edited, inThread, gone, deleted(room, gone.externalId));
    const { rows: found } = await standing(positionAt("discord", NOON - HOUR));
    expect(found).toHaveLength(2);
    expect(found).toContainEqual(
      expect.objectContaining({ externalId: edited.externalId, editedAt: NOON, own: false }),
    );
    expect(found).toContainEqual({ externalId: inThread.externalId, threadId: "77", own: false });
  });

  test("old threads are listed only if recently active", async () => {
    await ingest(
      said(room, { threadId: "11", sentAt: NOON - 2 * HOUR }),
      said(room, { threadId: "22" }),
      said(room, { threadId: "99" }),
    );
    expect((await standing("0", "50")).threads).toEqual(["22"]);
  });

  test("says that it left out old threads", async () => {
    const threads = Array.from({ length: 50 }, (_, n) => (n + 10).toString());
    await ingest(...threads.map((threadId) => said(room, { threadId })));
    expect(await standing("0", "99")).toMatchObject({ beyond: ["threads"] });
  });

  test("is bounded, newest first, and says so", async () => {
    const events = Array.from({ length: 230 }, (_, n) =>
      said(room, { sentAt: NOON - 230 + n, fromApp: true }),
    );
    await ingest(...events.slice(0, 199));
    expect(await standing()).not.toHaveProperty("beyond");
    await ingest(...events);
    const { rows: found, beyond } = await standing();
    expect(beyond).toEqual(["messages"]);
    expect(found).toHaveLength(200);
    expect(found[0]?.externalId).toBe(events.at(-1)?.externalId);
  });
});
