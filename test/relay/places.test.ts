import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { eventually } from "../support/eventually.ts";
import { type Conversation, RelayStage } from "./relay_stage.ts";

/* Several places of one conversation: what happens to one holds up no other. */

const EXECUTE = "POST webhooks/:id/:token";

let stage: RelayStage;

beforeAll(async () => {
  stage = await RelayStage.open();
  await stage.stack.startBridge();
});

afterAll(async () => {
  expect([...stage.stack.discord.refused, ...stage.stack.slack.refused]).toEqual([]);
  await stage.stack.stop();
});

/** A conversation with a second channel on Discord. */
async function threeChannels(name: string): Promise<{ talk: Conversation; third: string }> {
  const talk = await stage.conversation(name);
  const third = stage.stack.discord.addChannel(`${name}, third`);
  await stage.map("discord", third, name);
  return { talk, third };
}

const linesOf = (channel: string, thread?: string) =>
  stage.stack.discord.transcript(channel, thread).map(({ author, text }) => `${author}: ${text}`);

async function statusOf(channel: string) {
  const { mappings, failed } = await stage.admin.query(api.admin.status, {});
  const mapping = mappings.find(({ externalId }) => externalId === channel);
  return { mapping, failed: failed.filter((each) => each.channel === channel) };
}

describe("one of three places", () => {
  test("that is rate limited delays only itself", async () => {
    const { talk, third } = await threeChannels("limited");
    // One of both is limited, whichever asks first.
    stage.stack.discord.answerNext(EXECUTE, { retryAfter: 8 });
    const start = Date.now();
    talk.say("slack", "Grace", "hello");
    const copies = () => [...talk.lines("discord"), ...linesOf(third)];
    await eventually(() => expect(copies()).toEqual(["Grace: hello"]));
    expect(Date.now() - start).toBeLessThan(6_000);
    await eventually(() => expect(copies()).toEqual(["Grace: hello", "Grace: hello"]));
    expect(Date.now() - start).toBeGreaterThan(7_000);
  });

  test("that the bot was removed from fails by itself, and says what to do", async () => {
    const { talk, third } = await threeChannels("removed");
    stage.stack.discord.deny(third, { view: true });
    talk.say("slack", "Grace", "hello");
    talk.say("discord", "Ada", "hi");
    await eventually(() => {
      expect(talk.lines("discord").toSorted()).toEqual(["Ada: hi", "Grace: hello"]);
      expect(talk.lines("slack").toSorted()).toEqual(["Ada: hi", "Grace: hello"]);
    });
    await eventually(async () => {
      const { mapping, failed } = await statusOf(third);
      expect(failed).toHaveLength(2);
      // Catching up there may have failed, too.
      expect(mapping?.health).toContainEqual(
        expect.objectContaining({ direction: "out", code: "50001" }),
      );
    });
    expect((await statusOf(talk.channels.discord)).mapping?.health).toEqual([]);
    expect(linesOf(third)).toEqual([]);
  });

  test("whose bot was removed on Slack fails by itself", async () => {
    const { talk, third } = await threeChannels("removed on slack");
    stage.stack.slack.setBotMember(talk.channels.slack, false);
    talk.say("discord", "Ada", "hi");
    await eventually(() => expect(linesOf(third)).toEqual(["Ada: hi"]));
    await eventually(async () =>
      expect((await statusOf(talk.channels.slack)).mapping?.health).toContainEqual(
        expect.objectContaining({ direction: "out", code: "not_in_channel" }),
      ),
    );
  });

  test("whose webhook is deleted under way, while the channel fills with others, goes on", async () => {
    const { talk, third } = await threeChannels("webhooks");
    const { guild } = stage.stack.discord;
    talk.say("slack", "Grace", "one");
    await eventually(() => expect(linesOf(third)).toEqual(["Grace: one"]));
    for (const { id } of guild.webhooksOf(third)) guild.removeWebhook(id);
    talk.say("slack", "Grace", "two");
    await eventually(() => expect(linesOf(third)).toEqual(["Grace: one", "Grace: two"]));
    for (const { id } of guild.webhooksOf(third)) guild.removeWebhook(id);
    guild.fillWebhooks(third);
    talk.say("slack", "Grace", "three");
    await eventually(() => expect(linesOf(third).at(-1)).toMatch(/: \*\*Grace:\*\* three$/));
    expect(talk.lines("discord")).toEqual(["Grace: one", "Grace: two", "Grace: three"]);
  });

  test("in which a moderator deletes a copy keeps it deleted; the others follow the edit", async () => {
    const { talk, third } = await threeChannels("moderated");
    const id = talk.say("slack", "Grace", "one");
    await eventually(() => expect(linesOf(third)).toEqual(["Grace: one"]));
    await eventually(() => expect(talk.lines("discord")).toEqual(["Grace: one"]));
    talk.remove("discord", talk.seen("discord")[0]?.id ?? "");
    // Heard of, before the edit.
    talk.say("discord", "Ada", "removed it");
    await eventually(() => expect(talk.lines("slack")).toContain("Ada: removed it"));
    talk.edit("slack", id, "two");
    await eventually(() => expect(linesOf(third)).toEqual(["Grace: two", "Ada: removed it"]));
    expect(talk.lines("discord")).toEqual(["Ada: removed it"]);
    expect(talk.lines("slack")).toEqual(["Grace: two", "Ada: removed it"]);
    expect((await statusOf(talk.channels.discord)).failed).toEqual([]);
  });
});

