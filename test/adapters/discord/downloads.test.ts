import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { FileRef } from "../../../bridges/platform.ts";
import { eventually } from "../../support/eventually.ts";
import { image } from "../../support/files/material.ts";
import { Stage } from "./stage.ts";

const CAT = image("cat.png");
const soon = () => AbortSignal.timeout(10_000);
const FETCH = "GET channels/:id/messages/:message";
const CDN = "GET attachments/:channel/:id/:name";

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(async () => {
  await stage.close();
  expect(stage.discord.refused).toEqual([]);
});

/** Says a message with a file and waits for it. */
async function share(thread?: string) {
  const platform = stage.bridge();
  const { events } = await stage.listen(platform);
  const place = { channel: stage.general, ...(thread !== undefined && { thread }) };
  stage.discord.say({ ...place, person: stage.ada, text: "", files: [CAT] });
  await eventually(() => expect(events).toHaveLength(1));
  const event = events[0];
  const attachment = event?.type === "message" ? event.attachments[0] : undefined;
  if (event?.type !== "message" || attachment?.id === undefined) throw new Error("no file");
  const { externalId, threadId } = event;
  const file: FileRef = {
    ...{ mapping: stage.mapping, externalId, attachment: { ...attachment, id: attachment.id } },
    ...(threadId !== undefined && { threadId }),
  };
  const bytes = async (given: FileRef = file) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await platform.download(given, soon())) chunks.push(chunk);
    return Uint8Array.from(Buffer.concat(chunks));
  };
  return { file, bytes, externalId };
}

test("a file comes from the CDN, without the token", async () => {
  const { bytes, file } = await share();
  expect(file.attachment).toMatchObject({ name: "cat.png", type: "image/png", size: 64 });
  expect(await bytes()).toEqual(CAT.bytes);
  expect(stage.requests(FETCH)).toBe(0);
});

test("an address that has expired is fetched with the message, also in a thread", async () => {
  const { discord, general, ada } = stage;
  const id = discord.say({ channel: general, person: ada, text: "root" });
  const thread = discord.openThread({ channel: general, id, name: "thread" });
  const { bytes } = await share(thread);
  discord.guild.expireFiles();
  const answers: Response[] = [];
  const send = globalThis.fetch;
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async (...request) => {
    const answer = await send(...request);
    answers.push(answer);
    return answer;
  });
  onTestFinished(() => fetched.mockRestore());
  expect(await bytes()).toEqual(CAT.bytes);
  // An answer that is not read keeps its connection.
  expect(answers.map(({ status, bodyUsed }) => [status, bodyUsed])).toEqual([
    [404, true],
    [200, true],
  ]);
  expect([stage.requests(FETCH), stage.requests(CDN)]).toEqual([1, 2]);
});

test("of a message that is deleted, and of one without the file, there is nothing", async () => {
  const { bytes, externalId, file } = await share();
  stage.discord.guild.expireFiles();
  const other = { ...file, attachment: { ...file.attachment, id: "1" } };
  await expect(bytes(other)).rejects.toMatchObject({ code: "file_gone", retryable: false });
  stage.discord.remove({ channel: stage.general, id: externalId });
  await expect(bytes()).rejects.toMatchObject({ code: "10008", retryable: false });
});

test("a CDN that fails is tried again later, and an address elsewhere never", async () => {
  const { bytes, file } = await share();
  stage.discord.answerNext(CDN, 503);
  await expect(bytes()).rejects.toMatchObject({ code: "network", retryable: true });
  for (const url of ["https://example.com/a.png", "http://cdn.discordapp.com/a.png", "nothing"]) {
    const elsewhere = { ...file, attachment: { ...file.attachment, url } };
    const error: unknown = await bytes(elsewhere).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "file_elsewhere", retryable: false });
    expect(String(error)).not.toContain(url);
  }
});
