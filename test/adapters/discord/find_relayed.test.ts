import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Delivery, Platform } from "../../../bridges/platform.ts";
import { Stage } from "./stage.ts";

/* The search for a relayed post whose answer was lost: a webhook's posts have no nonce. */

let stage: Stage;
let discord: Stage["discord"];
let platform: Platform;

beforeEach(async () => {
  stage = await Stage.open({ rateLimits: "generous" });
  discord = stage.discord;
  platform = stage.bridge();
  await stage.listen(platform);
  discord.say({ channel: stage.general, person: stage.ada, text: "before" });
});

afterEach(async () => {
  expect(discord.refused).toEqual([]);
  await stage.close();
});

const soon = () => AbortSignal.timeout(10_000);
const piece = (text: string) => ({ text, upTo: text.length, isFirst: true });
const lost = (fields: Partial<Delivery> = {}) =>
  stage.relayed({ outcomeUnknown: true, ageMs: 30_000, ...fields });
const post = (fields: Partial<Delivery> = {}, text = "hello", part = 0) =>
  platform.post(lost(fields), part, piece(text), soon());
const find = (fields: Partial<Delivery> = {}, text = "hello", part = 0) =>
  platform.find(lost(fields), part, piece(text), soon());
const posted = (externalId: string) => ({ status: "posted", externalId });

describe("a relayed post whose answer was lost", () => {
  test("is found by its application and its text", async () => {
    expect(await find()).toEqual({ status: "absent" });
    discord.say({ channel: stage.general, person: stage.ada, text: "hello" });
    expect(await find()).toEqual({ status: "absent" });
    const id = await post({}, " hello \n\n there");
    expect(await find({}, " hello \n\n there")).toEqual(posted(id));
  });

  test("is found if the bot posted it, also with a reply in place of a quote", async () => {
    discord.deny(stage.general, { webhooks: true });
    const id = await post();
    expect(await find()).toEqual(posted(id));
    const answers = { quote: { name: "Ada", text: "before" }, replyTo: id, newestPost: id };
    const other = { ...answers, deliveryId: "d2" as Delivery["deliveryId"] };
    const reply = await post(other);
    expect(await find(other)).toEqual(posted(reply));
    // Whether the bot may manage webhooks by now makes no difference.
    discord.deny(stage.general, {});
    expect(await find(other)).toEqual(posted(reply));
  });

  test("is found if a webhook posted it that is gone", async () => {
    const id = await post();
    for (const webhook of discord.guild.webhooksOf(stage.general))
      discord.guild.removeWebhook(webhook.id);
    discord.deny(stage.general, { webhooks: true });
    expect(await find()).toEqual(posted(id));
  });

  test("is never one that was in the place before, though it says the same", async () => {
    const earlier = await post();
    expect(await find({ newestPost: earlier })).toEqual({ status: "absent" });
    const id = await post();
    expect(await find({ newestPost: earlier })).toEqual(posted(id));
  });

  test("is not looked for past the posts that an edit came after", async () => {
    const posts = [{ part: 0, externalId: await post({}, "a long message"), upTo: 14 }];
    const newestPost = await post({}, "another message");
    const edit = { op: "edit" as const, posts, newestPost };
    expect(await find(edit, "the rest", 1)).toEqual({ status: "absent" });
    const id = await post(edit, "the rest", 1);
    expect(await find(edit, "the rest", 1)).toEqual(posted(id));
  });

  test("is not looked for by a name alone: who wrote the same is not known", async () => {
    const id = await post({ author: { name: "Ada" } });
    expect(await find()).toEqual(posted(id));
  });

  test("is uncertain when another post of the bridge is in its place", async () => {
    await post({}, "something else");
    expect(await find()).toMatchObject({ status: "unsure" });
  });

  test("is absent where nobody has said anything yet, if the bot may read what is there", async () => {
    const channel = discord.addChannel("new");
    expect(await find({ channel })).toEqual({ status: "absent" });
    discord.deny(channel, { history: true });
    await post({ channel });
    await expect(find({ channel })).rejects.toMatchObject({ code: "history_hidden" });
  });

  test("is found in its thread", async () => {
    const root = discord.say({ channel: stage.general, person: stage.ada, text: "root" });
    const threadId = discord.openThread({ channel: stage.general, id: root, name: "T" });
    await post();
    expect(await find({ threadId })).toEqual({ status: "absent" });
    const id = await post({ threadId });
    expect(await find({ threadId })).toEqual(posted(id));
    discord.removeThread(threadId);
    expect(await find({ threadId })).toEqual({ status: "absent" });
  });

  test("is found after the part before it", async () => {
    const first = await post({}, "same");
    const posts = [{ part: 0, externalId: first, upTo: 4 }];
    expect(await find({ posts }, "same", 1)).toEqual({ status: "absent" });
    const second = await post({ posts }, "same", 1);
    expect(await find({ posts }, "same", 1)).toEqual(posted(second));
  });

  test.each([
    ["by the webhook", {}],
    ["by the bot", { webhooks: true }],
  ])("is found in a forum as a post %s, and its further parts in it", async (_, denied) => {
    const forum = discord.addForum("ideas");
    discord.deny(forum, denied);
    const channel = { channel: forum, content: "An idea" };
    discord.openPost({ channel: forum, person: stage.ada, name: "Hers", text: "hello" });
    expect(await find(channel)).toEqual({ status: "absent" });
    const earlier = await post(channel);
    expect(await find({ ...channel, newestPost: earlier })).toEqual({ status: "absent" });
    const id = await post(channel);
    expect(await find({ ...channel, newestPost: earlier })).toEqual(posted(id));
    const posts = [{ part: 0, externalId: id, upTo: 5 }];
    expect(await find({ ...channel, posts }, "more", 1)).toEqual({ status: "absent" });
    const second = await post({ ...channel, posts }, "more", 1);
    expect(await find({ ...channel, posts }, "more", 1)).toEqual(posted(second));
  });
});
