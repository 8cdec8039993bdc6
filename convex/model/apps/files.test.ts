import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import { IDS, mapChannel, pass, rows } from "../../../test/support/convex/backend.ts";
import { deleted, said } from "../../../test/support/convex/events.ts";
import { Files, image, store } from "../../../test/support/convex/files.ts";
import { backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { uploadType } from "../files/wanted.ts";
import { access } from "../../../test/support/convex/rights.ts";

useFreshBackend();

const CHANNEL = { platform: "discord", externalId: IDS.discord } as const;

let mappingId: Id<"mappings">;
let channelId: Id<"channels">;
/** The message that has the file. */
let externalId: string;
let id: Id<"files">;

/** Mia may read, Gus may not. */
beforeEach(async () => {
  ({ mappingId, channelId } = await mapChannel(backend, "discord", { trigger: "never" }));
  vi.spyOn(access, "mayRead").mockImplementation(
    async ({ auth }) => (await auth.getUserIdentity())?.subject === "mia",
  );
  const event = said(mappingId, { content: "look", attachments: [image("f1"), image("f2")] });
  ({ externalId } = event);
  await ingest(event);
  await new Files(backend).hold({ mappingId, externalId, fileId: "f1", bytes: "bytes" });
  const [file] = await rows(backend, "files");
  if (!file) throw new Error("nothing is held");
  id = file._id;
});
afterEach(() => {
  vi.restoreAllMocks();
});

type Role = "nobody" | "guest" | "member" | "discord" | "slack" | "admin";

async function get(role: Role = "member", path = `/files/${id}`, method = "GET") {
  const response = await backend[role].fetch(path, { method });
  const headers = Object.fromEntries(response.headers);
  return { status: response.status, headers, body: await response.text() };
}

/** What everybody gets who gets nothing. */
const NOTHING = {
  status: 404,
  headers: {
    "content-type": "text/plain",
    "cache-control": "private, no-store",
    "access-control-allow-origin": "*",
  },
  body: "Not found",
};

test.each(["member", "admin"] as const)(
  "a file is served to a %s who may read it",
  async (role) => {
    expect(await get(role)).toEqual({
      status: 200,
      headers: {
        "content-type": "image/png",
        "content-disposition": `inline; filename="f1.png"; filename*=UTF-8''f1.png`,
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-store",
        "access-control-allow-origin": "*",
      },
      body: "bytes",
    });
  },
);

test("a page of another origin may send its token, and nothing else", async () => {
  expect(await get("nobody", "/files/any", "OPTIONS")).toEqual({
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET",
      "access-control-allow-headers": "Authorization",
      "access-control-max-age": "86400",
    },
    body: "",
  });
});

describe("nothing is served", () => {
  test.each(["nobody", "guest", "discord", "slack"] as const)("to %s", async (role) => {
    expect(await get(role)).toEqual(NOTHING);
  });

  test("once the right is taken away", async () => {
    expect((await get()).status).toBe(200);
    vi.spyOn(access, "mayRead").mockReturnValue(false);
    expect(await get()).toEqual(NOTHING);
  });

  test("if convex/access.ts fails", async () => {
    vi.spyOn(access, "mayRead").mockRejectedValue(new Error("secret"));
    expect(await get()).toEqual(NOTHING);
  });

  test("of a deleted message, even while its files are still there", async () => {
    await patchMessage({ deletedAt: 1 });
    expect(await get()).toEqual(NOTHING);
  });

  test("of a message that is deleted", async () => {
    await ingest(deleted(mappingId, externalId));
    expect(await get()).toEqual(NOTHING);
    expect(await get("admin")).toEqual(NOTHING);
  });

  test("of an attachment that an edit removed, even while its file is still there", async () => {
    await patchMessage({ attachments: [image("f2")] });
    expect(await get()).toEqual(NOTHING);
  });

  test("of a message whose row is gone", async () => {
    await backend.t.run(async (ctx) => {
      for (const { _id } of await ctx.db.query("messages").collect())
        await ctx.db.delete("messages", _id);
    });
    expect(await get()).toEqual(NOTHING);
  });

  test("once the channel is purged", async () => {
    await backend.admin.mutation(api.admin.unmap, { ...CHANNEL, deleteMessages: true });
    await pass(backend, 5_000);
    expect(await get()).toEqual(NOTHING);
    expect(await get("admin")).toEqual(NOTHING);
  });

  test("of a blob that an admin has deleted", async () => {
    await backend.t.run(async (ctx) => {
      const [blob] = await ctx.db.system.query("_storage").collect();
      if (blob) await ctx.storage.delete(blob._id);
    });
    expect(await get()).toEqual(NOTHING);
  });

  test("of a file that can't be had, or is too large for a response", async () => {
    await new Files(backend).giveUp({ mappingId, externalId, fileId: "f2" });
    const [, unavailable] = await rows(backend, "files");
    expect(await get("member", `/files/${unavailable?._id}`)).toEqual(NOTHING);
    await backend.t.run((ctx) => ctx.db.patch("files", id, { size: 20_000_000 }));
    expect((await get()).status).toBe(200);
    await backend.t.run((ctx) => ctx.db.patch("files", id, { size: 20_000_001 }));
    expect(await get()).toEqual(NOTHING);
  });

  test("at addresses of nothing, and at those of rows and blobs", async () => {
    const own = await store(backend, "an app's own", uploadType("image/png"));
    const [message] = await rows(backend, "messages");
    const ids = [
      "",
      "x",
      "%00",
      `${id}/`,
      `x/${id}`,
      `x/files/${id}`,
      `${id}x`,
      own,
      message?._id,
      mappingId,
    ];
    for (const each of ids) expect(await get("member", `/files/${each}`)).toEqual(NOTHING);
  });
});

test("messages and searches name the file whose bytes are held, and no other", async () => {
  await new Files(backend).giveUp({ mappingId, externalId, fileId: "f2" });
  const paginationOpts = { numItems: 10, cursor: null };
  const { page } = await backend.member.query(api.apps.messages, { channelId, paginationOpts });
  const found = await backend.member.query(api.apps.search, { channelId, text: "look" });
  for (const [message] of [page, found])
    expect(message?.attachments).toEqual([{ ...image("f1"), fileId: id }, image("f2")]);
});

async function patchMessage(
  changes: Pick<Partial<Doc<"messages">>, "attachments" | "deletedAt">,
): Promise<void> {
  await backend.t.run(async (ctx) => {
    const [message] = await ctx.db.query("messages").collect();
    if (message) await ctx.db.patch("messages", message._id, changes);
  });
}
