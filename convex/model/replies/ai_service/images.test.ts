import { beforeEach, describe, expect, test } from "vitest";
import type { Id } from "../../../_generated/dataModel.js";
import { ai, backend, ingest, useFreshBackend } from "../../../../test/support/convex/fresh.ts";
import { mapChannel, rows, settleDown } from "../../../../test/support/convex/backend.ts";
import { completion } from "../../../../test/support/convex/ai.ts";
import { deleted, said } from "../../../../test/support/convex/events.ts";
import { Files, image, store } from "../../../../test/support/convex/files.ts";
import { withAddresses } from "./images.ts";

useFreshBackend();

let mappingId: Id<"mappings">;
let files: Files;

beforeEach(async () => {
  mappingId = (await mapChannel(backend, "discord", { files: "all" })).mappingId;
  files = new Files(backend);
});

interface Posted {
  readonly asks?: boolean;
  /** In bytes. */
  readonly size?: number;
  readonly type?: string;
}

/** Somebody posts images, which are held. Only what `asks` is answered. */
async function posts(content: string, ids: readonly string[], more: Posted = {}) {
  const { asks = false, size = 2, type = "image/png" } = more;
  const attachments = ids.map((id) => image(id, { size, type }));
  const event = said(mappingId, { content, attachments, fromApp: !asks });
  await ingest(event);
  for (const fileId of ids) {
    const bytes = fileId.padEnd(size, ".");
    await files.hold({ mappingId, externalId: event.externalId, fileId, bytes, type });
  }
  await settleDown(backend);
  return event.externalId;
}

/** The texts that the AI was sent, with the number of images behind each, and their addresses. */
function lastSent() {
  const messages = ai.requests.at(-1)?.messages ?? [];
  const contents = messages.map(({ content }): unknown => content);
  const parts = contents.map((content) => (Array.isArray(content) ? (content as unknown[]) : []));
  const texts = contents.map((content, n) =>
    typeof content === "string" ? content : `${JSON.stringify(parts[n]?.[0])} +${parts[n]?.length}`,
  );
  return { texts, images: parts.flatMap((each) => each.slice(1)) };
}

/** How the AI is sent the image that a bridge calls so. */
async function sent(fileId: string): Promise<unknown> {
  const row = (await rows(backend, "files")).find((file) => file.fileId === fileId);
  if (!row || !("storageId" in row)) throw new Error("it is not held");
  const url = await backend.t.run((ctx) => ctx.storage.getUrl(row.storageId));
  return { type: "image_url", image_url: { url, detail: "auto" } };
}

test("the AI is shown images behind the text of their message, in the order said", async () => {
  await posts("first", ["a"]);
  await posts("which?", ["c", "b"], { asks: true });
  const { texts, images } = lastSent();
  expect(texts[0]).toContain("first\\n  [attachment: a.png]");
  expect(texts[1]).toContain("which?\\n  [attachment: c.png]\\n  [attachment: b.png]");
  expect(images).toEqual([await sent("a"), await sent("c"), await sent("b")]);
});

test("a message without images stays a plain text", async () => {
  await posts("plain", []);
  await posts("which?", ["a"], { asks: true });
  expect(lastSent().texts[0]).toBe("Bob: plain");
});

test("the newest four are shown", async () => {
  await posts("old", ["a", "b", "c"]);
  await posts("which?", ["d", "e"], { asks: true });
  const newest = ["b", "c", "d", "e"].map(sent);
  expect(lastSent().images).toEqual(await Promise.all(newest));
});

test("an image over 5 MB, or a file that is none, is not shown", async () => {
  await posts("huge", ["a"], { size: 5_000_001 });
  await posts("text", ["b"], { type: "text/plain" });
  await posts("which?", ["c"], { asks: true });
  expect(lastSent().images).toEqual([await sent("c")]);
});

test("no image of a deleted message is shown", async () => {
  await ingest(deleted(mappingId, await posts("gone", ["a"])));
  await posts("which?", ["b"], { asks: true });
  expect(lastSent().texts).toHaveLength(1);
  expect(lastSent().images).toEqual([await sent("b")]);
});

