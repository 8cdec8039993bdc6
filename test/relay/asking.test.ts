import { afterAll, beforeAll, expect, test } from "vitest";
import { sleep } from "../../scripts/verify/demo/stage.ts";
import { eventually } from "../support/eventually.ts";
import { RelayStage } from "./relay_stage.ts";

/* Who asks the AI, where what the bot posts may be what a person said. */

let stage: RelayStage;

beforeAll(async () => {
  stage = await RelayStage.open();
  await stage.stack.startBridge();
});

afterAll(async () => {
  await stage.stack.stop();
});

test("an answer to what the bot relayed asks nobody; one to what the AI said asks the AI", async () => {
  const { discord, openai } = stage.stack;
  const talk = await stage.conversation("answers");
  discord.deny(talk.channels.discord, { webhooks: true });
  talk.say("slack", "Grace", "hello");
  await eventually(() => expect(talk.seen("discord")).toHaveLength(1));
  const copy = talk.seen("discord")[0];
  expect(copy).toMatchObject({ authorId: discord.botId, text: "**Grace:** hello" });
  const asked = openai.requests.length;
  talk.say("discord", "Ada", "hello Grace", { replyTo: copy?.id ?? "" });
  await eventually(() => expect(talk.lines("slack")).toHaveLength(2));
  await sleep(1_000);
  expect(openai.requests).toHaveLength(asked);
  talk.say("discord", "Ada", `${discord.mention(discord.botId)} and you?`);
  await eventually(() => expect(talk.seen("discord")).toHaveLength(4));
  expect(openai.requests).toHaveLength(asked + 1);
  const answer = talk.seen("discord").at(-1);
  expect(answer?.authorId).toBe(discord.botId);
  talk.say("discord", "Ada", "Really?", { replyTo: answer?.id ?? "" });
  await eventually(() => expect(openai.requests).toHaveLength(asked + 2));
});

test("a question is answered where it was asked, not where its copy is", async () => {
  const { discord, openai } = stage.stack;
  const talk = await stage.conversation("copies");
  // Everything asks on both sides; the copy of a question does not ask again.
  const asked = openai.requests.length;
  talk.say("slack", "Grace", `${stage.stack.slack.mention(stage.stack.slack.botId)} why?`);
  await eventually(() => expect(talk.seen("discord")).toHaveLength(2));
  talk.say("discord", "Ada", "I see");
  await eventually(() => expect(talk.lines("slack")).toContain("Ada: I see"));
  expect(openai.requests).toHaveLength(asked + 1);
  expect(discord.posts.filter(({ pings }) => pings.length > 0)).toEqual([]);
});
