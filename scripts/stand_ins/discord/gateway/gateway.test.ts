import { Events } from "discord.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { ALL, client, listenTo, login, start, stopAll } from "../test_clients.ts";
import type { DiscordStandIn } from "../stand_in.ts";
import { eventually } from "../../../../test/support/eventually.ts";

let discord: DiscordStandIn;
let general: string;
let ada: string;

beforeEach(async () => {
  discord = await start();
  general = discord.addChannel("general");
  ada = discord.addPerson("Ada Lovelace", "Ada");
});

afterEach(stopAll);

describe("the gateway", () => {
  it("sends a stock client a person's message with the name, the mentions and the reply", async () => {
    const bridge = await login(discord);
    const received = listenTo(bridge);
    const first = discord.say({ channel: general, person: ada, text: "hello" });
    discord.say({
      channel: general,
      person: ada,
      text: `${discord.mention(discord.botId)} are you there?`,
      replyTo: first,
    });
    await eventually(() => expect(received).toHaveLength(2));
    expect(received[0]).toMatchObject({
      id: first,
      content: "hello",
      type: 0,
      guildId: discord.guildId,
    });
    expect(received[0]?.member?.displayName).toBe("Ada");
    expect(received[0]?.author).toMatchObject({ username: "ada_lovelace", bot: false });
    expect(received[1]?.mentions.users.has(discord.botId)).toBe(true);
    expect(received[1]?.type).toBe(19);
    expect(received[1]?.reference?.messageId).toBe(first);
  });

  it("sends edits and deletes of messages the client has not cached", async () => {
    const id = discord.say({ channel: general, person: ada, text: "frist" });
    const others = [1, 2].map((n) => discord.say({ channel: general, person: ada, text: `${n}` }));
    const bridge = await login(discord);
    const updated: unknown[] = [];
    const deleted: string[] = [];
    const bulk: string[] = [];
    bridge.on(Events.MessageUpdate, (_, now) =>
      updated.push([now.id, now.content, now.editedTimestamp]),
    );
    bridge.on(Events.MessageDelete, (message) => deleted.push(message.id));
    bridge.on(Events.MessageBulkDelete, (messages) => bulk.push(...messages.keys()));
    discord.unfurl({ channel: general, id, embed: { title: "a page" } });
    discord.edit({ channel: general, id, text: "first" });
    discord.remove({ channel: general, id });
    discord.removeMany({ channel: general, ids: others });
    await eventually(() => expect(bulk).toEqual(others));
    expect(updated).toEqual([
      [id, "frist", null],
      [id, "first", expect.any(Number)],
    ]);
    expect(deleted).toEqual([id]);
    expect(discord.transcript(general)).toEqual([]);
    expect(discord.history.map((act) => act.kind)).toEqual([
      ...["say", "say", "say", "edit", "delete", "delete", "delete"],
    ]);
  });

  it("shows threads opened before and after login, and their messages", async () => {
    const root = discord.say({ channel: general, person: ada, text: "let us talk" });
    const old = discord.openThread({ channel: general, id: root, name: "old" });
    expect(old).toBe(root);
    const bridge = await login(discord);
    const received = listenTo(bridge);
    const opened: string[] = [];
    bridge.on(Events.ThreadCreate, (thread) => opened.push(`${thread.parentId} ${thread.id}`));
    const second = discord.say({ channel: general, person: ada, text: "another" });
    discord.openThread({ channel: general, id: second, name: "new" });
    discord.say({ channel: general, thread: old, person: ada, text: "in the old one" });
    discord.say({ channel: general, thread: second, person: ada, text: "in the new one" });
    await eventually(() => expect(received.at(-1)?.content).toBe("in the new one"));
    expect(opened).toEqual([`${general} ${second}`]);
    expect(received.map((message) => [message.channelId, message.type])).toEqual([
      [general, 0],
      [second, 21],
      [old, 0],
      [second, 0],
    ]);
    expect(discord.transcript(general, second).map((message) => message.text)).toEqual([
      "in the new one",
    ]);
  });

  it("shows channels that are added, renamed and removed while connected", async () => {
    const bridge = await login(discord);
    const seen: string[] = [];
    bridge.on(Events.ChannelCreate, (channel) => seen.push(`+ ${channel.name}`));
    bridge.on(Events.ChannelUpdate, (_, now) => seen.push(`= ${"name" in now ? now.name : ""}`));
    bridge.on(Events.ChannelDelete, (channel) =>
      seen.push(`- ${"name" in channel ? channel.name : ""}`),
    );
    const id = discord.addChannel("one");
    discord.renameChannel(id, "two");
    discord.removeChannel(id);
    await eventually(() => expect(seen).toEqual(["+ one", "= two", "- two"]));
  });

  it("replays what a client missed when it resumes, once and in order", async () => {
    const bridge = await login(discord);
    const received = listenTo(bridge);
    const resumed = vi.fn();
    bridge.on(Events.ShardResume, resumed);
    // Raw events: discord.js hides a message that it receives twice.
    const dispatched: string[] = [];
    bridge.on(Events.Raw, (packet: { t: string | null }) => dispatched.push(packet.t ?? ""));
    discord.say({ channel: general, person: ada, text: "zero" });
    await eventually(() => expect(received).toHaveLength(1));
    discord.closeGateway(4000);
    expect(discord.connections()).toBe(0);
    for (const text of ["one", "two", "three"])
      discord.say({ channel: general, person: ada, text });
    await eventually(() => expect(resumed).toHaveBeenCalledOnce(), 5_000);
    discord.say({ channel: general, person: ada, text: "four" });
    await eventually(() => expect(received).toHaveLength(5));
    expect(received.map((message) => message.content)).toEqual([
      "zero",
      "one",
      "two",
      "three",
      "four",
    ]);
    expect(dispatched).toEqual([
      ...Array.from({ length: 4 }, () => "MESSAGE_CREATE"),
      "RESUMED",
      "MESSAGE_CREATE",
    ]);
    expect(discord.connections()).toBe(1);
  });

  it("makes a client identify again, and replays nothing, when its resume is refused", async () => {
    const bridge = await login(discord);
    const received = listenTo(bridge);
    discord.refuseResume();
    discord.closeGateway(1006);
    discord.say({ channel: general, person: ada, text: "missed" });
    await eventually(() => expect(discord.connections()).toBe(1), {
      timeout: 12_000,
      interval: 50,
    });
    discord.say({ channel: general, person: ada, text: "heard" });
    await eventually(() => expect(received.map((message) => message.content)).toEqual(["heard"]));
    const identifies = discord.wire.filter((entry) => entry.name === "IDENTIFY");
    expect(identifies).toHaveLength(2);
  }, 15_000);

  it("sends every event to each of two bridges", async () => {
    const received = (await Promise.all([login(discord), login(discord)])).map(listenTo);
    expect(discord.connections()).toBe(2);
    discord.say({ channel: general, person: ada, text: "hello" });
    await eventually(() => expect(received.map((each) => each.length)).toEqual([1, 1]));
  });

  it("closes with 4004 when the token is not, or is no longer, the bot's", async () => {
    expect(await closeCode(discord, { token: "wrong", intents: 1 })).toBe(4004);
    const bridge = await login(discord);
    const closed: number[] = [];
    bridge.on(Events.ShardDisconnect, ({ code }) => closed.push(code));
    discord.resetToken();
    await eventually(() => expect(closed).toEqual([4004]));
    await expect(bridge.rest.get("/users/@me")).rejects.toMatchObject({ status: 401 });
    await expect(client(discord).login(discord.env.DISCORD_BOT_TOKEN ?? "")).rejects.toThrow(
      /token/i,
    );
  });

  it("distinguishes people, other bots and webhooks", async () => {
    const received = listenTo(await login(discord));
    for (const person of [ada, discord.addBot("Clock"), discord.addWebhook("News")]) {
      discord.say({ channel: general, person, text: "hello" });
    }
    await eventually(() => expect(received).toHaveLength(3));
    expect(received.map((message) => [message.author.bot, message.webhookId !== null])).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
  });

  it("closes with 4014 when the Message Content intent is not switched on", async () => {
    const strict = await start({ messageContentIntent: false });
    const bridge = client(strict);
    const closed = new Promise((resolve) => {
      bridge.on(Events.ShardDisconnect, ({ code }) => resolve(code));
    });
    void bridge.login(strict.env.DISCORD_BOT_TOKEN ?? "").catch(() => undefined);
    expect(await closed).toBe(4014);
    expect(await closeCode(strict, { intents: 1 << 30 })).toBe(4013);
  });

  it("hides content from a session without the intent, except where the bot is mentioned", async () => {
    const bridge = await login(discord, ALL.slice(0, 2));
    const received = listenTo(bridge);
    discord.say({ channel: general, person: ada, text: "secret" });
    discord.say({ channel: general, person: ada, text: `<@${discord.botId}> for you` });
    await eventually(() => expect(received).toHaveLength(2));
    expect(received.map((message) => message.content)).toEqual(["", `<@${discord.botId}> for you`]);
  });

  it("sends a session only events that match its intents, from channels it may view", async () => {
    const all = listenTo(await login(discord));
    const some = listenTo(await login(discord, ALL.slice(0, 1)));
    const closed = discord.addChannel("closed");
    discord.deny(closed, { view: true });
    discord.say({ channel: closed, person: ada, text: "behind the door" });
    discord.say({ channel: general, person: ada, text: "in the open" });
    await eventually(() => expect(all.map((message) => message.content)).toEqual(["in the open"]));
    expect(some).toEqual([]);
  });
});

/** The code with which the gateway closes after a hand-made Identify. */
function closeCode(
  standIn: DiscordStandIn,
  d: { token?: string; intents: number },
): Promise<number> {
  const url = (standIn.env.DISCORD_API_URL ?? "").replace("http", "ws").replace("/api", "/gateway");
  const token = d.token ?? standIn.env.DISCORD_BOT_TOKEN;
  return new Promise((resolve) => {
    const socket = new WebSocket(`${url}?v=10&encoding=json`);
    socket.onopen = () =>
      socket.send(JSON.stringify({ op: 2, d: { ...d, token, properties: {} } }));
    socket.onclose = ({ code }) => resolve(code);
  });
}
