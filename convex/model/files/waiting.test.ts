import { beforeEach, describe, expect, test } from "vitest";
import type { MessageEvent } from "../ingest/event_validators.ts";
import { Files, image } from "../../../test/support/convex/files.ts";
import { ai, backend } from "../../../test/support/convex/fresh.ts";
import { pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { discord, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";

useRelay();

let files: Files;

beforeEach(() => {
  files = new Files(backend);
});

/** Says something on Discord with images. Returns what a bridge calls them. */
async function says(content: string, ids: readonly string[], more: Partial<MessageEvent> = {}) {
  const attachments = ids.map((id) => image(id));
  const externalId = await discord.says(content, { attachments, ...more });
  return ids.map((fileId) => ({ mappingId: discord.mappingId, externalId, fileId }));
}

describe("a relayed message", () => {
  test("goes on when the last of its files is held", async () => {
    const [one, two] = await says("look", ["f1", "f2"]);
    if (!one || !two) throw new Error("no files");
    await pass(backend, 1_000);
    await files.hold(one);
    expect(await slack.ready()).toEqual([]);
    await files.hold(two);
    expect(await slack.carryOutAll()).toMatchObject([
      { content: "look", files: [{ name: "f1.png", size: 2 }, { name: "f2.png" }] },
    ]);
  });

  test("goes on when the last of its files can't be had, which is a line of its text", async () => {
    const [one, two] = await says("look", ["f1", "f2"]);
    if (!one || !two) throw new Error("no files");
    await files.giveUp(two);
    await files.hold(one);
    const [copy] = await slack.carryOutAll();
    expect(copy?.content).toMatch(
      /^look\n\n📎 \[f2\.png\]\(<https:\/\/files\.example\/f2>\) \(4 B\)$/,
    );
    expect(copy?.files).toMatchObject([{ name: "f1.png" }]);
  });

  test("goes on when an edit takes out the file that it waits for", async () => {
    const [one] = await says("look", ["f1"]);
    if (!one) throw new Error("no files");
    const { externalId } = one;
    await discord.ingest(discord.event("never mind", { externalId, editedAt: Date.now() + 1 }));
    expect(await slack.carryOutAll()).toMatchObject([{ op: "create", content: "never mind" }]);
  });

  test("waits five seconds at most, and those behind it with it", async () => {
    await says("look", ["f1"]);
    await says("and", []);
    await pass(backend, 4_500);
    expect(await slack.ready()).toEqual([]);
    await pass(backend, 500);
    const copies = await slack.carryOutAll();
    expect(copies.map(({ content }) => content.split("\n")[0])).toEqual(["look", "and"]);
    expect(copies[0]?.files).toBeUndefined();
  });

  test("goes on behind one that waits, when both are there", async () => {
    const [one] = await says("one", ["f1"]);
    const [two] = await says("two", ["f2"]);
    if (!one || !two) throw new Error("no files");
    await files.hold(two);
    expect(await slack.ready()).toEqual([]);
    await files.hold(one);
    expect(await slack.hears()).toEqual(["one", "two"]);
  });

  test("without files that are wanted does not wait", async () => {
    await discord.change({ files: "none" });
    await says("none", ["f1"]);
    await discord.change({ files: "images" });
    await discord.says("big", { attachments: [image("f2", { size: 10_000_001 })] });
    expect(await slack.hears()).toHaveLength(2);
  });

  test("that was caught up with waits for the rest of its time", async () => {
    const [one] = await says("look", ["f1"], { late: true });
    if (!one) throw new Error("no files");
    await pass(backend, 121_000);
    expect(await slack.ready()).toHaveLength(1);
  });
});

describe("a question", () => {
  beforeEach(() => discord.change({ trigger: "always" }));

  test("is asked when its image is held", async () => {
    const [one] = await says("what is it?", ["f1"]);
    if (!one) throw new Error("no files");
    await pass(backend, 2_000);
    expect(ai.requests).toHaveLength(0);
    await files.hold(one);
    await settleDown(backend);
    expect(ai.requests).toHaveLength(1);
  });

  test("is asked when an edit takes out its image", async () => {
    const [one] = await says("what is it?", ["f1"]);
    if (!one) throw new Error("no files");
    const { externalId } = one;
    await discord.ingest(discord.event("what is a cat?", { externalId, editedAt: Date.now() + 1 }));
    await settleDown(backend);
    expect(ai.requests).toHaveLength(1);
  });

  test("is asked after five seconds without it", async () => {
    await says("what is it?", ["f1"]);
    await pass(backend, 4_500);
    expect(ai.requests).toHaveLength(0);
    await pass(backend, 500);
    expect(ai.requests).toHaveLength(1);
    await pass(backend, 100_000);
    expect(ai.requests).toHaveLength(1);
  });

  test("does not wait for a file that the AI is not shown", async () => {
    await discord.change({ files: "all" });
    const attachments = [image("f1", { type: "text/plain" })];
    await discord.says("what is it?", { attachments });
    await settleDown(backend);
    expect(ai.requests).toHaveLength(1);
  });

  test("waits for the images of the next one too, which its answer covers", async () => {
    const [one] = await says("this", ["f1"]);
    const [two] = await says("and this?", ["f2"]);
    if (!one || !two) throw new Error("no files");
    await files.hold(one);
    await settleDown(backend);
    expect(ai.requests).toHaveLength(0);
    await files.hold(two);
    await settleDown(backend);
    expect(ai.requests).toHaveLength(1);
    expect(await rows(backend, "replies")).toMatchObject([{ state: "done" }]);
  });

  test("that has not begun waits for the image of the next one", async () => {
    await discord.ingest(
      discord.event("this"),
      discord.event("is what?", { attachments: [image("f1")] }),
    );
    await settleDown(backend);
    expect(ai.requests).toHaveLength(0);
    await pass(backend, 5_000);
    expect(ai.requests).toHaveLength(1);
  });

  test("whose person has no name yet waits for that too", async () => {
    const inSlack = new Files(backend, "slack");
    await slack.change({ trigger: "always" });
    const author = { externalId: "U9", workspaceId: "T1" };
    const externalId = await slack.says("what?", { author, attachments: [image("f1")] });
    await inSlack.hold({ mappingId: slack.mappingId, externalId, fileId: "f1" });
    await settleDown(backend);
    expect(ai.requests).toHaveLength(0);
    await pass(backend, 1_000);
    expect(ai.requests).toHaveLength(1);
  });
});
