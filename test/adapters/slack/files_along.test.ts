import { expect, test } from "vitest";
import type { Delivery, FileAlong } from "../../../bridges/platform.ts";
import { imageBlock } from "../../../bridges/slack/outbound/images.ts";
import { along, image } from "../../support/files/material.ts";
import { delivery } from "../recording_core.ts";
import { createBridge, type Setup, soon, start, useSlackStage } from "./stage.ts";

/* Images that go along with what is relayed. */

useSlackStage();

const [CAT, DOG] = [image("cat.png"), image("dog.gif", { type: "image/gif" })];

const piece = (text: string, files?: readonly FileAlong[]) => ({
  ...{ text, upTo: text.length, isFirst: true },
  ...(files && { files }),
});
const relayed = ({ channel }: Setup, fields: Partial<Delivery> = {}) =>
  delivery({
    ...{ channel, firstClaimedAt: Date.now(), relayed: true, author: { name: "Ada" } },
    ...{ origin: "m1 5", ...fields },
  });
function post(
  setup: Setup,
  fields: Partial<Delivery> = {},
  text = "look",
  given = along(CAT, DOG),
) {
  const claimed = relayed(setup, { files: given.files, ...fields });
  return setup.bridge.post(claimed, 0, piece(text, given.along), soon());
}
const shown = ({ slack, channel }: Setup, thread?: string) =>
  slack
    .transcript(channel, thread)
    .map(({ text, files = [] }) => [text, files.map(({ name }) => name)]);
const count = ({ slack }: Setup, method: string) =>
  slack.wire.filter(({ name, direction }) => name === method && direction === "in").length;

const LINES = "look\n📎 cat.png (1 kB)\n📎 dog.gif (1 kB)";

test("images are uploaded, and shown in the marked post, in their order", async () => {
  const setup = await start();
  await post(setup);
  expect(shown(setup)).toEqual([["look", ["cat.png", "dog.gif"]]]);
  expect(setup.slack.transcript(setup.channel)[0]?.files?.[0]).toEqual(CAT);
  expect(setup.slack.posts).toMatchObject([
    { persona: { name: "Ada" }, metadata: { event_payload: { delivery_id: "d1", part: 0 } } },
  ]);
  expect(count(setup, "chat.postMessage")).toBe(1);
});

test("a message may be nothing but images", async () => {
  const setup = await start();
  await post(setup, {}, "", along(CAT));
  expect(shown(setup)).toMatchObject([[expect.anything(), ["cat.png"]]]);
});

test("an image that Slack is still processing is shown a little later", async () => {
  const setup = await start({ fileReadyMs: 500 });
  await post(setup);
  expect(shown(setup)).toEqual([["look", ["cat.png", "dog.gif"]]]);
  expect(count(setup, "chat.postMessage")).toBe(2);
});

test.each([
  ["without the scope", (setup: Setup) => setup.slack.setScope("files:write", false)],
  [
    "when Slack refuses the upload",
    (setup: Setup) =>
      setup.slack.faults.storm(
        { error: "file_upload_size_restricted" },
        "files.getUploadURLExternal",
      ),
  ],
  ["when an upload fails", (setup: Setup) => setup.slack.faults.storm(500, "POST upload")],
  [
    "when completing fails",
    (setup: Setup) =>
      setup.slack.faults.storm({ error: "internal_error" }, "files.completeUploadExternal"),
  ],
])("%s, the text names them", async (_, prepare) => {
  const setup = await start();
  prepare(setup);
  await post(setup);
  expect(shown(setup)).toEqual([[LINES, []]]);
});

test("when Slack shows none of them, the text names them", { timeout: 20_000 }, async () => {
  const setup = await start({ fileReadyMs: 60_000 });
  await post(setup);
  expect(shown(setup)).toEqual([[LINES, []]]);
});

test("no token goes where the bytes go", async () => {
  const setup = await start();
  const upload_url = "https://example.com/upload";
  const answer = { ok: true, upload_url, file_id: "F0ELSEWHERE" };
  setup.slack.answerNext("files.getUploadURLExternal", { answer });
  await post(setup, {}, "look", along(CAT));
  expect(shown(setup)).toEqual([["look\n📎 cat.png (1 kB)", []]]);
});

test.each([
  ["by the process that posted them", false],
  ["by another one", true],
])("an edit %s keeps the images", async (_, isOther) => {
  const setup = await start();
  const root = setup.say("root");
  const at = { threadId: root };
  const id = await post(setup, at);
  const bridge = isOther ? createBridge(setup.slack, []) : setup.bridge;
  await bridge.edit(relayed(setup, { ...at, hasFiles: true }), id, piece("seen"), soon());
  expect(shown(setup, root)).toEqual([["seen", ["cat.png", "dog.gif"]]]);
  await bridge.edit(relayed(setup, { ...at, hasFiles: true }), id, piece(""), soon());
  expect(shown(setup, root)).toMatchObject([[expect.anything(), ["cat.png", "dog.gif"]]]);
});

test("an edit of a message that has lost its files takes the images away", async () => {
  const setup = await start();
  const id = await post(setup);
  await setup.bridge.edit(relayed(setup, { hasFiles: false }), id, piece("seen"), soon());
  expect(shown(setup)).toEqual([["seen", []]]);
});

test("a retry after a lost answer uploads again and finds the post", async () => {
  const setup = await start();
  setup.slack.answerNext("chat.postMessage", "500AfterAccept");
  await expect(post(setup)).rejects.toMatchObject({ certain: false });
  const claimed = relayed(setup, { files: along(CAT).files, outcomeUnknown: true });
  const found = await setup.bridge.find(claimed, 0, piece("look"), soon());
  expect(found).toMatchObject({ status: "posted" });
});

test("a long name is not cut within a character", () => {
  const name = `${"x".repeat(999)}😀.png`;
  expect(imageBlock("F1", name)).toMatchObject({ alt_text: "x".repeat(999) });
});
