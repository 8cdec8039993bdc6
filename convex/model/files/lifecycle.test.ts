import { beforeEach, describe, expect, test, vi } from "vitest";
import { api, internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { deleted, said } from "../../../test/support/convex/events.ts";
import { blobs, fileRows, Files, image, store } from "../../../test/support/convex/files.ts";
import { backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { IDS, mapChannel, NOON, pass, rows } from "../../../test/support/convex/backend.ts";
import { uploadType } from "./wanted.ts";

useFreshBackend();

const HOUR_MS = 60 * 60_000;
const CHANNEL = { platform: "discord", externalId: IDS.discord } as const;

let mappingId: Id<"mappings">;
let files: Files;

beforeEach(async () => {
  mappingId = (await mapChannel(backend, "discord", { trigger: "never" })).mappingId;
  files = new Files(backend);
});

/** Somebody posts images, which are held. */
async function posts(...ids: string[]): Promise<string> {
  const event = said(mappingId, { attachments: ids.map((id) => image(id)) });
  await ingest(event);
  for (const fileId of ids) await files.hold({ mappingId, externalId: event.externalId, fileId });
  return event.externalId;
}

describe("files go", () => {
  test("with a message that is deleted", async () => {
    const own = await store(backend, "own");
    const one = await posts("f1", "f2");
    await posts("f3");
    await ingest(deleted(mappingId, one));
    expect(await fileRows(backend)).toEqual(["f3 held"]);
    expect(await blobs(backend)).toHaveLength(2);
    expect(await blobs(backend)).toContain(own);
  });

  test("with an attachment that an edit removes; the others stay", async () => {
    const externalId = await posts("f1", "f2");
    const editedAt = Date.now() + 1;
    await ingest(said(mappingId, { externalId, editedAt, attachments: [image("f2")] }));
    expect(await fileRows(backend)).toEqual(["f2 held"]);
    expect(await blobs(backend)).toHaveLength(1);
  });

  test("with a thread", async () => {
    const event = said(mappingId, { threadId: "9", attachments: [image("f1")] });
    await ingest(event);
    await files.hold({ mappingId, externalId: event.externalId, fileId: "f1" });
    await ingest({ type: "delete", mappingId, externalId: "9", thread: true });
    await pass(backend, 1_000);
    expect(await blobs(backend)).toEqual([]);
  });

  test("with the messages of a purge, however many they are", async () => {
    for (let n = 0; n < 30; n++) await posts(...["a", "b", "c"].map((id) => `${id}${n}`));
    const unmapped = { ...CHANNEL, deleteMessages: true };
    await backend.admin.mutation(api.admin.unmap, unmapped);
    await pass(backend, 5_000);
    expect(await rows(backend, "messages")).toEqual([]);
    expect(await fileRows(backend)).toEqual([]);
    expect(await blobs(backend)).toEqual([]);
  });

  test("with the messages that are too old to be kept", async () => {
    await backend.admin.mutation(api.admin.change, { ...CHANNEL, keepDays: 7 });
    await posts("f1");
    vi.setSystemTime(NOON + 8 * 24 * HOUR_MS);
    await posts("f2");
    await backend.t.mutation(internal.retention.expire, {});
    await pass(backend, 1_000);
    expect(await fileRows(backend)).toEqual(["f2 held"]);
    expect(await blobs(backend)).toHaveLength(1);
  });
});

test("what is held stays when files are switched off, and when a blob is gone its message can be deleted", async () => {
  const externalId = await posts("f1", "f2");
  await backend.admin.mutation(api.admin.change, { ...CHANNEL, files: "none" });
  expect(await fileRows(backend)).toEqual(["f1 held", "f2 held"]);
  const [first] = await blobs(backend);
  await backend.t.run(async (ctx) => first && (await ctx.storage.delete(first)));
  await ingest(deleted(mappingId, externalId));
  expect(await blobs(backend)).toEqual([]);
});

describe("the sweep", () => {
  async function sweep(afterMs: number): Promise<void> {
    vi.setSystemTime(NOON + afterMs);
    await backend.t.mutation(internal.sweep.run, {});
    await pass(backend, 1_000);
  }

  /** A file that was announced and uploaded, and never attached. */
  async function loses(fileId: string) {
    const event = said(mappingId, { attachments: [image(fileId)] });
    await ingest(event);
    const file = { mappingId, externalId: event.externalId, fileId };
    await files.announce(file);
    return await files.upload(file);
  }

  test("deletes an upload without a row after some hours, and forgets what was announced", async () => {
    const lost = await loses("f1");
    await sweep(3 * HOUR_MS);
    expect(await blobs(backend)).toEqual([lost]);
    await sweep(4 * HOUR_MS);
    expect(await blobs(backend)).toEqual([]);
    expect(await rows(backend, "uploads")).toEqual([]);
    expect(await rows(backend, "tasks")).toEqual([]);
  });

  test("leaves what is held, and what an app stored: other bytes, or the same ones", async () => {
    const others = await store(backend, "other bytes", "image/png");
    const same = [await store(backend, "f1", "image/png"), await store(backend, "f1")];
    await loses("f1");
    await posts("f2");
    const held = (await rows(backend, "files")).flatMap((file) =>
      "storageId" in file ? [file.storageId] : [],
    );
    expect(await blobs(backend)).toHaveLength(5);
    await sweep(4 * HOUR_MS);
    expect(await blobs(backend)).toEqual([others, ...same, ...held]);
  });

  test("leaves an upload that was never announced, or not then", async () => {
    const never = await store(backend, "f2", uploadType("image/png"));
    await loses("f1");
    vi.setSystemTime(NOON + 2 * HOUR_MS);
    const later = await store(backend, "f1", uploadType("image/png"));
    await sweep(8 * HOUR_MS);
    expect(await blobs(backend)).toEqual([never, later]);
  });

  test("looks at many blobs in several transactions", async () => {
    for (let n = 0; n < 120; n++) await store(backend, `app's ${n}`);
    await loses("f1");
    await sweep(4 * HOUR_MS);
    expect(await blobs(backend)).toHaveLength(120);
    expect(await rows(backend, "uploads")).toEqual([]);
  });
});
