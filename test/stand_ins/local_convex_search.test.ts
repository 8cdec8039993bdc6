import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { api, functionsDir } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { eventually } from "../support/eventually.ts";

/* Full-text search is as strict as Convex's: https://docs.convex.dev/search/text-search */

let convex: LocalConvex;
let http: ConvexHttpClient;

beforeAll(async () => {
  convex = await startLocalConvex({ env: {}, functionsDir, redact: false });
  http = new ConvexHttpClient(convex.url, { logger: false });
});
afterAll(() => convex.stop());

/** A room with these notes; returns a search of it. */
async function roomWith(...texts: string[]) {
  const room = crypto.randomUUID();
  for (const text of texts) await http.mutation(api.notes.add, { room, text });
  return (text: string, limit?: number) =>
    http.query(api.search.find, { room, text, ...(limit !== undefined && { limit }) });
}

test("finds whole words, without regard to case or punctuation, and the beginning of the last only", async () => {
  const find = await roomWith("A (green) tea!", "greenhouse", "teapot");
  expect(await find("GREEN x")).toEqual(["A (green) tea!"]);
  expect((await find("x tea")).sort()).toEqual(["A (green) tea!", "teapot"]);
  expect(await find("reen")).toEqual([]);
  expect(await find(" … ")).toEqual([]);
});

const LONG = "green among a good many other words";

test("the most relevant comes first, the newest of those that are equally so", async () => {
  const find = await roomWith("green one", "tea and green", LONG, "green two", "blue");
  expect(await find("green tea")).toEqual(["tea and green", "green two", "green one", LONG]);
  expect(await find("green tea", 1)).toEqual(["tea and green"]);
});

test("words of 32 bytes and more, and all after the sixteenth, are not searched for", async () => {
  const find = await roomWith(
    "お茶はとてもおいしいです",
    "お茶は おいしい",
    "x".repeat(31),
    "late",
  );
  expect(await find("お茶はとてもおいしいです")).toEqual([]);
  expect(await find("お茶")).toEqual(["お茶は おいしい"]);
  expect(await find("x".repeat(31))).toHaveLength(1);
  expect(await find("x".repeat(32))).toEqual([]);
  expect(await find(`${"a ".repeat(15)}late`)).toEqual(["late"]);
  expect(await find(`${"a ".repeat(16)}late`)).toEqual([]);
});

test("reading more than 1,024 results fails", { timeout: 60_000 }, async () => {
  const room = crypto.randomUUID();
  for (let i = 0; i < 4; i++) await http.mutation(api.notes.addMany, { room, count: 256 });
  const all = http.query(api.search.find, { room, text: "note" });
  await expect(all).rejects.toThrow("Search query scanned too many documents (fetched 1024)");
  const some = await http.query(api.search.find, { room, text: "note", limit: 1_024 });
  expect(some).toHaveLength(1_024);
});

test("refuses a filter on a field that the index does not have, and pages", async () => {
  const asked = { room: "", text: "tea" };
  const other = http.query(api.search.findByRank, asked);
  await expect(other).rejects.toThrow("a filter on rank");
  await expect(http.query(api.search.findInPages, asked)).rejects.toThrow("no pages");
});

test("a mutation finds what it has written, and a subscription what others write", async () => {
  const asked = { room: crypto.randomUUID(), text: "tea" };
  const socket = new ConvexClient(convex.url, { logger: false });
  onTestFinished(() => socket.close());
  let seen: string[] = [];
  socket.onUpdate(api.search.find, asked, (found) => (seen = found));
  expect(await http.mutation(api.search.addAndFind, asked)).toBe(1);
  await eventually(() => expect(seen).toEqual(["tea"]));
});
