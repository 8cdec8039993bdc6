import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OutboxStage, type Room } from "../faults/outbox_stage.ts";
import { eventually } from "../support/eventually.ts";

/* What becomes of channels and threads while the bridge runs, and what `channels status` says of it. */

let stage: OutboxStage;

beforeAll(async () => {
  stage = await OutboxStage.open();
  await stage.stack.startBridge();
});

afterAll(async () => {
  await stage.stack.stop();
});

/** What is mirrored of the room, in order. */
async function texts(room: Room, channel = room.channel): Promise<string[]> {
  const rows = (await stage.rows()).filter((row) => row.channel === channel);
  const said = rows.filter(({ kind }) => kind === "person");
  return said.map(({ content }) => content);
}

async function mirrored(room: Room, expected: readonly string[]): Promise<void> {
  await eventually(async () => expect(await texts(room)).toEqual(expected), { interval: 100 });
}

/** Waits until `channels status` shows this trouble with listening, or none. */
async function health(room: Room, code?: string): Promise<void> {
  await eventually(
    async () => {
      const { health } = await room.status();
      const ear = health.filter(({ direction }) => direction === "in");
      expect(ear).toMatchObject(code === undefined ? [] : [{ code }]);
      expect(ear.every(({ step }) => step !== undefined)).toBe(true);
    },
    { interval: 100 },
  );
}

/** Waits until the AI has been asked about it. */
async function asked(text: string): Promise<void> {
  await eventually(() => {
    const lines = stage.stack.openai.requests.map(({ messages }) => messages.at(-1)?.content);
    expect(lines).toContainEqual(expect.stringContaining(text));
  });
}

describe("a Slack channel", () => {
  test("that is archived is shown so, until it is open again", async () => {
    const room = await stage.room("slack", "archive");
    const { slack } = stage.stack;
    const { channel } = room;
    room.ask("before");
    await room.posted(1);
    slack.setArchived(channel, true);
    slack.sendEvent({ type: "channel_archive", channel, user: "U1" });
    await health(room, "is_archived");
    // Looking through what can still be read makes nobody forget it.
    slack.closeSockets();
    const looks = () => slack.wire.filter(({ name }) => name === "conversations.info").length;
    const before = looks();
    await eventually(() => expect(looks()).toBeGreaterThan(before));
    await health(room, "is_archived");
    slack.setArchived(channel, false);
    slack.sendEvent({ type: "channel_unarchive", channel, user: "U1" });
    await health(room);
    room.ask("after");
    await room.posted(2);
  });

  test("that the bot is taken out of is shown so, and read when it is in again", async () => {
    const room = await stage.room("slack", "kicked");
    const { slack } = stage.stack;
    const { channel } = room;
    room.ask("before");
    await room.posted(1);
    slack.setBotMember(channel, false);
    slack.sendEvent({ type: "member_left_channel", channel, user: slack.botId });
    await health(room, "not_in_channel");
    room.ask("meanwhile");
    slack.setBotMember(channel, true);
    slack.sendEvent({ type: "member_joined_channel", channel, user: slack.botId });
    await health(room);
    await mirrored(room, ["before", "meanwhile"]);
    await room.posted(2);
  });

  test("that is deleted is shown so, and stops no other", async () => {
    const [room, other] = [await stage.room("slack", "gone"), await stage.room("slack", "stays")];
    // The bridge knows of the mapping by then.
    room.ask("before");
    await room.posted(1);
    stage.stack.slack.removeChannel(room.channel);
    await health(room, "channel_deleted");
    other.ask("still here?");
    await other.posted(1);
    await health(other);
  });

  test("that gets another id loses nothing that is said at once under it, and is answered there", async () => {
    const room = await stage.room("slack", "moved");
    const { slack } = stage.stack;
    const person = slack.addPerson("Ann");
    stage.stack.openai.next({ delayMs: 1_000 }, "Who moves?");
    room.ask("Who moves?");
    await asked("Who moves?");

    const moved = slack.moveChannel(room.channel);
    const say = (text: string) => slack.say({ channel: moved, person, text });
    // Slack's sockets have no common order: this comes before anybody says what the new id is.
    const expected = ["Who moves?", "One before it is told."];
    say("One before it is told.");
    slack.sendEvent({
      type: "channel_id_changed",
      old_channel_id: room.channel,
      new_channel_id: moved,
      event_ts: "1",
    });
    for (let n = 1; n <= 20; n++) {
      say(`Line ${n.toString()}.`);
      expected.push(`Line ${n.toString()}.`);
    }
    await eventually(async () => expect(await texts(room, moved)).toEqual(expected), {
      interval: 100,
    });
    const answers = () => slack.posts.filter(({ channel }) => channel === moved);
    await eventually(() => {
      expect(answers().at(0)?.text).toContain("Who moves?");
      expect(answers().at(-1)?.text).toContain("Line 20.");
    });
    expect(room.posts).toEqual([]);
    const { mappings } = await stage.status();
    expect(mappings.find(({ externalId }) => externalId === moved)).toMatchObject({ failed: 0 });
  });
});

