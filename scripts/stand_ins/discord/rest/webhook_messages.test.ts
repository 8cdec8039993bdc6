import type { APIMessage, APIWebhook } from "discord-api-types/v10";
import { Events } from "discord.js";
import { describe, expect, it } from "vitest";
import { eventually } from "../../../../test/support/eventually.ts";
import { client, listenTo, login } from "../test_clients.ts";
import {
  ada,
  create,
  discord,
  execute,
  general,
  pathOf,
  rest,
  useWebhooks,
} from "./webhook_stage.ts";

useWebhooks();

describe("a webhook's message", () => {
  it("is read, changed and deleted with the token, and by no one else's", async () => {
    const received: string[] = [];
    const bridge = await login(discord);
    bridge.on(Events.MessageUpdate, (_, { content }) => received.push(`edited ${content}`));
    bridge.on(Events.MessageDelete, ({ id }) => received.push(`deleted ${id}`));
    const [webhook, other] = [await create(), await create()];
    const { id } = await execute(webhook, { content: "draft" });
    const message = (of: APIWebhook, which = id) => `${pathOf(of)}/messages/${which}` as const;
    const body = { content: "final" };
    expect(await rest.patch(message(webhook), { body, auth: false })).toMatchObject({
      content: "final",
      edited_timestamp: expect.any(String) as string,
      webhook_id: webhook.id,
    });
    expect(await rest.get(message(webhook), { auth: false })).toMatchObject(body);
    const hers = discord.say({ channel: general, person: ada, text: "mine" });
    for (const path of [message(other), message(webhook, hers)]) {
      const refused = { code: 10008, status: 404 };
      await expect(rest.get(path, { auth: false })).rejects.toMatchObject(refused);
      await expect(rest.patch(path, { body, auth: false })).rejects.toMatchObject(refused);
      await expect(rest.delete(path, { auth: false })).rejects.toMatchObject(refused);
    }
    await expect(rest.patch(`/channels/${general}/messages/${id}`, { body })).rejects.toMatchObject(
      { code: 50005 },
    );
    await expect(
      rest.patch(message(webhook), { body: { content: "" }, auth: false }),
    ).rejects.toMatchObject({ code: 50006 });
    await rest.delete(message(webhook), { auth: false });
    await eventually(() => expect(received).toEqual(["edited final", `deleted ${id}`]));
  });

  it("in a thread is found only with its thread", async () => {
    const webhook = await create();
    const root = discord.say({ channel: general, person: ada, text: "root" });
    const thread_id = discord.openThread({ channel: general, id: root, name: "thread" });
    const { id } = await execute(webhook, { content: "in" }, { thread_id });
    const path = `${pathOf(webhook)}/messages/${id}` as const;
    await expect(rest.get(path, { auth: false })).rejects.toMatchObject({ code: 10008 });
    const query = new URLSearchParams({ thread_id });
    const body = { content: "changed" };
    expect(await rest.patch(path, { query, body, auth: false })).toMatchObject(body);
    await rest.delete(path, { query, auth: false });
    expect(discord.transcript(general, thread_id)).toEqual([]);
  });
});

describe("a forum post of the bot", () => {
  it("has a first message with the id of its thread", async () => {
    const forum = discord.addForum("ideas");
    const received = listenTo(await login(discord));
    const message = { content: "What if?", allowed_mentions: { parse: [] } };
    const post = (await rest.post(`/channels/${forum}/threads`, {
      body: { name: "Idea", message },
    })) as { id: string; message: APIMessage };
    expect(post).toMatchObject({
      parent_id: forum,
      name: "Idea",
      message: { id: post.id, channel_id: post.id, content: "What if?" },
    });
    await eventually(() => expect(received.map(({ id }) => id)).toEqual([post.id]));
    expect(discord.posts).toMatchObject([{ channel: forum, thread: post.id, text: "What if?" }]);
    const open = (body: object) => rest.post(`/channels/${forum}/threads`, { body });
    await expect(open({ name: "None", message: { content: "" } })).rejects.toMatchObject({
      code: 50006,
    });
    await expect(
      open({ name: "Long", message: { content: "x".repeat(2_001) } }),
    ).rejects.toMatchObject({
      code: 50035,
      rawError: { errors: { message: { content: { _errors: [{}] } } } },
    });
    discord.deny(forum, { send: true });
    await expect(open({ name: "Denied", message })).rejects.toMatchObject({ code: 50013 });
  });
});

it("names the application and its flags in READY", async () => {
  const bridge = client(discord);
  const ready = new Promise<unknown>((resolve) => {
    bridge.ws.on("READY" as never, ((data: unknown) => resolve(data)) as never);
  });
  await bridge.login(discord.env.DISCORD_BOT_TOKEN ?? "");
  expect(await ready).toMatchObject({ application: { id: discord.botId, flags: 1 << 19 } });
});
