import { expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { delivery } from "../recording_core.ts";
import { soon, start, useSlackStage, type Setup } from "./stage.ts";

useSlackStage();

const METHOD = "assistant.threads.setStatus";

/** A thread in which every message is a question. */
async function startThread(): Promise<Setup & { readonly thread: string }> {
  const setup = await start();
  const thread = setup.say("root");
  await eventually(() => expect(setup.slack.acks).toHaveLength(1));
  setup.core.commit = async () => "asked";
  return { ...setup, thread };
}

const calls = ({ slack }: Setup) =>
  slack.wire.filter(({ name, direction }) => name === METHOD && direction === "in");

test("a question in a thread shows that the bot thinks, until the answer is posted", async () => {
  const { slack, bridge, channel, say, thread } = await startThread();
  say("so?", thread);
  await eventually(() => expect(slack.statusIn(channel, thread)).toBe("is thinking…"));
  const answer = delivery({ channel, threadId: thread });
  await bridge.post(answer, 1, { text: "42", upTo: 2 }, soon());
  expect(slack.statusIn(channel, thread)).toBeUndefined();
});

test("what asks nothing, and a question outside of threads, makes no call", async () => {
  const setup = await startThread();
  const { slack, core, channel, say, thread } = setup;
  const other = say("so?");
  await eventually(() => expect(slack.acks).toHaveLength(2));
  core.commit = async () => "inserted";
  say("just saying", thread);
  await eventually(() => expect(slack.acks).toHaveLength(3));
  core.commit = async () => "asked";
  say("so?", other);
  await eventually(() => expect(slack.statusIn(channel, other)).toBeDefined());
  expect(calls(setup)).toHaveLength(1);
});

test("a refusal is logged once, and keeps nothing from being stored or posted", async () => {
  const setup = await startThread();
  const { slack, core, bridge, channel, say, thread, lines, fatal } = setup;
  slack.setScope("chat:write", false);
  slack.answerNext(METHOD, "hang");
  for (const text of ["one", "two", "three"]) say(text, thread);
  await eventually(() => expect(slack.acks).toHaveLength(4));
  await eventually(() => expect(calls(setup)).toHaveLength(3));
  slack.setScope("chat:write", true);
  await bridge.post(delivery({ channel, threadId: thread }), 1, { text: "42", upTo: 2 }, soon());
  expect(lines.filter((line) => line.includes("being written"))).toHaveLength(1);
  expect([core.healths, core.problems, fatal]).toEqual([[], [], []]);
});
