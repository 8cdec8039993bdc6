import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { image } from "../../../../test/support/files/material.ts";
import { cleanUp, setting, start, webClient } from "../test_clients.ts";
import type { SlackStandInOptions } from "../stand_in.ts";

afterEach(cleanUp);

const CAT = image("cat.png");
const historyForm = z.object({
  messages: z.array(z.object({ files: z.array(z.object({ url_private: z.string() })) })),
});

async function stage(options?: SlackStandInOptions) {
  const slack = await start(options);
  const channel = slack.addChannel("general");
  const ada = slack.addPerson("Ada");
  return { slack, channel, ada, web: webClient(slack) };
}

/** Uploads an image without a channel. Returns its id. */
async function upload({ web }: Awaited<ReturnType<typeof stage>>, file = CAT): Promise<string> {
  const { upload_url: url = "", file_id: id = "" } = await web.files.getUploadURLExternal({
    filename: file.name,
    length: file.bytes.length,
  });
  const answer = await fetch(url, { method: "POST", body: file.bytes });
  expect(answer.status).toBe(200);
  // The address works once.
  expect((await fetch(url, { method: "POST", body: file.bytes })).status).toBe(404);
  await web.files.completeUploadExternal({ files: [{ id, title: file.name }] });
  return id;
}

const showing = (id: string) => [{ type: "image" as const, slack_file: { id }, alt_text: "a cat" }];

test("gives files only to a token with the scope, and sends anyone else to the login page", async () => {
  const { slack, channel, ada, web } = await stage();
  slack.say({ channel, person: ada, text: "", files: [CAT] });
  const history = historyForm.parse(await web.conversations.history({ channel }));
  const url = history.messages[0]?.files[0]?.url_private ?? "";
  const authorization = `Bearer ${setting(slack, "SLACK_BOT_TOKEN")}`;
  const get = async (headers: Record<string, string>) => await fetch(url, { headers });
  expect(new Uint8Array(await (await get({ authorization })).arrayBuffer())).toEqual(CAT.bytes);
  const login = await get({});
  expect([login.status, login.redirected]).toEqual([200, true]);
  expect(login.headers.get("content-type")).toMatch(/^text\/html/);
  slack.setScope("files:read", false);
  expect((await get({ authorization })).redirected).toBe(true);
});

test("shows an uploaded image in a block, once it is ready", async () => {
  let now = Date.now();
  const it = await stage({ fileReadyMs: 1_000, now: () => now });
  const id = await upload(it);
  const post = { channel: it.channel, text: "a cat", blocks: showing(id) };
  await expect(it.web.chat.postMessage(post)).rejects.toMatchObject({
    data: { error: "invalid_blocks" },
  });
  now += 1_000;
  await it.web.chat.postMessage(post);
  const [seen] = it.slack.transcript(it.channel);
  expect(seen?.files).toEqual([CAT]);
});

test("refuses blocks with what it does not know, what was not shared, and what is no image", async () => {
  const it = await stage();
  const foreign = it.slack.addFile({ name: "a.png", mimetype: "image/png", size: 1, at: "here" });
  const text = { name: "a.png", type: "text/plain", bytes: new Uint8Array([65, 66]) };
  for (const id of ["F0UNKNOWN", foreign, await upload(it, text)])
    await expect(
      it.web.chat.postMessage({ channel: it.channel, text: "x", blocks: showing(id) }),
    ).rejects.toMatchObject({ data: { error: "invalid_blocks" } });
});

test("takes no upload without the scope, and completes none whose bytes are missing", async () => {
  const { slack, web } = await stage();
  const args = { filename: "a.png", length: 3 };
  const { file_id: id = "" } = await web.files.getUploadURLExternal(args);
  await expect(web.files.completeUploadExternal({ files: [{ id }] })).rejects.toMatchObject({
    data: { error: "invalid_arguments" },
  });
  slack.setScope("files:write", false);
  await expect(web.files.getUploadURLExternal(args)).rejects.toMatchObject({
    data: { error: "missing_scope", needed: "files:write" },
  });
});
