import { REST } from "@discordjs/rest";
import type { APIMessage } from "discord-api-types/v10";
import { Events, GatewayIntentBits } from "discord.js";
import { describe, expect, it } from "vitest";
import { eventually } from "../../../../test/support/eventually.ts";
import { ALL, listenTo, login, start } from "../test_clients.ts";
import {
  ada,
  create,
  discord,
  execute,
  general,
  list,
  pathOf,
  rest,
  restOf,
  useWebhooks,
} from "./webhook_stage.ts";

useWebhooks();

describe("a channel's webhooks", () => {
  it("are listed with the tokens that the bot may use", async () => {
    const made = await create();
    expect(made).toMatchObject({
      type: 1,
      name: "Bridge",
      application_id: discord.botId,
      channel_id: general,
      token: expect.any(String) as string,
    });
    discord.guild.addWebhook(general, "Ada's", ada);
    discord.guild.addWebhook(general, "Other's", discord.addBot("Other"));
    const [own, hers, others] = await list();
    expect(own).toEqual(made);
    expect(hers).toMatchObject({ application_id: null, token: expect.any(String) as string });
    expect(others).not.toHaveProperty("token");
  });

  it("need the permission, and a channel that has them", async () => {
    const message = discord.say({ channel: general, person: ada, text: "hi" });
    const thread = discord.openThread({ channel: general, id: message, name: "thread" });
    await expect(list(thread)).rejects.toMatchObject({ code: 50024 });
    const webhook = await create();
    discord.deny(general, { webhooks: true });
    await expect(list()).rejects.toMatchObject({ code: 50013, status: 403 });
    await expect(create()).rejects.toMatchObject({ code: 50013 });
    await expect(rest.delete(`/webhooks/${webhook.id}`)).rejects.toMatchObject({ code: 50013 });
    // Whoever has the token needs no permission.
    expect(await execute(webhook, { content: "hi" })).toMatchObject({ content: "hi" });
    discord.deny(general, { view: true });
    await expect(list()).rejects.toMatchObject({ code: 50001 });
  });

  it("are at most 15", async () => {
    discord.guild.fillWebhooks(general);
    await expect(create()).rejects.toMatchObject({ code: 30007, status: 400 });
    discord.guild.removeWebhook(discord.guild.webhooksOf(general)[0]?.id ?? "");
    await create();
    expect(await list()).toHaveLength(15);
  });

  it.each([
    ["Clyde the bot", "USERNAME_INVALID_CONTAINS"],
    ["DISCORD news", "USERNAME_INVALID_CONTAINS"],
    ["here", "USERNAME_INVALID"],
    [" ", "BASE_TYPE_BAD_LENGTH"],
    ["x".repeat(81), "BASE_TYPE_BAD_LENGTH"],
  ])("and their messages may not be named %j", async (name, code) => {
    const errorsOf = (field: string) => ({ [field]: { _errors: [{ code }] } });
    await expect(create(name)).rejects.toMatchObject({
      code: 50035,
      rawError: { errors: errorsOf("name") },
    });
    const webhook = await create();
    await expect(execute(webhook, { content: "hi", username: name })).rejects.toMatchObject({
      code: 50035,
      rawError: { errors: errorsOf("username") },
    });
  });

  it("are gone once deleted, by the bot or with the token", async () => {
    const [one, two] = [await create(), await create()];
    await rest.delete(`/webhooks/${one.id}`);
    await rest.delete(pathOf(two), { auth: false });
    expect(await list()).toEqual([]);
    for (const webhook of [one, two]) {
      await expect(execute(webhook, { content: "hi" })).rejects.toMatchObject({
        code: 10015,
        status: 404,
      });
    }
    const wrong = { ...(await create()), token: "wrong" };
    await expect(execute(wrong, { content: "hi" })).rejects.toMatchObject({
      code: 50027,
      status: 401,
    });
  });

  it("tell of changes only those with the intent", async () => {
    const changed: string[] = [];
    const deaf: unknown[] = [];
    const bridge = await login(discord, [...ALL, GatewayIntentBits.GuildWebhooks]);
    bridge.on(Events.WebhooksUpdate, ({ id }) => changed.push(id));
    (await login(discord)).on(Events.WebhooksUpdate, (channel) => deaf.push(channel));
    const { id } = await create();
    await rest.delete(`/webhooks/${id}`);
    await eventually(() => expect(changed).toEqual([general, general]));
    expect(deaf).toEqual([]);
  });
});

