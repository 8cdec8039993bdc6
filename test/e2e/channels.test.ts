import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OutboxStage, type Room } from "../faults/outbox_stage.ts";
import { eventually } from "../support/eventually.ts";

/* What happens to channels and threads while the bridge runs, and how `channels status` reports it. */

let stage: OutboxStage;

beforeAll(async () => {
  stage = await OutboxStage.open();
  await stage.stack.startBridge();
});

afterAll(async () => {
  await stage.stack.stop();
});

/** The room's mirrored messages, in order. */
async function texts(room: Room, channel = room.channel): Promise<string[]> {
  const rows = (await stage.rows()).filter((row) => row.channel === channel);
  const said = rows.filter(({ kind }) => kind === "person");
  return said.map(({ content }) => content);
}

async function mirrored(room: Room, expected: readonly string[]): Promise<void> {
  await eventually(async () => expect(await texts(room)).toEqual(expected), { interval: 100 });
}

/** Waits until `channels status` reports this problem with reading the room; without `code`, no problem. */
async function health(room: Room, code?: string): Promise<void> {
  await eventually(
    async () => {
      const { health } = await room.status();
      const reading = health.filter(({ direction }) => direction === "in");
      expect(reading).toMatchObject(code === undefined ? [] : [{ code }]);
      expect(reading.every(({ step }) => step !== undefined)).toBe(true);
    },
    { interval: 100 },
  );
}

/** Waits until the AI has received a request with this text. */
async function asked(text: string): Promise<void> {
  await eventually(() => {
    const lines = stage.stack.openai.requests.map(({ messages }) => messages.at(-1)?.content);
    expect(lines).toContainEqual(expect.stringContaining(text));
  });
}

describe("a Slack channel", () => {
  test("that is archived is reported as archived until it is unarchived", async () => {
    const room = await stage.room("slack", "archive");
    const { slack } = stage.stack;
    const { channel } = room;
    room.ask("before");
    await room.posted(1);
    slack.setArchived(channel, true);
    slack.sendEvent({ type: "channel_archive", channel, user: "U1" });
    await health(room, "is_archived");
    // An archived channel can still be read, and a catch-up that succeeds must not clear the problem.
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

  test("that the bot is removed from is reported, and is caught up when the bot is added again", async () => {
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

  test("that is deleted is reported, and does not stop the others", async () => {
    const [room, other] = [await stage.room("slack", "gone"), await stage.room("slack", "stays")];
    // The bridge has received the mapping by then.
    room.ask("before");
    await room.posted(1);
    stage.stack.slack.removeChannel(room.channel);
    await health(room, "channel_deleted");
    other.ask("still here?");
    await other.posted(1);
    await health(other);
  });

  test("that gets a new id loses no message sent right after the change, and is answered there", async () => {
    const room = await stage.room("slack", "moved");
    const { slack } = stage.stack;
    const person = slack.addPerson("Ann");
    stage.stack.openai.next({ delayMs: 1_000 }, "Who moves?");
    room.ask("Who moves?");
    await asked("Who moves?");

    const moved = slack.moveChannel(room.channel);
    const say = (text: string) => slack.say({ channel: moved, person, text });
    // Events on different sockets have no common order: this one arrives before the event with the new id.
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
  test("that the bot is removed from is reported, and is caught up when the bot is invited again", async () => {
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

  test("that is unavailable for a while is not reported, and is caught up when it is back", async () => {
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

  test("channel that is deleted is reported, and does not stop the others", async () => {
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

describe("a Discord thread whose reply is being written", () => {
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

  test("is archived: posting the reply unarchives it", async () => {
    const { room, thread } = await inThread("archived");
    stage.stack.discord.setArchived(thread, true);
    await room.posted(2);
    await room.settled(10_000);
    await room.expectAllOnce(2);
  });

  test("is locked: the reply fails visibly, with a step, and the channel keeps working", async () => {
    const { room, thread } = await inThread("locked");
    stage.stack.discord.lockThread(thread);
    await eventually(async () => {
      expect(await room.status()).toMatchObject({
        failed: [{ reason: "the thread is locked", step: "Unlock the thread in Discord" }],
        health: [],
      });
    });
    room.ask("In the channel?");
    await room.posted(2);
  });

  test("is renamed: the reply is posted in it, and its next message carries the new name", async () => {
    const { room, thread } = await inThread("renamed");
    stage.stack.discord.guild.renameThread(thread, "called otherwise");
    await room.posted(2);
    await room.settled(10_000);
    await room.expectAllOnce(2);
  });
});

test("a platform that no longer accepts the token is reported for each of its channels", async () => {
  const rooms = [await stage.room("slack", "uninstalled"), await stage.room("discord", "reset")];
  stage.stack.slack.sendEvent({ type: "app_uninstalled" });
  stage.stack.discord.resetToken();
  const [slack, discord] = rooms;
  if (!slack || !discord) throw new Error("no rooms");
  await health(slack, "token_revoked");
  await health(discord, "DISCORD_TOKEN");
});
