import { beforeEach, describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { deleted, said } from "../../../test/support/convex/events.ts";
import { blobs, fileRows, Files, image, store } from "../../../test/support/convex/files.ts";
import { backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { failure, IDS, mapChannel, rows } from "../../../test/support/convex/backend.ts";

useFreshBackend();

let mappingId: Id<"mappings">;
let files: Files;
let file: { mappingId: Id<"mappings">; externalId: string; fileId: string };

beforeEach(async () => {
  mappingId = (await mapChannel(backend, "discord", { trigger: "never" })).mappingId;
  files = new Files(backend);
  const event = said(mappingId, { attachments: [image("f1"), image("f2")] });
  await ingest(event);
  file = { mappingId, externalId: event.externalId, fileId: "f1" };
});

async function edit(attachments: ReturnType<typeof image>[]): Promise<void> {
  const { externalId } = file;
  await ingest(said(mappingId, { externalId, attachments, editedAt: Date.now() + 1 }));
}

async function change(changes: { files: "none" | "images" | "all" }): Promise<void> {
  const of = { platform: "discord", externalId: IDS.discord } as const;
  await backend.admin.mutation(api.admin.change, { ...of, ...changes });
}

test("a file is announced, uploaded and attached", async () => {
  expect(await files.announce(file)).toMatch(/^https:/);
  const storageId = await files.upload(file);
  expect(await files.attach(file, storageId)).toBe("held");
  expect(await rows(backend, "files")).toMatchObject([
    { fileId: "f1", storageId, size: 2, type: "image/png" },
  ]);
  expect(await rows(backend, "uploads")).toMatchObject([{ at: Date.now() }]);
  expect(await files.announce(file)).toBeNull();
});

test("attaching may be repeated", async () => {
  const storageId = await files.hold(file);
  expect(await files.attach(file, storageId)).toBe("held");
  expect(await blobs(backend)).toEqual([storageId]);
});

test("a second upload of a file is deleted", async () => {
  const storageId = await files.hold(file);
  expect(await files.attach(file, await files.upload(file))).toBe("dropped");
  expect(await blobs(backend)).toEqual([storageId]);
  expect(await fileRows(backend)).toEqual(["f1 held"]);
});

test("a blob that another message holds is not deleted", async () => {
  const storageId = await files.hold(file);
  expect(await files.attach({ ...file, externalId: "1" }, storageId)).toBe("dropped");
  expect(await blobs(backend)).toEqual([storageId]);
});

test("a blob that an app stored is not deleted, and not attached", async () => {
  const storageId = await store(backend, "f1", "image/png");
  expect(await files.attach({ ...file, externalId: "1" }, storageId)).toBe("dropped");
  expect(await files.attach(file, storageId)).toBe("dropped");
  expect(await blobs(backend)).toEqual([storageId]);
  expect(await fileRows(backend)).toEqual([]);
});

test("an upload whose mark Convex has dropped is known by its hash, and never deleted", async () => {
  await files.announce(file);
  const [storageId, again] = [
    await store(backend, "f1", "image/png"),
    await store(backend, "f1", "image/png"),
  ];
  expect(await files.attach(file, storageId)).toBe("held");
  expect(await files.attach(file, again)).toBe("dropped");
  expect(await blobs(backend)).toEqual([storageId, again]);
});

test("a blob that is gone is not attached", async () => {
  const storageId = await files.upload(file);
  await backend.t.run((ctx) => ctx.storage.delete(storageId));
  expect(await files.attach(file, storageId)).toBe("dropped");
  expect(await fileRows(backend)).toEqual([]);
});

describe("what happens during a download", () => {
  test.each([
    ["an edit removes the file", () => edit([image("f2")])],
    ["its message is deleted", () => ingest(deleted(mappingId, file.externalId))],
    ["files are switched off", () => change({ files: "none" })],
    [
      "the channel is unmapped",
      () =>
        backend.admin.mutation(api.admin.unmap, { platform: "discord", externalId: IDS.discord }),
    ],
  ])("%s", async (_what, happens) => {
    await happens();
    expect(await files.announce(file)).toBeNull();
    expect(await rows(backend, "uploads")).toEqual([]);
  });

  test.each([
    ["an edit removes the file", () => edit([image("f2")])],
    ["its message is deleted", () => ingest(deleted(mappingId, file.externalId))],
  ])("%s during the upload: the blob is deleted", async (_what, happens) => {
    await files.announce(file);
    const storageId = await files.upload(file);
    await happens();
    expect(await files.attach(file, storageId)).toBe("dropped");
    expect(await blobs(backend)).toEqual([]);
    expect(await fileRows(backend)).toEqual([]);
  });

  test("an edit keeps the file", async () => {
    await edit([image("f1")]);
    await files.hold(file);
  });
});

test("what a file turned out to be decides", async () => {
  expect(await files.announce({ ...file, type: "text/html" })).toBeNull();
  await change({ files: "all" });
  expect(await files.announce({ ...file, type: "text/html" })).not.toBeNull();
});

test("what its platform said of a file decides too", async () => {
  await edit([image("f1", { type: "image/svg+xml" }), image("f2")]);
  expect(await files.announce(file)).toBeNull();
  await files.giveUp(file);
  expect(await fileRows(backend)).toEqual([]);
});

test("a file that can't be had may be had later", async () => {
  await files.giveUp(file);
  await files.giveUp(file);
  expect(await fileRows(backend)).toEqual(["f1 unavailable"]);
  await files.hold(file);
  await files.giveUp(file);
  expect(await fileRows(backend)).toEqual(["f1 held"]);
});

test("another platform's bridge can do none of it", async () => {
  const slack = new Files(backend, "slack");
  const storageId = await store(backend, "x");
  expect(await failure(slack.announce(file))).toBe("FORBIDDEN");
  expect(await failure(slack.attach(file, storageId))).toBe("FORBIDDEN");
  expect(await failure(slack.giveUp(file))).toBe("FORBIDDEN");
  expect(await blobs(backend)).toEqual([storageId]);
});
