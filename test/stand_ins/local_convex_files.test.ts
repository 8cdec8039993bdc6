import { ConvexHttpClient } from "convex/browser";
import type { GenericId } from "convex/values";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { api, functionsDir } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";

let convex: LocalConvex;
let http: ConvexHttpClient;

beforeAll(async () => {
  convex = await startLocalConvex({ env: {}, functionsDir });
  http = new ConvexHttpClient(convex.url, { logger: false });
});
afterAll(() => convex.stop());

async function post(url: string, body: string, headers: Record<string, string> = {}) {
  return await fetch(url, { method: "POST", body, headers });
}

async function upload(body: string, type = "image/png; upload=bridge") {
  const url = await http.mutation(api.notes.uploadAddress, {});
  const response = await post(url, body, { "content-type": type });
  return await idIn(response);
}

async function idIn(response: Response): Promise<GenericId<"_storage">> {
  const { storageId } = z.object({ storageId: z.string() }).parse(await response.json());
  return storageId as GenericId<"_storage">; // What Convex answers.
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");

test("an upload has a row, and an address that serves its bytes and type until it is deleted", async () => {
  const id = await upload("bytes");
  expect(await http.query(api.notes.fileRow, { id })).toMatchObject({
    ...{ _id: id, size: 5, sha256: sha256("bytes"), contentType: "image/png; upload=bridge" },
  });
  const url = (await http.query(api.notes.fileAddress, { id })) ?? "";
  expect(url).toMatch(new RegExp(`^${convex.url}/api/storage/[-0-9a-f]{36}$`));
  expect(await http.query(api.notes.fileAddress, { id })).toBe(url);
  const served = await fetch(url);
  expect(await served.text()).toBe("bytes");
  expect(served.headers.get("content-type")).toBe("image/png; upload=bridge");
  expect(served.headers.get("digest")).toBe(`sha-256=${sha256("bytes")}`);
  expect(await http.action(api.notes.sizeOf, { id })).toBe(5);
  await http.mutation(api.notes.deleteFile, { id });
  expect((await fetch(url)).status).toBe(404);
  expect(await http.query(api.notes.fileAddress, { id })).toBeNull();
  expect(await http.query(api.notes.fileRow, { id })).toBeNull();
});

test("an upload address takes any number of uploads, and only POST", async () => {
  const url = await http.mutation(api.notes.uploadAddress, {});
  const first = await idIn(await post(url, "one"));
  expect(await idIn(await post(url, "two"))).not.toBe(first);
  expect((await fetch(url)).status).toBe(405);
});

test("an address that is none, or bytes that are others than announced, are refused", async () => {
  const url = await http.mutation(api.notes.uploadAddress, {});
  expect((await post(url.replace(/.$/, ""), "one")).status).toBe(401);
  expect((await post(`${convex.url}/api/storage/upload`, "one")).status).toBe(401);
  expect((await post(url, "one", { digest: `sha-256=${sha256("two")}` })).status).toBe(400);
  expect((await post(url, "one", { digest: `sha-256=${sha256("one")}` })).status).toBe(200);
  expect((await fetch(`${convex.url}/api/storage/nothing`)).status).toBe(400);
  expect((await fetch(`${convex.url}/api/storage/${crypto.randomUUID()}`)).status).toBe(404);
});

test("bytes of 20 MB are stored and served", { timeout: 60_000 }, async () => {
  const body = "x".repeat(20_000_000);
  const id = await upload(body);
  const url = (await http.query(api.notes.fileAddress, { id })) ?? "";
  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(body.length);
});
