import { WebAPIRateLimitedError } from "@slack/web-api";
import { afterEach, expect, it } from "vitest";
import { cleanUp, listener, start, webClient } from "./test_clients.ts";
import { eventually } from "../../../test/support/eventually.ts";

afterEach(cleanUp);

it("sends some events to ghosts, and redelivers them", async () => {
  const slack = await start({ ackWithinMs: 250, redeliverAfterMs: Array<number>(20).fill(10) });
  const channel = slack.addChannel("general");
  const person = slack.addPerson("Ada");
  // A set: on a busy machine an event may be acknowledged too late and, as on Slack, be redelivered.
  const seen = new Set<string>();
  await listener(slack, async ({ ack, body }) => {
    seen.add(body.event.text ?? "");
    await ack();
  });
  slack.setGhostSockets(1);
  expect(slack.connections()).toBe(2);
  const texts = Array.from({ length: 12 }, (_, n) => `message ${n}`);
  for (const text of texts) slack.say({ channel, person, text });
  await eventually(() => expect(slack.acks).toHaveLength(12), 5_000);
  expect(seen).toEqual(new Set(texts));
  expect(slack.acks.some(({ attempt }) => attempt > 0)).toBe(true);
  slack.setGhostSockets(0);
  expect(slack.connections()).toBe(1);
});

it("redelivers an event when its acknowledgement is lost", async () => {
  const slack = await start({ ackWithinMs: 1_000, redeliverAfterMs: [0, 0, 0] });
  const channel = slack.addChannel("general");
  const attempts: number[] = [];
  await listener(slack, async ({ ack, retry_num }) => {
    attempts.push(retry_num);
    await ack();
  });
  slack.frameNext("ack", "drop");
  slack.say({ channel, person: slack.addPerson("Ada"), text: "hello?" });
  await eventually(() => expect(slack.acks).toHaveLength(1));
  expect(attempts).toEqual([0, 1]);
});

it("refuses every method, or one, in a storm of 429 until it ends", async () => {
  const slack = await start();
  const channel = slack.addChannel("general");
  const web = webClient(slack);
  const calm = slack.faults.storm({ retryAfter: 7 }, "chat.postMessage");
  const post = () => web.chat.postMessage({ channel, text: "hi" });
  await expect(post()).rejects.toBeInstanceOf(WebAPIRateLimitedError);
  await expect(web.auth.test()).resolves.toMatchObject({ ok: true });
  calm();
  const calmAll = slack.faults.storm({ retryAfter: 7 });
  await expect(web.auth.test()).rejects.toMatchObject({ retryAfter: 7 });
  calmAll();
  await post();
  expect(slack.posts).toHaveLength(1);
});

it("executes a request if its sender dies after sending it, and not if before", async () => {
  const slack = await start();
  const channel = slack.addChannel("general");
  const web = webClient(slack, { timeout: 200 });
  for (const [text, side] of [
    ["one", "before"],
    ["two", "after"],
  ] as const) {
    let happened = false;
    slack.faults.at("chat.postMessage", side, () => (happened = true));
    await expect(web.chat.postMessage({ channel, text })).rejects.toThrow();
    expect(happened).toBe(true);
  }
  expect(slack.posts.map(({ text }) => text)).toEqual(["two"]);
});
