import { beforeEach, expect, test } from "vitest";
import { backend } from "../../../test/support/convex/fresh.ts";
import { pass, rows } from "../../../test/support/convex/backend.ts";
import {
  discord,
  mapSide,
  type Side,
  slack,
  useRelay,
} from "../../../test/support/convex/fresh_relay.ts";
import { blobs, Files, image } from "../../../test/support/convex/files.ts";
import { retry } from "../../../test/support/convex/worker.ts";

useRelay();

beforeEach(async () => {
  for (const side of [discord, slack]) await side.change({ files: "all" });
});

interface Sent {
  readonly id: string;
  readonly type?: string;
  readonly size?: number;
}

/** Somebody posts files. Those that are not `late` are held. */
async function posts(
  from: Side,
  text: string,
  sent: readonly Sent[],
  late: readonly string[] = [],
) {
  const attachments = sent.map(({ id, ...more }) => image(id, more));
  const externalId = await from.says(text, { attachments });
  for (const { id, type } of sent.filter((each) => !late.includes(each.id)))
    await holds(from, externalId, id, type);
  return externalId;
}

async function holds(from: Side, externalId: string, fileId: string, type = "image/png") {
  const files = new Files(backend, from.platform);
  await files.hold({ mappingId: from.mappingId, externalId, fileId, type });
}

const lines = (content: string) =>
  content.split("\n").filter((line) => line.startsWith("📎")).length;

/** Rows say that files are larger than their bytes here. */
async function grow(fileId: string, size: number): Promise<void> {
  const row = (await rows(backend, "files")).find((file) => file.fileId === fileId);
  await backend.t.run(async (ctx) => row && (await ctx.db.patch("files", row._id, { size })));
}

test("files go along, in the order of the message, with addresses that serve them", async () => {
  await posts(discord, "", [{ id: "b" }, { id: "a" }]);
  const [copy] = await slack.carryOutAll();
  expect(copy?.content).toBe("");
  expect(copy?.files).toMatchObject([
    { name: "b.png", type: "image/png", size: 1, url: expect.stringMatching(/^https:/) as string },
    { name: "a.png" },
  ]);
});

test("to Slack only images that it shows go along; the others are lines", async () => {
  const gif = { id: "a", type: "image/gif" };
  await posts(discord, "x", [gif, { id: "b", type: "image/webp" }, { id: "c", type: "a/b" }]);
  const [copy] = await slack.carryOutAll();
  expect(copy?.files).toMatchObject([{ name: "a.png" }]);
  expect(lines(copy?.content ?? "")).toBe(2);
});

test("to Discord ten files go along, of 10 MiB together", async () => {
  const ids = Array.from("abcdefghijkl", (id) => ({ id, type: "text/plain" }));
  await posts(slack, "many", ids);
  const [many] = await discord.carryOutAll();
  expect([many?.files?.length, lines(many?.content ?? "")]).toEqual([10, 2]);
  const big = await posts(slack, "big", [{ id: "m" }, { id: "n" }, { id: "o" }], ["o"]);
  await grow("m", 10 * 1024 * 1024 - 1);
  await holds(slack, big, "o");
  const [few] = await discord.carryOutAll();
  expect(few?.files).toMatchObject([{ name: "m.png" }, { name: "n.png" }]);
  expect(lines(few?.content ?? "")).toBe(1);
});

test("an edit has lines for those that did not go along, even if they are held since", async () => {
  const one = await posts(discord, "one", [{ id: "a" }, { id: "b" }], ["b"]);
  await pass(backend, 5_000);
  const [copy] = await slack.carryOutAll();
  expect([copy?.files?.length, lines(copy?.content ?? "")]).toEqual([1, 1]);
  await holds(discord, one, "b");
  const attachments = [image("a"), image("b")];
  const editedAt = Date.now() + 1;
  await discord.ingest(discord.event("two", { externalId: one, attachments, editedAt }));
  const [edit] = await slack.carryOutAll();
  expect(edit).toMatchObject({ op: "edit", content: copy?.content.replace("one", "two") });
  expect(edit?.files).toBeUndefined();
});

test("an edit says whether files of its copy stay: none if the message has none of them any more", async () => {
  const one = await posts(discord, "one", [{ id: "a" }, { id: "b" }]);
  const none = await posts(discord, "none", []);
  await slack.carryOutAll();
  const edited = async (externalId: string, ids: readonly string[], editedAt: number) => {
    const attachments = ids.map((id) => image(id));
    await discord.ingest(discord.event("two", { externalId, attachments, editedAt }));
    return (await slack.carryOutAll())[0]?.hasFiles;
  };
  expect(await edited(one, ["b"], Date.now() + 1)).toBe(true);
  expect(await edited(one, ["c"], Date.now() + 2)).toBe(false);
  expect(await edited(one, [], Date.now() + 3)).toBe(false);
  expect(await edited(none, [], Date.now() + 1)).toBeUndefined();
});

test("an attempt that is repeated has the same files and lines", async () => {
  const one = await posts(discord, "one", [{ id: "a" }, { id: "b" }], ["b"]);
  await pass(backend, 5_000);
  const first = await slack.take();
  await slack.worker.settle(first, retry(1_000));
  await holds(discord, one, "b");
  await pass(backend, 1_000);
  const second = await slack.take();
  expect([second.content, second.files]).toEqual([first.content, first.files]);
});

test("files go with the first part only, and none that was deleted", async () => {
  const one = await posts(discord, "one", [{ id: "a" }]);
  const first = await slack.take();
  const post = { part: 0, externalId: slack.newId(), upTo: 1 };
  await slack.worker.settle(first, { kind: "posted", post, last: false, format: "1" });
  await slack.worker.settle(first, { kind: "release" });
  expect((await slack.take()).files).toBeUndefined();
  await discord.deletes(one);
  expect(await blobs(backend)).toEqual([]);
});

test("files go to each place that takes them", async () => {
  const second = await mapSide("discord", { externalId: "100000000000000002" });
  await posts(slack, "x", [{ id: "a", type: "text/plain" }]);
  for (const side of [discord, second])
    expect((await side.carryOutAll())[0]?.files).toHaveLength(1);
});
