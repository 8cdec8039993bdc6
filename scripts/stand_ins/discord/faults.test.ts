import { DiscordAPIError, RateLimitError, REST, Routes } from "discord.js";
import { afterAll, describe, expect, test } from "vitest";
import type { DiscordStandIn } from "./stand_in.ts";
import { listenTo, login, start, stopAll } from "./test_clients.ts";
import { eventually } from "../../../test/support/eventually.ts";

// Not after each test, because concurrent tests share the list.
afterAll(stopAll);

const count = (discord: DiscordStandIn, name: string) =>
  discord.wire.filter((entry) => entry.name === name).length;

async function talking(discord: DiscordStandIn) {
  const channel = discord.addChannel("general");
  const person = discord.addPerson("Ada");
  const client = await login(discord);
  const received = listenTo(client);
  return {
    client,
    heard: () => received.map(({ content }) => content),
    say: (text: string) => discord.say({ channel, person, text }),
    channel,
  };
}

describe.concurrent("a gateway closed", () => {
  test.for([1006, 4000, 4001, 4002])(
    "with %i is resumed, and messages posted meanwhile arrive",
    async (code) => {
      const discord = await start();
      const { heard, say } = await talking(discord);
      discord.closeGateway(code);
      say("while away");
      await eventually(() => expect(heard()).toEqual(["while away"]), 10_000);
      expect(count(discord, "IDENTIFY")).toBe(1);
    },
  );

  test.for([4003, 4007, 4008, 4009])(
    "closed with %i is replaced by a new one: the session is over",
    async (code) => {
      const discord = await start();
      const { heard, say } = await talking(discord);
      discord.closeGateway(code);
      await eventually(() => expect(count(discord, "IDENTIFY")).toBe(2), 15_000);
      await eventually(() => expect(discord.connections()).toBe(1), 10_000);
      say("back");
      await eventually(() => expect(heard()).toContain("back"), 10_000);
    },
  );

  test.for([4004, 4010, 4011, 4012, 4013, 4014])("with %i stays closed", async (code) => {
    const discord = await start();
    const { client } = await talking(discord);
    const ended = new Promise((resolve) => client.once("shardDisconnect", resolve));
    discord.closeGateway(code);
    expect(await ended).toMatchObject({ code });
    expect(discord.connections()).toBe(0);
  });
});

describe.concurrent("a session", () => {
  test("that is invalidated is replaced by a new one", async () => {
    const discord = await start();
    await talking(discord);
    discord.invalidateSessions(false);
    await eventually(() => expect(count(discord, "IDENTIFY")).toBe(2), 15_000);
    expect(count(discord, "RESUME")).toBe(0);
  });

  test("that is asked to reconnect is resumed", async () => {
    const discord = await start();
    const { heard, say } = await talking(discord);
    discord.askToReconnect();
    say("meanwhile");
    await eventually(() => expect(count(discord, "RESUMED")).toBe(1), 10_000);
    expect([heard(), count(discord, "IDENTIFY")]).toEqual([["meanwhile"], 1]);
  });

  test("receives reordered and delayed messages in the order of arrival", async () => {
    const discord = await start();
    const { heard, say } = await talking(discord);
    discord.frameNext("MESSAGE_CREATE", "swap");
    discord.frameNext("MESSAGE_CREATE", { delayMs: 50 });
    for (const text of ["one", "two", "three"]) say(text);
    await eventually(() => expect(heard()).toEqual(["one", "three", "two"]));
  });
});

test("a storm of 429 lasts until it is ended, and can be global", async () => {
  const discord = await start({ rateLimits: "generous" });
  const channel = discord.addChannel("general");
  const rest = new REST({
    api: discord.env.DISCORD_API_URL ?? "",
    retries: 0,
    rejectOnRateLimit: () => true,
  }).setToken(discord.env.DISCORD_BOT_TOKEN ?? "");
  const post = () => rest.post(Routes.channelMessages(channel), { body: { content: "hi" } });

  const calm = discord.faults.storm({ retryAfter: 0.05 }, "POST channels/:id/messages");
  await expect(post()).rejects.toBeInstanceOf(RateLimitError);
  expect(await rest.get(Routes.user())).toMatchObject({ id: discord.botId });
  calm();
  await eventually(post, 5_000);

  const calmAll = discord.faults.storm({ retryAfter: 0.05, global: true });
  const refused: unknown = await rest.get(Routes.user()).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RateLimitError);
  expect(refused).toMatchObject({ global: true });
  calmAll();
  await eventually(() => rest.get(Routes.user()), 5_000);
  expect(discord.posts).toHaveLength(1);
});

test("a post can be accepted and never answered, or answered by a 500", async () => {
  const discord = await start({ rateLimits: "generous" });
  const channel = discord.addChannel("general");
  const rest = new REST({ api: discord.env.DISCORD_API_URL ?? "", retries: 0, timeout: 300 });
  rest.setToken(discord.env.DISCORD_BOT_TOKEN ?? "");
  const post = (content: string) =>
    rest.post(Routes.channelMessages(channel), { body: { content } });
  discord.answerNext("POST channels/:id/messages", "hangAfterAccept");
  await expect(post("one")).rejects.toThrow(/abort/i);
  discord.answerNext("POST channels/:id/messages", "500AfterAccept");
  await expect(post("two")).rejects.not.toBeInstanceOf(DiscordAPIError);
  discord.faults.at("POST channels/:id/messages", "before", () => undefined);
  await expect(post("three")).rejects.toThrow(/abort/i);
  expect(discord.posts.map(({ text }) => text)).toEqual(["one", "two"]);
});
