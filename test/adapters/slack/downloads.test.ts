import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { FileRef } from "../../../bridges/platform.ts";
import { isSlacks } from "../../../bridges/slack/hosts.ts";
import type { SlackStandIn } from "../../../scripts/stand_ins/slack/stand_in.ts";
import { eventually } from "../../support/eventually.ts";
import { image } from "../../support/files/material.ts";
import { soon, start, useSlackStage } from "./stage.ts";

useSlackStage();

const CAT = image("cat.png");
const DOWNLOADS = ({ wire }: SlackStandIn, name = "GET files-pri") =>
  wire.filter((entry) => entry.name === name && entry.direction === "in").length;

async function stage(options?: Parameters<typeof start>[0]) {
  const setup = await start(options);
  const { slack, core, bridge, channel, mapping, ada } = setup;
  const add = (fields: Partial<Parameters<SlackStandIn["addFile"]>[0]> = {}) =>
    slack.addFile({
      ...{ name: CAT.name, mimetype: CAT.type, size: 64, bytes: CAT.bytes, at: "here" },
      ...fields,
    });
  /** Shares a file and waits for its message. */
  const share = async (file = add()): Promise<FileRef> => {
    slack.say({ channel, person: ada, text: "look", file });
    await eventually(() => expect(core.events).toHaveLength(1), 5_000);
    const event = core.events[0];
    if (event?.type !== "message") throw new Error("no message");
    const { externalId } = event;
    const attachment = { name: "file", url: "", ...event.attachments[0], id: file };
    expect(event.attachments).toMatchObject([{ id: file }]);
    return { mapping, externalId, attachment };
  };
  const bytes = async (file: FileRef) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await bridge.download(file, soon())) chunks.push(chunk);
    return Uint8Array.from(Buffer.concat(chunks));
  };
  return { ...setup, add, share, bytes };
}

test("a file's bytes come with the token; Convex gets the address of its page", async () => {
  const { slack, share, bytes } = await stage();
  const file = await share();
  expect(file.attachment.url).toMatch(/^https:\/\/playground\.slack\.com\/files\//);
  expect(await bytes(file)).toEqual(CAT.bytes);
  expect([DOWNLOADS(slack), DOWNLOADS(slack, "files.info")]).toEqual([1, 0]);
});

test("a file from another workspace is asked for once, and so is one whose message was read in another process", async () => {
  const { slack, add, share, bytes, core } = await stage();
  expect(await bytes(await share(add({ at: "elsewhere" })))).toEqual(CAT.bytes);
  expect(DOWNLOADS(slack, "files.info")).toBe(1);
  core.events.length = 0;
  const file = await share();
  const unknown = add();
  const looked = DOWNLOADS(slack, "files.info");
  expect(await bytes({ ...file, attachment: { ...file.attachment, id: unknown } })).toEqual(
    CAT.bytes,
  );
  expect(DOWNLOADS(slack, "files.info")).toBe(looked + 1);
});

test.each([
  ["which no answer has shown yet", false],
  ["which answers have shown", true],
])("the login page is no file, and the missing scope, %s, is named", async (_, isShown) => {
  const { slack, share, bytes, bridge, mapping } = await stage();
  const file = await share();
  slack.setScope("files:read", false);
  if (isShown) await bridge.history.newest(mapping, 1, soon());
  await expect(bytes(file)).rejects.toMatchObject({
    code: "missing_scope",
    message: "the bot lacks the scope files:read",
    mapping: true,
    retryable: false,
  });
  expect(DOWNLOADS(slack)).toBe(isShown ? 0 : 1);
});

test("a file that only Slack's login page answers for, with the scope, is not visible", async () => {
  const { slack, add, share, bytes } = await stage();
  const origin = new URL(slack.env.SLACK_API_URL ?? "").origin;
  const file = await share(add({ redirect: `${origin}/` }));
  await expect(bytes(file)).rejects.toMatchObject({ code: "file_not_visible", mapping: false });
});

test("a redirect to another host gets neither a request nor the token", async () => {
  const seen: unknown[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers);
    response.end("caught");
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo; // It listens.
  const { add, share, bytes, lines } = await stage();
  const file = await share(add({ redirect: `http://127.0.0.1:${port}/catch` }));
  await expect(bytes(file)).rejects.toMatchObject({ code: "file_elsewhere", retryable: false });
  expect(seen).toEqual([]);
  expect(lines.join("")).not.toContain(`:${port}/catch`);
});

test.each([
  [503, { code: "http_503", retryable: true }],
  [404, { code: "file_not_found", retryable: false }],
])("an answer with HTTP %i is explained", async (status, failure) => {
  const { slack, share, bytes } = await stage();
  const file = await share();
  slack.answerNext("GET files-pri", status);
  await expect(bytes(file)).rejects.toMatchObject(failure);
});

test.each([
  ["https://files.slack.com/files-pri/T1-F1/a.png", true],
  ["https://slack-files.com/T1-F1", true],
  ["https://a.slack-edge.com/x", true],
  ["http://files.slack.com/a", false],
  ["https://slack.com.example.com/a", false],
  ["https://notslack.com/a", false],
  ["https://files.slack.com@example.com/a", false],
  ["no address", false],
])("whether %s is Slack's: %s", (address, isTheirs) => {
  expect(isSlacks(address, {})).toBe(isTheirs);
});
