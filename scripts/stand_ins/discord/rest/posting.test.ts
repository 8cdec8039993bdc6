import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listenTo, login, start, stopAll, textChannel } from "../test_clients.ts";
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

describe("posting", () => {
  it("creates one message per nonce, however often it is sent", async () => {
    const bridge = await login(discord);
    const received = listenTo(bridge);
    const channel = await textChannel(bridge, general);
    const post = { content: "hi", nonce: "delivery-1.0", enforceNonce: true };
    const [first, second] = [await channel.send(post), await channel.send(post)];
    expect(second.id).toBe(first.id);
    expect(first.nonce).toBe("delivery-1.0");
    await eventually(() =>
      expect(received.map((message) => message.nonce)).toEqual(["delivery-1.0"]),
    );
    expect(discord.posts).toMatchObject([
      { id: first.id, text: "hi", nonce: "delivery-1.0", channel: general },
    ]);

    discord.forgetNonces();
    const third = await channel.send(post);
    expect(third.id).not.toBe(first.id);
    discord.remove({ channel: general, id: third.id });
    await expect(channel.send(post)).rejects.toMatchObject({ code: 10008 });
  });

  it("replies, and shows history without nonces, newest first", async () => {
    const bridge = await login(discord);
    const channel = await textChannel(bridge, general);
    const question = discord.say({ channel: general, person: ada, text: "why?" });
    const reply = await channel.send({
      content: "because",
      nonce: "n1",
      reply: { messageReference: question, failIfNotExists: false },
    });
    expect(reply.type).toBe(19);
    // A direct request: discord.js would answer from its cache, whose messages keep their nonces.
    const history = await bridge.rest.get(`/channels/${general}/messages`);
    expect(history).toMatchObject([
      { id: reply.id, type: 19, referenced_message: { id: question } },
      { id: question },
    ]);
    expect(JSON.stringify(history)).not.toContain("nonce");
    const after = await channel.messages.fetch({ after: question, cache: false });
    expect([...after.keys()]).toEqual([reply.id]);
    expect(discord.transcript(general)).toMatchObject([
      { author: "Ada", text: "why?", fromBot: false },
      { text: "because", fromBot: true, replyTo: question },
    ]);
  });

  it("pings only the people listed in allowed_mentions", async () => {
    const bridge = await login(discord);
    const channel = await textChannel(bridge, general);
    const content = `<@${ada}> @everyone \`<@${discord.botId}>\``;
    await channel.send(content);
    await channel.send({ content, allowedMentions: { parse: [] } });
    await channel.send({ content, allowedMentions: { users: [ada] } });
    expect(discord.posts.map((post) => post.pings)).toEqual([[ada, "everyone"], [], [ada]]);
  });

  it("edits and deletes its own posts only", async () => {
    const bridge = await login(discord);
    const channel = await textChannel(bridge, general);
    const changes: string[] = [];
    discord.onChange(({ kind, message }) => changes.push(`${kind} ${message.text}`));
    const post = await channel.send("draft");
    await post.edit("final");
    await post.delete();
    expect(changes).toEqual(["new draft", "edited final", "deleted final"]);
    const hers = discord.say({ channel: general, person: ada, text: "mine" });
    await expect(channel.messages.edit(hers, "yours")).rejects.toMatchObject({ code: 50005 });
    await expect(channel.messages.delete(hers)).rejects.toMatchObject({ code: 50013 });
  });

  it("opens one thread on a message and posts in it", async () => {
    const bridge = await login(discord);
    const channel = await textChannel(bridge, general);
    const id = discord.say({ channel: general, person: ada, text: "question" });
    const message = await channel.messages.fetch(id);
    const thread = await message.startThread({ name: "answer" });
    expect(thread.id).toBe(id);
    await thread.send("inside");
    expect(discord.posts).toMatchObject([{ channel: general, thread: id, text: "inside" }]);
    await expect(
      bridge.rest.post(`/channels/${general}/messages/${id}/threads`, { body: { name: "b" } }),
    ).rejects.toMatchObject({ code: 160004 });
    discord.lockThread(id);
    await expect(thread.send("more")).rejects.toMatchObject({ code: 160005 });
  });

  it("limits a stock client to 5 posts in 5 seconds per channel, which it respects without a 429", async () => {
    const limited = await start({
      rateLimits: { "POST channels/:id/messages": { requests: 3, windowMs: 600 } },
    });
    const id = limited.addChannel("busy");
    const bridge = await login(limited);
    const channel = await textChannel(bridge, id);
    await Promise.all([1, 2, 3, 4].map((n) => channel.send(`${n}`)));
    expect(limited.posts.map((post) => post.text)).toEqual(["1", "2", "3", "4"]);
    expect(limited.wire.filter((entry) => entry.status === 429)).toEqual([]);
  });

  it("creates one message when a client retries after a 429, a 500, and a 500 after a success", async () => {
    const bridge = await login(discord);
    const channel = await textChannel(bridge, general);
    discord.answerNext("POST channels/:id/messages", { retryAfter: 0.2 });
    discord.answerNext("POST channels/:id/messages", 500);
    discord.answerNext("POST channels/:id/messages", "500AfterAccept");
    const post = await channel.send({ content: "once", nonce: "n", enforceNonce: true });
    expect(discord.posts.map(({ id }) => id)).toEqual([post.id]);
    const answers = discord.wire.filter((e) => e.direction === "out" && e.name.startsWith("POST"));
    expect(answers.map((entry) => entry.status)).toEqual([429, 500, 500, 200]);
  });
});
