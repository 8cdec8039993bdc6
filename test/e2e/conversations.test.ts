import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import type { TranscriptRow } from "../../convex/model/admin/transcript.ts";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { OutboxStage, type Room } from "../faults/outbox_stage.ts";
import { eventually } from "../support/eventually.ts";

/* What people and admins can do to a conversation while the AI takes part in it. */

let stage: OutboxStage;

beforeAll(async () => {
  stage = await OutboxStage.open();
  await stage.stack.startBridge();
});

afterAll(async () => {
  await stage.stack.stop();
});

const chatOf = ({ platform }: Room) => stage.stack.chat(platform);

async function rowsOf({ channel }: Room): Promise<TranscriptRow[]> {
  return (await stage.rows()).filter((row) => row.channel === channel);
}

async function repliesIn(room: Room): Promise<TranscriptRow[]> {
  return (await rowsOf(room)).filter(({ kind }) => kind === "reply");
}

/** The bot's messages in the room and its threads, as people see them. */
function botSays(room: Room, thread?: string): string[] {
  const seen = chatOf(room).transcript(room.channel, thread);
  return seen.filter(({ fromBot }) => fromBot).map(({ text }) => text);
}

/** Deletes the AI's replies in the room, as an admin. */
async function deleteReply(room: Room): Promise<void> {
  const [reply] = await repliesIn(room);
  if (!reply) throw new Error("the AI has said nothing");
  await stage.admin.mutation(api.admin.deleteMessage, { messageId: reply._id });
}

/** The context that the AI is sent for its next answer in the room. */
async function nextContext(room: Room, question: string): Promise<string> {
  const before = room.posts.length;
  const text = `${question} (${room.platform})`;
  room.ask(text);
  await room.posted(before + 1);
  const request = stage.stack.openai.requests.findLast(({ messages }) =>
    messages.at(-1)?.content.includes(text),
  );
  const [framing, ...said] = request?.messages ?? [];
  expect(framing?.role).toBe("system");
  return said.map(({ role, content }) => `${role}: ${content}`).join("\n");
}

async function onBoth(act: (platform: PlatformName) => Promise<void>): Promise<void> {
  await Promise.all(PLATFORMS.map(act));
}

/** Waits until the AI has received a request with this text. */
async function asked(text: string): Promise<void> {
  await eventually(() => {
    const lines = stage.stack.openai.requests.map(({ messages }) => messages.at(-1)?.content);
    expect(lines).toContainEqual(expect.stringContaining(text));
  });
}

test("every part of an answer that an admin deletes disappears, in a thread too", () =>
  onBoth(async (platform) => {
    const room = await stage.room(platform, "deleting");
    const root = room.ask("A question to hang a thread on?");
    await room.posted(1);
    const chat = chatOf(room);
    const thread = chat.openThread({ channel: room.channel, id: root, name: "thread" });
    room.ask("Please write a long reply.", thread);
    await eventually(() => expect(botSays(room, thread).at(-1)).toContain("That was all of it."));
    await room.settled(10_000);
    expect(botSays(room, thread).length).toBeGreaterThan(platform === "discord" ? 2 : 0);

    const long = (await repliesIn(room)).find(({ threadId }) => threadId === thread);
    await stage.admin.mutation(api.admin.deleteMessage, { messageId: long?._id ?? "" });
    await eventually(() => expect(botSays(room, thread)).toEqual([]));
    expect(botSays(room)).toHaveLength(1);
    await room.settled(10_000);
    expect(await room.status()).toMatchObject({ failed: [], health: [] });
  }));

test("an answer that an admin deletes while it is half posted disappears, and the next one is posted", () =>
  onBoth(async (platform) => {
    const room = await stage.room(platform, "half");
    stage.afterNext(platform, "post", () => {
      // Whatever comes next waits, so that the deletion happens while the reply is half posted.
      stage.answerNext(platform, "post", { retryAfter: 1 });
    });
    room.ask(`Please write a ${platform === "slack" ? "very " : ""}long reply.`);
    await room.posted(1);
    await eventually(async () => expect((await room.status()).open).toBe(1));
    await deleteReply(room);
    await eventually(() => expect(botSays(room)).toEqual([]));
    await room.settled(20_000);
    expect(botSays(room)).toEqual([]);
    expect(await nextContext(room, "What now?")).not.toContain("assistant");
    expect(botSays(room)).toEqual([expect.stringContaining("What now?")]);
  }));

test("an answer that a moderator deletes is no longer sent to the AI", () =>
  onBoth(async (platform) => {
    const room = await stage.room(platform, "moderated");
    room.ask("Say something regrettable.");
    await room.posted(1);
    await room.settled(10_000);
    const [post] = room.posts;
    chatOf(room).remove({ channel: room.channel, id: post?.id ?? "" });
    await eventually(async () => {
      expect(await repliesIn(room)).toMatchObject([{ content: "", deletedAt: expect.any(Number) }]);
    });
    const context = await nextContext(room, "What did you say?");
    expect(context).toContain("Say something regrettable.");
    expect(context).not.toContain("assistant");
  }));

test("a question deleted before it is answered gets no answer, and the next question does", () =>
  onBoth(async (platform) => {
    const room = await stage.room(platform, "regretted");
    stage.stack.openai.next({ delayMs: 1_500 }, `regret ${platform}`);
    const id = room.ask(`I will regret ${platform}.`);
    await asked(`regret ${platform}`);
    chatOf(room).remove({ channel: room.channel, id });
    await eventually(async () => {
      expect(await rowsOf(room)).toMatchObject([{ externalId: id, content: "" }]);
    });
    expect(await nextContext(room, "Is anybody there?")).not.toContain("regret");
    await room.settled(10_000);
    expect(botSays(room)).toEqual([expect.stringContaining("Is anybody there?")]);
  }));

test("a changed name also applies to a person's earlier messages, including those sent to the AI", () =>
  onBoth(async (platform) => {
    const room = await stage.room(platform, "renaming");
    const chat = chatOf(room);
    const person = chat.addPerson("Grace");
    const say = (text: string) => chat.say({ channel: room.channel, person, text });
    say("I am new here.");
    await room.posted(1);
    const { discord, slack } = stage.stack;
    if (platform === "discord") discord.guild.renamePerson(person, "Admiral");
    else {
      slack.renamePerson(person, "Admiral");
      await eventually(async () => {
        expect(await rowsOf(room)).toContainEqual(expect.objectContaining({ author: "Admiral" }));
      });
    }
    const question = `Who am I on ${platform}?`;
    say(question);
    await room.posted(2);
    const request = stage.stack.openai.requests.findLast(({ messages }) =>
      messages.at(-1)?.content.includes(question),
    );
    const lines = request?.messages.filter(({ role }) => role === "user") ?? [];
    expect(lines.map(({ content }) => content)).toEqual([
      "Admiral: I am new here.",
      `Admiral: ${question}`,
    ]);
  }));

test("an answer in parts that a moderator bulk-deletes on Discord is deleted", async () => {
  const room = await stage.room("discord", "purged");
  room.ask("Please write a long reply.");
  await eventually(() => expect(botSays(room).at(-1)).toContain("That was all of it."));
  await room.settled(10_000);
  stage.stack.discord.removeMany({
    channel: room.channel,
    ids: room.posts.map(({ id }) => id),
  });
  await eventually(async () => {
    expect(await repliesIn(room)).toMatchObject([{ content: "", deletedAt: expect.any(Number) }]);
  });
  expect(await nextContext(room, "And now?")).not.toContain("assistant");
});