describe("a Discord server", () => {
  test("that the bot is removed from is shown so, and read when it is invited again", async () => {
    const room = await stage.room("discord", "removed");
    const { discord } = stage.stack;
    room.ask("before");
    await room.posted(1);
    discord.guild.setPresence("out");
    await health(room, "guild_left");
    room.ask("meanwhile");
    discord.guild.setPresence("in");
    await health(room);
    await mirrored(room, ["before", "meanwhile"]);
    await room.posted(2);
  });

  test("that Discord has lost for a while is no trouble, and read when it is back", async () => {
    const room = await stage.room("discord", "away");
    const { discord } = stage.stack;
    room.ask("before");
    await room.posted(1);
    discord.guild.setPresence("away");
    room.ask("meanwhile");
    discord.renameChannel(room.channel, "called otherwise");
    discord.guild.setPresence("in");
    await mirrored(room, ["before", "meanwhile"]);
    await health(room);
    await eventually(async () => {
      const { mappings } = await stage.status();
      expect(mappings).toContainEqual(
        expect.objectContaining({ externalId: room.channel, externalName: "called otherwise" }),
      );
    });
  });

  test("channel that is deleted is shown so, and stops no other", async () => {
    const [room, other] = [
      await stage.room("discord", "gone"),
      await stage.room("discord", "stays"),
    ];
    stage.stack.discord.removeChannel(room.channel);
    await health(room, "10003");
    other.ask("still here?");
    await other.posted(1);
    await health(other);
  });
});

describe("a thread on Discord, while its answer is being written,", () => {
  async function inThread(name: string) {
    const room = await stage.room("discord", name);
    const root = room.ask("The root.");
    await room.posted(1);
    await room.settled(10_000);
    const thread = stage.stack.discord.openThread({ channel: room.channel, id: root, name });
    stage.stack.openai.next({ delayMs: 1_000 }, `be ${name}`);
    room.ask(`It will be ${name}.`, thread);
    await asked(`be ${name}`);
    return { room, thread };
  }

  test("is archived: the answer opens it again", async () => {
    const { room, thread } = await inThread("archived");
    stage.stack.discord.setArchived(thread, true);
    await room.posted(2);
    await room.settled(10_000);
    await room.expectAllOnce(2);
  });

  test("is locked: the answer fails visibly, with what to do, and the channel goes on", async () => {
    const { room, thread } = await inThread("locked");
    stage.stack.discord.lockThread(thread);
    await eventually(async () => {
      expect(await room.status()).toMatchObject({
        failed: [{ reason: "the thread is locked", step: "unlock the thread in Discord" }],
        health: [],
      });
    });
    room.ask("In the channel?");
    await room.posted(2);
  });

  test("is renamed: the answer is in it, and its next message knows the name", async () => {
    const { room, thread } = await inThread("renamed");
    stage.stack.discord.guild.renameThread(thread, "called otherwise");
    await room.posted(2);
    await room.settled(10_000);
    await room.expectAllOnce(2);
  });
});

test("a platform that takes no token any more is shown so at each of its channels", async () => {
  const rooms = [await stage.room("slack", "uninstalled"), await stage.room("discord", "reset")];
  stage.stack.slack.sendEvent({ type: "app_uninstalled" });
  stage.stack.discord.resetToken();
  const [slack, discord] = rooms;
  if (!slack || !discord) throw new Error("no rooms");
  await health(slack, "token_revoked");
  await health(discord, "DISCORD_TOKEN");
});