describe("executing", () => {
  it("posts under the given name, and says whose webhook it was", async () => {
    const received = listenTo(await login(discord));
    const webhook = await create();
    const message = await execute(webhook, {
      content: " hello ",
      username: "Ada (Slack)",
      avatar_url: "https://example.com/ada.png",
      allowed_mentions: { parse: [] },
      nonce: "n",
    });
    expect(message).toMatchObject({
      content: "hello",
      webhook_id: webhook.id,
      application_id: discord.botId,
      author: { id: webhook.id, username: "Ada (Slack)", bot: true, discriminator: "0000" },
    });
    expect(message.author.avatar).toMatch(/^[0-9a-f]{32}$/);
    expect(message).not.toHaveProperty("nonce");
    expect(message).not.toHaveProperty("member");
    await eventually(() => expect(received).toHaveLength(1));
    expect(received[0]).toMatchObject({ id: message.id, webhookId: webhook.id, member: null });
    expect(received[0]?.applicationId).toBe(discord.botId);
    expect(await rest.get(`/channels/${general}/messages/${message.id}`)).toEqual(message);
    expect(discord.posts).toMatchObject([
      {
        id: message.id,
        text: " hello ",
        persona: { name: "Ada (Slack)", avatarUrl: "https://example.com/ada.png" },
      },
    ]);
    expect(discord.transcript(general)).toMatchObject([{ author: "Ada (Slack)", fromBot: true }]);
    expect(discord.wire.filter(({ name }) => name === "POST webhooks/:id/:token")).toHaveLength(2);
  });

  it("is a person's message, not the app's, with a webhook that a person made", async () => {
    const { id, token } = discord.guild.addWebhook(general, "News", ada);
    const options = { body: { content: "news" }, auth: false };
    expect(await rest.post(`/webhooks/${id}/${token}`, options)).toEqual(expect.anything());
    const [message] = (await rest.get(`/channels/${general}/messages`)) as APIMessage[];
    expect(message).toMatchObject({ webhook_id: id, author: { username: "News" } });
    expect(message).not.toHaveProperty("application_id");
    expect(discord.posts).toEqual([]);
  });

  it("answers 204 without wait", async () => {
    const webhook = await create();
    const answer = await fetch(`${discord.env.DISCORD_API_URL ?? ""}/v10${pathOf(webhook)}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ content: "hi" }),
    });
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    expect(discord.posts).toHaveLength(1);
  });

  it.each([
    ["nothing", { content: " " }, 50006],
    ["more than 2,000 characters", { content: "x".repeat(2_001) }, 50035],
    ["a picture without an address", { content: "hi", avatar_url: "ada.png" }, 50035],
    ["a post outside a forum", { content: "hi", thread_name: "new" }, 220_003],
  ])("refuses %s", async (_, body, code) => {
    await expect(execute(await create(), body)).rejects.toMatchObject({ code, status: 400 });
    expect(discord.posts).toEqual([]);
  });

  it("pings whom it mentions unless told otherwise, and so do edits", async () => {
    const webhook = await create();
    const content = `<@${ada}> @everyone`;
    await execute(webhook, { content });
    const quiet = await execute(webhook, { content, allowed_mentions: { parse: [] } });
    expect(discord.posts.map(({ pings }) => pings)).toEqual([[ada, "everyone"], []]);
    const path = `${pathOf(webhook)}/messages/${quiet.id}` as const;
    expect(await rest.patch(path, { body: { content }, auth: false })).toMatchObject({
      mentions: [{ id: ada }],
    });
  });

  it("reaches threads of the channel only", async () => {
    const webhook = await create();
    const elsewhere = discord.addChannel("elsewhere");
    const threads = [general, elsewhere].map((channel) => {
      const id = discord.say({ channel, person: ada, text: "root" });
      return discord.openThread({ channel, id, name: "thread" });
    });
    discord.setArchived(threads[0] ?? "", true);
    const inside = await execute(webhook, { content: "in" }, { thread_id: threads[0] ?? "" });
    expect(inside.channel_id).toBe(threads[0]);
    expect(discord.posts).toMatchObject([{ channel: general, thread: threads[0] }]);
    for (const thread_id of [threads[1] ?? "", general]) {
      await expect(execute(webhook, { content: "in" }, { thread_id })).rejects.toMatchObject({
        code: 10003,
        status: 404,
      });
    }
  });

  it("in a forum opens a post, or goes into one", async () => {
    const forum = discord.addForum("ideas");
    const webhook = await create("Bridge", forum);
    await expect(execute(webhook, { content: "hi" })).rejects.toMatchObject({ code: 220_001 });
    const first = await execute(webhook, { content: "first", thread_name: "Idea" });
    expect(first.channel_id).toBe(first.id);
    const thread_id = first.id;
    await execute(webhook, { content: "second" }, { thread_id });
    expect(discord.transcript(forum, thread_id).map(({ text }) => text)).toEqual([
      "first",
      "second",
    ]);
    await expect(
      execute(webhook, { content: "hi", thread_name: "Both" }, { thread_id }),
    ).rejects.toMatchObject({ code: 220_002 });
  });

  it("is limited per webhook, which a stock client respects, and per channel", async () => {
    const limited = await start({
      rateLimits: {
        "POST webhooks/:id/:token": { requests: 2, windowMs: 300 },
        "webhooks of a channel": { requests: 5, windowMs: 60_000 },
      },
    });
    const channel = limited.addChannel("busy");
    const [one, two] = ["One", "Two"].map((name) => limited.guild.addWebhook(channel, name));
    const stock = restOf(limited);
    const send = (webhook = one) =>
      stock.post(`/webhooks/${webhook?.id ?? ""}/${webhook?.token ?? ""}`, {
        body: { content: "hi" },
        auth: false,
      });
    await Promise.all([send(), send(), send(), send(two)]);
    expect(limited.wire.filter(({ status }) => status === 429)).toEqual([]);
    await send(two);
    const late = new REST({ api: limited.env.DISCORD_API_URL ?? "", rejectOnRateLimit: ["/"] });
    const path = `/webhooks/${two?.id ?? ""}/${two?.token ?? ""}` as const;
    await expect(late.post(path, { body: { content: "hi" }, auth: false })).rejects.toMatchObject({
      name: expect.stringContaining("RateLimitError") as string,
    });
  });
});