describe("a thread", () => {
  test("that both sides open at once is one", async () => {
    const { talk, third } = await threeChannels("at once");
    const root = talk.say("discord", "Ada", "root");
    await eventually(() => expect(talk.lines("slack")).toEqual(["Ada: root"]));
    await eventually(() => expect(linesOf(third)).toEqual(["Ada: root"]));
    const copy = talk.seen("slack")[0]?.id ?? "";
    const thirdCopy = stage.stack.discord.transcript(third)[0]?.id ?? "";
    talk.say("slack", "Grace", "from Slack", { thread: copy });
    const channel = talk.channels.discord;
    stage.stack.discord.openThread({ channel, id: root, name: "T" });
    stage.stack.discord.openThread({ channel: third, id: thirdCopy, name: "T" });
    talk.say("discord", "Ada", "from Discord", { thread: root });
    const person = stage.person("discord", "Bob");
    stage.stack.discord.say({ channel: third, thread: thirdCopy, person, text: "from the third" });
    const all = ["Ada: from Discord", "Bob: from the third", "Grace: from Slack"];
    await eventually(() => {
      expect(talk.lines("slack", copy).toSorted()).toEqual(expect.arrayContaining(all));
      expect(talk.lines("discord", root).toSorted()).toEqual(all);
      expect(linesOf(third, thirdCopy).toSorted()).toEqual(all);
    });
    for (const lines of [talk.lines("slack"), talk.lines("discord"), linesOf(third)])
      expect(lines).toEqual(["Ada: root"]);
  });

  test("whose root a place does not take goes on in its channel", async () => {
    const talk = await stage.conversation("refused root");
    talk.say("slack", "Grace", "first");
    await eventually(() => expect(talk.lines("discord")).toEqual(["Grace: first"]));
    // The thread waits for its root, which is then refused.
    for (const fault of [{ retryAfter: 4 }, { error: "200000" }])
      stage.stack.discord.answerNext(EXECUTE, fault);
    const root = talk.say("slack", "Grace", "root");
    talk.say("slack", "Bob", "inside", { thread: root });
    talk.say("slack", "Ann", "deeper", { thread: root });
    await eventually(() => expect(talk.lines("discord")).toEqual(["Grace: first", "Bob: inside"]));
    const thread = talk.seen("discord")[1]?.id;
    await eventually(() => expect(talk.lines("discord", thread)).toEqual(["Ann: deeper"]));
  });

  test("whose relay is switched off and on while its root waits goes on", async () => {
    const talk = await stage.conversation("switched");
    const set = (relay: boolean) =>
      stage.admin.mutation(api.admin.change, {
        platform: "discord",
        externalId: talk.channels.discord,
        relay,
      });
    stage.stack.discord.answerNext(EXECUTE, { retryAfter: 4 });
    const root = talk.say("slack", "Grace", "root");
    talk.say("slack", "Bob", "inside", { thread: root });
    await eventually(async () =>
      expect((await statusOf(talk.channels.discord)).mapping?.open).toBe(2),
    );
    await set(false);
    talk.say("slack", "Bob", "while it is off");
    talk.say("discord", "Ada", "the other way");
    await eventually(() => expect(talk.lines("slack").at(-1)).toBe("Ada: the other way"));
    await eventually(async () =>
      expect((await statusOf(talk.channels.discord)).mapping?.open).toBe(0),
    );
    await set(true);
    talk.say("slack", "Ann", "deeper", { thread: root });
    talk.say("slack", "Ann", "on again");
    await eventually(() =>
      expect(talk.lines("discord")).toEqual(
        expect.arrayContaining(["Ada: the other way", "Ann: on again"]),
      ),
    );
    const texts = () =>
      stage.stack.discord.posts
        .filter(({ channel }) => channel === talk.channels.discord)
        .map(({ text }) => text);
    await eventually(() => expect(texts()).toContain("deeper"));
    expect(texts()).not.toContain("while it is off");
  });
});
