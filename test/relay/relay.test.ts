import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { eventually } from "../support/eventually.ts";
import { RelayStage } from "./relay_stage.ts";

/* What is said on one platform, as people see it on the other. */

let stage: RelayStage;

beforeAll(async () => {
  stage = await RelayStage.open();
  await stage.stack.startBridge();
});

afterAll(async () => {
  await stage.stack.stop();
});

test("a message appears on the other platform, once, under its author's name and picture", async () => {
  const talk = await stage.conversation("names");
  talk.say("discord", "Ada", "hello **Slack**");
  await eventually(() => expect(talk.lines("slack")).toEqual(["Ada: hello **Slack**"]));
  talk.say("slack", "Grace", "hello *Discord*");
  await eventually(() =>
    expect(talk.lines("discord")).toEqual(["Ada: hello **Slack**", "Grace: hello **Discord**"]),
  );
  const copy = stage.stack.discord.posts.find(({ channel }) => channel === talk.channels.discord);
  expect(copy).toMatchObject({ persona: { name: "Grace" }, pings: [] });
  expect(talk.lines("slack")).toHaveLength(2);
});

test("an edit and a delete follow, both ways", async () => {
  const talk = await stage.conversation("edits");
  const onDiscord = talk.say("discord", "Ada", "first");
  await eventually(() => expect(talk.lines("slack")).toEqual(["Ada: first"]));
  const onSlack = talk.say("slack", "Grace", "second");
  await eventually(() => expect(talk.lines("discord")).toHaveLength(2));
  talk.edit("discord", onDiscord, "first, corrected");
  talk.edit("slack", onSlack, "second, corrected");
  await eventually(() => {
    expect(talk.lines("slack")).toContain("Ada: first, corrected");
    expect(talk.lines("discord")).toContain("Grace: second, corrected");
  });
  talk.remove("discord", onDiscord);
  talk.remove("slack", onSlack);
  await eventually(() => {
    expect(talk.lines("slack")).toEqual([]);
    expect(talk.lines("discord")).toEqual([]);
  });
});

describe("threads", () => {
  test("of Discord go on in the thread of the copy on Slack, and back", async () => {
    const talk = await stage.conversation("discord thread");
    const root = talk.say("discord", "Ada", "root");
    await eventually(() => expect(talk.lines("slack")).toEqual(["Ada: root"]));
    const thread = stage.stack.discord.openThread({
      channel: talk.channels.discord,
      id: root,
      name: "thread",
    });
    talk.say("discord", "Ada", "in the thread", { thread });
    const copy = talk.seen("slack")[0]?.id ?? "";
    await eventually(() => expect(talk.lines("slack", copy)).toContain("Ada: in the thread"));
    talk.say("slack", "Grace", "me too", { thread: copy });
    await eventually(() => expect(talk.lines("discord", thread)).toContain("Grace: me too"));
    expect(talk.lines("slack")).toEqual(["Ada: root"]);
  });

  test("of Slack open a thread at the copy on Discord, and back", async () => {
    const talk = await stage.conversation("slack thread");
    const root = talk.say("slack", "Grace", "root");
    await eventually(() => expect(talk.lines("discord")).toEqual(["Grace: root"]));
    const copy = talk.seen("discord")[0]?.id ?? "";
    talk.say("slack", "Grace", "in the thread", { thread: root });
    await eventually(() => expect(talk.lines("discord", copy)).toContain("Grace: in the thread"));
    talk.say("discord", "Ada", "me too", { thread: copy });
    await eventually(() => expect(talk.lines("slack", root)).toContain("Ada: me too"));
  });

  test("whose root nobody has copied yet begin with it", async () => {
    const talk = await stage.conversation("both at once");
    const root = talk.say("slack", "Grace", "root");
    talk.say("slack", "Grace", "at once", { thread: root });
    await eventually(() => expect(talk.lines("discord")).toEqual(["Grace: root"]));
    const copy = talk.seen("discord")[0]?.id ?? "";
    await eventually(() => expect(talk.lines("discord", copy)).toContain("Grace: at once"));
  });
});

test("a reply on Discord quotes on Slack what it answers", async () => {
  const talk = await stage.conversation("quotes");
  const first = talk.say("discord", "Ada", "a *question*");
  talk.say("discord", "Bob", "an answer", { replyTo: first });
  await eventually(() => expect(talk.lines("slack")).toHaveLength(2));
  expect(talk.lines("slack")[1]).toBe("Bob: > **Ada:** a question\n\nan answer");
});

test("the AI answers where it was asked, and the other place sees question and answer", async () => {
  const talk = await stage.conversation("answers", { trigger: "always" });
  talk.say("slack", "Grace", "Why?");
  await eventually(() => expect(talk.seen("discord")).toHaveLength(2));
  await eventually(() => expect(talk.seen("slack")).toHaveLength(2));
  const [question, answer] = talk.seen("discord");
  expect(question).toMatchObject({ author: "Grace", text: "Why?" });
  expect(answer).toMatchObject({ authorId: stage.stack.discord.botId, replyTo: question?.id });
  expect(answer?.text).toBe(talk.seen("slack")[1]?.text);
});

test("an app's message reaches every place under its author's name", async () => {
  const talk = await stage.conversation("app");
  const [mapping] = (await stage.admin.query(api.admin.list, {})).filter(
    ({ channelName }) => channelName === "app",
  );
  if (!mapping) throw new Error("not mapped");
  const { channelId } = mapping;
  const authorId = await stage.admin.mutation(api.index.createUser, { name: "Shop" });
  await stage.admin.mutation(api.index.sendMessage, { channelId, authorId, content: "sold out" });
  await eventually(() => {
    expect(talk.lines("slack")[0]).toBe("Shop: sold out");
    expect(talk.lines("discord")[0]).toBe("Shop: sold out");
  });
});

test("a long message is split, and edited to a short one", async () => {
  const talk = await stage.conversation("long");
  const lines = Array.from({ length: 200 }, (_, n) => `line ${n} of a long message`);
  const id = talk.say("slack", "Grace", lines.join("\n"));
  await eventually(() => expect(talk.lines("discord").join("\n")).toContain("line 199"));
  expect(talk.seen("discord").length).toBeGreaterThan(1);
  talk.edit("slack", id, "short");
  await eventually(() => expect(talk.lines("discord")).toEqual(["Grace: short"]));
});

describe("where the bot may not", () => {
  test("manage webhooks, it posts with the name in front", async () => {
    const talk = await stage.conversation("no webhooks");
    stage.stack.discord.deny(talk.channels.discord, { webhooks: true });
    const id = talk.say("slack", "Grace", "hello");
    const copies = () => talk.seen("discord").map(({ text }) => text);
    await eventually(() => expect(copies()).toEqual(["**Grace:** hello"]));
    talk.edit("slack", id, "- a list");
    await eventually(() => expect(copies()).toEqual(["**Grace:**\n- a list"]));
    talk.remove("slack", id);
    await eventually(() => expect(copies()).toEqual([]));
  });

  test("post under another name on Slack, it posts with the name in front", async () => {
    const talk = await stage.conversation("no persona");
    stage.stack.slack.setScope("chat:write.customize", false);
    talk.say("discord", "Ada", "hello");
    await eventually(() =>
      expect(talk.seen("slack").map(({ text }) => text)).toEqual(["**Ada:** hello"]),
    );
    stage.stack.slack.setScope("chat:write.customize", true);
  });
});
