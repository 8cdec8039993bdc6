import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { ai, backend } from "../../../test/support/convex/fresh.ts";
import { mapChannel, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import {
  discord,
  mapSide,
  messageOf,
  slack,
  useRelay,
} from "../../../test/support/convex/fresh_relay.ts";

useRelay();

/** What the AI was shown last. */
function shown(): string[] {
  return ai.requests.at(-1)?.messages.map(({ content }) => content) ?? [];
}

describe("an answer of the AI", () => {
  test("goes to who asked, and as the AI to the other places", async () => {
    await discord.change({ trigger: "always" });
    const third = await mapSide("slack", { externalId: "C0000000002" });
    const question = await discord.says("why?");
    const [copy] = await slack.carryOutAll();
    await settleDown(backend);
    const [answer] = await discord.carryOutAll();
    expect(answer).toMatchObject({ content: "answer 1", replyTo: question });
    expect(answer).not.toHaveProperty("quote");
    const [relayed] = await slack.carryOutAll();
    expect(relayed).toMatchObject({
      content: "answer 1",
      replyTo: copy?.as,
      quote: { name: "Bob", text: "why?" },
    });
    expect(relayed).not.toHaveProperty("author");
    expect(await third.hears()).toEqual(["why?", "answer 1"]);
  });

  test("goes nowhere else if nobody hears", async () => {
    await slack.change({ relay: false });
    await discord.change({ trigger: "always" });
    await discord.says("why?");
    await settleDown(backend);
    expect(await discord.hears()).toEqual(["answer 1"]);
    expect(await rows(backend, "deliveries")).toHaveLength(1);
  });

  test("to an app goes to every place", async () => {
    const authorId = await backend.admin.mutation(api.index.createUser, { name: "Shop" });
    const { channelId } = discord;
    await backend.admin.mutation(api.index.sendMessage, { channelId, authorId, content: "why?" });
    await settleDown(backend);
    expect(await discord.hears()).toEqual(["why?", "answer 1"]);
    expect(await slack.hears()).toEqual(["why?", "answer 1"]);
  });

  test("is given once: the copy of a question asks nobody", async () => {
    await discord.change({ trigger: "always" });
    await slack.change({ trigger: "always" });
    await discord.says("why?");
    await settleDown(backend);
    await slack.carryOutAll();
    await discord.carryOutAll();
    await settleDown(backend);
    expect(ai.requests).toHaveLength(1);
  });

  test("in the question's own thread is posted in the thread of its copy", async () => {
    await discord.change({ trigger: "always", replyIn: "thread" });
    const question = await discord.says("why?");
    const [copy] = await slack.carryOutAll();
    expect(copy).not.toHaveProperty("threadId");
    await settleDown(backend);
    expect(await discord.carryOutAll()).toMatchObject([
      { content: "answer 1", threadId: question, question: "why?" },
    ]);
    const [answer] = await slack.carryOutAll();
    expect(answer).toMatchObject({ content: "answer 1", threadId: copy?.as, opensThread: true });
    // The thread shows what is answered.
    expect(answer).not.toHaveProperty("quote");
    // And the AI is in it, on either side.
    await slack.change({ trigger: "mention" });
    await slack.says("really?", { threadId: copy?.as ?? "" });
    await settleDown(backend);
    expect(await slack.hears()).toEqual(["answer 2"]);
    expect(await discord.carryOutAll()).toMatchObject([
      { content: "really?", threadId: question },
      { content: "answer 2", threadId: question },
    ]);
  });
});

test("notices stay where they are", async () => {
  await discord.change({ trigger: "always" });
  ai.always(() => Response.json({ error: { message: "no such key" } }, { status: 401 }));
  await discord.says("why?");
  await pass(backend, 60_000);
  const [notice] = (await rows(backend, "messages")).filter(({ kind }) => kind === "notice");
  expect(await discord.hears()).toEqual([notice?.content]);
  expect(await slack.hears()).toEqual(["why?"]);
});

describe("what the AI is shown", () => {
  test("is what was said in every place, by time", async () => {
    await discord.says("one");
    await pass(backend, 10);
    const two = slack.event("two");
    await pass(backend, 10);
    await discord.says("three");
    await slack.ingest(two);
    await pass(backend, 10);
    await slack.change({ trigger: "always" });
    await slack.says("four");
    await settleDown(backend);
    expect(shown().slice(-4)).toEqual(["Bob: one", "Ann: two", "Bob: three", "Ann: four"]);
  });

  test("is nothing that was said elsewhere before its channel began to hear it", async () => {
    await slack.change({ relay: false });
    await discord.says("between us");
    await pass(backend, 10);
    await slack.change({ relay: true, trigger: "always" });
    await pass(backend, 10);
    await discord.says("hello");
    await slack.says("what did they say?");
    await settleDown(backend);
    const lines = shown().filter((line) => line.includes(": "));
    expect(lines).toEqual(["Bob: hello", "Ann: what did they say?"]);
  });

  test("is only its own channel where that does not hear the others", async () => {
    await discord.change({ trigger: "always", relay: false });
    await slack.says("elsewhere");
    await discord.says("why?");
    await settleDown(backend);
    expect(shown().filter((line) => line.includes(": "))).toEqual(["Bob: why?"]);
  });

  test("in a thread is its root and what was said in its counterparts", async () => {
    const root = await discord.says("root");
    const [copy] = await slack.carryOutAll();
    await discord.says("aside");
    await discord.says("first", { threadId: root });
    await slack.change({ trigger: "always" });
    await pass(backend, 10);
    await slack.says("second", { threadId: copy?.as ?? "" });
    await settleDown(backend);
    expect(shown().slice(-3)).toEqual(["Bob: root", "Bob: first", "Ann: second"]);
    expect(shown()).not.toContain("Bob: aside");
  });
});

describe("with the trigger `mention`", () => {
  test("who answers the copy of a person does not ask", async () => {
    await slack.says("hello");
    const [copy] = await discord.carryOutAll();
    await discord.change({ trigger: "mention" });
    // On Discord the copy is the bot's post, as an answer is.
    await discord.says("hi Ann", { replyTo: copy?.as ?? "", answersBot: true });
    expect((await messageOf("hi Ann")).asks).toBeUndefined();
  });

  test("who answers the copy of an answer asks", async () => {
    await slack.change({ trigger: "always" });
    await slack.says("why?");
    await settleDown(backend);
    const copies = await discord.carryOutAll();
    const answer = copies.find(({ content }) => content === "answer 1");
    await discord.change({ trigger: "mention" });
    await discord.says("and then?", { replyTo: answer?.as ?? "" });
    expect((await messageOf("and then?")).asks).toBe(true);
  });

  test("who answers a post of the bot that is not known asks", async () => {
    await discord.change({ trigger: "mention" });
    await discord.says("and this?", { replyTo: "1234", answersBot: true });
    expect((await messageOf("and this?")).asks).toBe(true);
    await discord.says("or this?", { replyTo: "1234" });
    expect((await messageOf("or this?")).asks).toBeUndefined();
  });

  test("who speaks in a thread that was started from a person's copy does not ask", async () => {
    await slack.says("hello");
    const [copy] = await discord.carryOutAll();
    await discord.change({ trigger: "mention" });
    await discord.says("in its thread", { threadId: copy?.as ?? "" });
    expect((await messageOf("in its thread")).asks).toBeUndefined();
  });
});

test("a channel that is mapped without relay takes no part", async () => {
  await mapChannel(backend, "discord", { externalId: "100000000000000002", to: "room" });
  await slack.change({ trigger: "always" });
  await slack.says("why?");
  await settleDown(backend);
  const where = (await rows(backend, "deliveries")).map(({ mappingId }) => mappingId);
  expect(new Set(where)).toEqual(new Set([discord.mappingId, slack.mappingId]));
});

test("the AI is shown nothing elsewhere of what is answered from when its channel was mapped to another one", async () => {
  const secret = await discord.says("secret of the room");
  const { platform, externalId } = discord;
  await backend.admin.mutation(api.admin.unmap, { platform, externalId });
  await mapSide("discord", { to: "elsewhere" });
  const other = await mapSide("slack", {
    externalId: "C0000000002",
    to: "elsewhere",
    trigger: "always",
  });
  await pass(backend, 1_000);
  await discord.says("indeed", { replyTo: secret });
  await other.says("what?");
  await settleDown(backend);
  expect(shown()).toEqual(["Bob: indeed", "Ann: what?"]);
});
