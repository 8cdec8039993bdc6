import { WebAPIPlatformError } from "@slack/web-api";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startSlackStandIn, type SlackStandIn } from "../stand_in.ts";
import { cleanUp, cleanups, webClient } from "../test_clients.ts";

let slack: SlackStandIn;
let now: number;

beforeEach(async () => {
  now = Date.now();
  slack = await startSlackStandIn({ now: () => now });
  cleanups.push(() => slack.stop());
});

afterEach(cleanUp);

/** Sets a status of a new thread with the stock client. */
async function set(more: object = {}) {
  const channel = slack.addChannel("general");
  const thread = slack.say({ channel, person: slack.addPerson("Ada"), text: "hi" });
  const args = { channel_id: channel, thread_ts: thread, status: "is thinking…", ...more };
  const answer = await webClient(slack)
    .assistant.threads.setStatus(args)
    .catch((error: unknown) => {
      if (error instanceof WebAPIPlatformError) return { error: error.data.error };
      throw error;
    });
  return { channel, thread, answer, status: () => slack.statusIn(channel, thread) };
}

it("shows a status for two minutes, or until it is set to nothing", async () => {
  const first = await set();
  expect(first.answer).toMatchObject({ ok: true });
  now += 119_999;
  expect(first.status()).toBe("is thinking…");
  now += 1;
  expect(first.status()).toBeUndefined();
  const { channel, thread, status } = await set();
  expect(status()).toBe("is thinking…");
  const none = { channel_id: channel, thread_ts: thread, status: "" };
  await webClient(slack).assistant.threads.setStatus(none);
  expect(status()).toBeUndefined();
  expect(slack.refused).toEqual([]);
});

it("shows none once the bot has posted in the thread", async () => {
  const { channel, thread, status } = await set();
  const post = { channel, text: "42" };
  await webClient(slack).chat.postMessage(post);
  expect(status()).toBe("is thinking…");
  await webClient(slack).chat.postMessage({ ...post, thread_ts: thread });
  expect(status()).toBeUndefined();
});

it.each([
  ["invalid_thread_ts", { thread_ts: "1.000001" }],
  ["channel_not_found", { channel_id: "C0" }],
  ["invalid_arguments", { loading_messages: ["…"] }],
])("answers %s", async (error, more) => {
  expect((await set(more)).answer).toEqual({ error });
});

it("needs the scope chat:write", async () => {
  slack.setScope("chat:write", false);
  expect((await set()).answer).toEqual({ error: "missing_scope" });
});