describe("a service that reads no images", () => {
  const refusal = (status: number, message: string) =>
    Response.json({ error: { message, type: "invalid_request_error" } }, { status });

  test.each([
    [400, "Invalid content type. image_url is only supported by certain models."],
    [404, "No endpoints found that support image input"],
    [415, "unsupported content part"],
    [422, "this model has no vision"],
  ])("is asked once more without them: %i %s", async (status, message) => {
    ai.answers(() => refusal(status, message), "without");
    await posts("which?", ["a"], { asks: true });
    expect(ai.requests).toHaveLength(2);
    expect(lastSent()).toEqual({ texts: ["Bob: which?\n  [attachment: a.png]"], images: [] });
    expect(await rows(backend, "replies")).toMatchObject([{ state: "done", attempt: 1 }]);
  });

  test("may also not know the limit's name", async () => {
    ai.answers(
      () => refusal(400, "unknown field max_completion_tokens"),
      () => refusal(400, "no images"),
      () => completion("at last"),
    );
    await posts("which?", ["a"], { asks: true });
    expect(ai.requests.map(({ max_tokens }) => max_tokens !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
    expect(await rows(backend, "outputLimits")).toHaveLength(1);
  });

  test("is asked once if it refuses something else, or there is no image", async () => {
    ai.always(() => refusal(400, "no"));
    await posts("which?", ["a"], { asks: true });
    expect(ai.requests).toHaveLength(1);
    ai.always(() => refusal(400, "an image"));
    await ingest(deleted(mappingId, (await rows(backend, "messages"))[0]?.externalId ?? ""));
    await posts("and now?", [], { asks: true });
    expect(ai.requests).toHaveLength(2);
  });
});

describe("on a deployment that the web can't reach", () => {
  /** What an app is given of images with these bytes, each in a message of its own. */
  async function addressed(...blobs: string[]) {
    const messages: Parameters<typeof withAddresses>[1] = [];
    for (const bytes of blobs) {
      const images = [{ storageId: await store(backend, bytes), type: "image/png" }];
      messages.push({ role: "user" as const, content: "", sentAt: 0, images });
    }
    const local = await backend.t.action(async (ctx) => {
      const getUrl = async (id: Id<"_storage">) =>
        (await ctx.storage.getUrl(id))?.replace(/https:..[^/]+/, "http://127.0.0.1:3210") ?? null;
      // Only its addresses are another deployment's.
      const storage = Object.assign(Object.create(ctx.storage) as typeof ctx.storage, { getUrl });
      return await withAddresses({ ...ctx, storage }, messages);
    });
    return local.map(({ images = [] }) => images.map(({ url }) => url));
  }

  test("images are data URLs", async () => {
    expect(await addressed("one", "é")).toEqual([
      ["data:image/png;base64,b25l"],
      ["data:image/png;base64,w6k="],
    ]);
  });

  test("of all bytes", async () => {
    const long = "0123456789".repeat(10_001);
    const [[url = ""] = []] = await addressed(long);
    expect(atob(url.replace(/^.*,/, ""))).toBe(long);
  });

  test("the newest that 8 MB hold are given", async () => {
    const [old, middle, last] = await addressed("1", "2".repeat(4_000_000), "3".repeat(3_000_000));
    expect([old?.length, middle?.length, last?.length]).toEqual([1, 0, 1]);
  });
});

test("an image deleted since the question was read is left out", async () => {
  const storageId = await store(backend, "gone");
  await backend.t.run((ctx) => ctx.storage.delete(storageId));
  const images = [{ storageId, type: "image/png" }];
  const messages = [{ role: "user" as const, content: "hi", sentAt: 0, images }];
  const given = await backend.t.action((ctx) => withAddresses(ctx as never, messages));
  expect(given).toEqual([{ role: "user", content: "hi", sentAt: 0 }]);
});
