import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import type { Delivery, Platform } from "../../../bridges/platform.ts";
import type { RouteName } from "../../../scripts/stand_ins/discord/rest/routes.ts";
import { rejection, Stage } from "./stage.ts";

/* What people said elsewhere, posted by the channel's webhook. */

let stage: Stage;
let discord: Stage["discord"];
let platform: Platform;

const LIST: RouteName = "GET channels/:id/webhooks";
const MAKE: RouteName = "POST channels/:id/webhooks";
const EXECUTE: RouteName = "POST webhooks/:id/:token";

beforeEach(async () => {
  stage = await Stage.open();
  discord = stage.discord;
  platform = await started();
});

afterEach(async () => {
  expect(discord.refused).toEqual([]);
  const tokens = discord.guild.webhooksOf(stage.general).map(({ token }) => token);
  for (const token of tokens) expect(stage.lines.join("")).not.toContain(token);
  await stage.close();
});

const soon = () => AbortSignal.timeout(10_000);
const piece = (text: string) => ({ text, upTo: text.length, isFirst: true });
let deliveries = 0;
function post(fields: Partial<Delivery> = {}, text = "hello", part = 0, by = platform) {
  // A nonce is the delivery's.
  const deliveryId = `d${String((deliveries += 1))}` as Delivery["deliveryId"];
  return by.post(stage.relayed({ deliveryId, ...fields }), part, piece(text), soon());
}
const refusal = (work: Promise<unknown>) => rejection(work, PlatformError);
const shown = (channel = stage.general, thread?: string) =>
  discord.transcript(channel, thread).map(({ author, text }) => `${author}: ${text}`);

async function started(): Promise<Platform> {
  const bridge = stage.bridge();
  await stage.listen(bridge);
  return bridge;
}

describe("a relayed message", () => {
  test("has its author's name and picture, and pings nobody", async () => {
    const avatarUrl = "https://example.com/grace.png";
    const text = `@everyone ${discord.mention(stage.ada)} https://example.com`;
    const id = await post({ author: { name: "Grace", avatarUrl } }, text);
    expect(discord.posts).toMatchObject([
      { id, channel: stage.general, text, pings: [], persona: { name: "Grace", avatarUrl } },
    ]);
    expect(discord.posts[0]?.body).toMatchObject({
      allowed_mentions: { parse: [], replied_user: false },
      flags: 4,
    });
  });

  test("goes into a thread of the channel, by the same webhook", async () => {
    const id = discord.say({ channel: stage.general, person: stage.ada, text: "root" });
    const threadId = discord.openThread({ channel: stage.general, id, name: "T" });
    await post();
    await post({ threadId });
    expect(shown(stage.general, threadId)).toEqual(["Grace: hello"]);
    expect(discord.guild.webhooksOf(stage.general)).toHaveLength(1);
    expect(stage.requests(LIST)).toBe(2);
  });

  test("in a forum is a post, and its further parts and edits go into that post", async () => {
    const forum = discord.addForum("ideas");
    const channel = { channel: forum, content: "**An idea**\n\nfor everyone" };
    const first = await post(channel, "part one");
    const posts = [{ part: 0, externalId: first, upTo: 8 }];
    const second = await post({ ...channel, posts }, "part two", 1);
    expect(shown(forum, first)).toEqual(["Grace: part one", "Grace: part two"]);
    expect(discord.posts[0]?.body).toMatchObject({ thread_name: "An idea" });
    const known = [...posts, { part: 1, externalId: second, upTo: 16 }];
    const whole = stage.relayed({ ...channel, posts: known });
    await platform.edit(whole, first, piece("one"), soon());
    await platform.edit(whole, second, piece("two"), soon());
    expect(shown(forum, first)).toEqual(["Grace: one", "Grace: two"]);
  });

  test("in a forum of which the gateway has not told yet is a post too", async () => {
    const forum = discord.addForum("ideas");
    discord.guild.setPresence("away");
    const first = await post({ channel: forum }, "one", 0, await started());
    expect(shown(forum, first)).toEqual(["Grace: one"]);
  });

  test("in a forum where the bot may have no webhook is a post of the bot", async () => {
    const forum = discord.addForum("ideas");
    discord.deny(forum, { webhooks: true });
    const channel = { channel: forum, content: "An idea" };
    const first = await post(channel, "part one");
    const posts = [{ part: 0, externalId: first, upTo: 8 }];
    await post({ ...channel, posts }, "part two", 1);
    expect(discord.transcript(forum, first).map(({ text }) => text)).toEqual([
      "**Grace:** part one",
      "**Grace:** part two",
    ]);
  });

  test.each([
    ["clyde", "cly·de"],
    ["Mr. Discordia", "Mr. Dis·cordia"],
    ["everyone", "·everyone"],
    ["Here", "·Here"],
    ["  ", "somebody"],
    ["a\nb", "a b"],
    ["x".repeat(81), `${"x".repeat(79)}…`],
    [`${"x".repeat(78)}😀y`, `${"x".repeat(78)}…`],
    [`${"x".repeat(76)}clyde`, `${"x".repeat(76)}cly…`],
  ])("of %j is posted as %j, because Discord refuses that name", async (name, altered) => {
    await post({ author: { name } });
    expect(shown()).toEqual([`${altered}: hello`]);
  });
});

describe("the webhook", () => {
  test("is made once for lanes that post at the same time, and found after a restart", async () => {
    const made = discord.say({ channel: stage.general, person: stage.ada, text: "root" });
    const threadId = discord.openThread({ channel: stage.general, id: made, name: "T" });
    await Promise.all([post(), post({ threadId }), post()]);
    expect(stage.requests(MAKE)).toBe(1);
    expect(stage.requests(LIST)).toBe(2);
    await post({}, "hello", 0, await started());
    expect(stage.requests(MAKE)).toBe(1);
    expect(stage.requests(LIST)).toBe(3);
  });

  test("is the same for two processes that make one at the same time", async () => {
    const other = await started();
    const ids = await Promise.all([post(), post({}, "hello", 0, other)]);
    expect(stage.requests(MAKE)).toBe(2);
    for (const id of ids) await other.edit(stage.relayed(), id, piece("edited"), soon());
    for (const id of ids) await platform.edit(stage.relayed(), id, piece("again"), soon());
    expect(shown()).toEqual(["Grace: again", "Grace: again"]);
  });

  test("is never another application's or a person's", async () => {
    discord.guild.addWebhook(stage.general, "Tool", discord.addBot("Tool"));
    discord.guild.addWebhook(stage.general, "Hook", stage.ada);
    await post();
    expect(stage.requests(MAKE)).toBe(1);
  });

  test.each([
    ["was deleted", () => discord.guild.removeWebhook(only())],
    ["has a new token", () => discord.answerNext(EXECUTE, { error: "50027" })],
  ])("that %s is replaced in the same attempt", async (_, act) => {
    await post({}, "one");
    act();
    await post({}, "two");
    expect(shown()).toEqual(["Grace: one", "Grace: two"]);
  });

  test("that was moved to another channel is replaced, and nothing stays there", async () => {
    await post({}, "one");
    const root = discord.say({ channel: stage.general, person: stage.ada, text: "root" });
    const threadId = discord.openThread({ channel: stage.general, id: root, name: "T" });
    const other = discord.addChannel("other");
    discord.guild.moveWebhook(only(), other);
    await post({}, "two");
    expect(shown(other)).toEqual([]);
    discord.guild.moveWebhook(only(), other);
    await post({ threadId }, "three");
    expect(shown().filter((line) => line.startsWith("Grace"))).toEqual([
      "Grace: one",
      "Grace: two",
    ]);
    expect(shown(stage.general, threadId)).toEqual(["Grace: three"]);
  });

  test("that is lost again and again leaves the message to the bot", async () => {
    await post({}, "one");
    for (let n = 0; n < 2; n += 1) discord.answerNext(EXECUTE, { error: "10015" });
    await post({}, "two");
    expect(discord.transcript(stage.general).map(({ text }) => text)).toEqual([
      "one",
      "**Grace:** two",
    ]);
  });

  test("that can't be asked for now fails for now: nothing was posted", async () => {
    discord.answerNext(LIST, { retryAfter: 30 });
    expect(await refusal(post())).toMatchObject({ retryable: true, certain: true });
    discord.answerNext(MAKE, "500AfterAccept");
    expect(await refusal(post())).toMatchObject({ retryable: true, certain: true });
    await post();
    expect(shown()).toEqual(["Grace: hello"]);
    expect(discord.guild.webhooksOf(stage.general)).toHaveLength(1);
  });

  test("whose answer is lost may have posted, and is asked no second time", async () => {
    discord.answerNext(EXECUTE, "500AfterAccept");
    expect(await refusal(post())).toMatchObject({ retryable: true, certain: false });
    expect(shown()).toEqual(["Grace: hello"]);
    expect(stage.requests(EXECUTE)).toBe(1);
  });

  test("whose limit is used up has the message wait, as certainly not posted", async () => {
    discord.answerNext(EXECUTE, { retryAfter: 30 });
    const limited = await refusal(post());
    expect(limited).toMatchObject({ code: "429", retryable: true, certain: true });
    expect(limited.retryAfterMs).toBeGreaterThanOrEqual(30_000);
  });
});

describe("the bot posts with the name in front", () => {
  test("where Discord refuses the name or the picture", async () => {
    await post({ author: { name: "Grace", avatarUrl: "no address" } });
    expect(discord.transcript(stage.general).map(({ text }) => text)).toEqual(["**Grace:** hello"]);
  });

  test.each<readonly [string, () => void]>([
    ["it may not manage webhooks", () => discord.deny(stage.general, { webhooks: true })],
    ["the channel has 15 webhooks", () => discord.guild.fillWebhooks(stage.general)],
    ["the server has too many", () => discord.answerNext(MAKE, { error: "30058" })],
  ])("where %s", async (_, act) => {
    act();
    await post();
    await post({ replyTo: "1", quote: { name: "Ada", text: "hi" } });
    expect(discord.transcript(stage.general).map(({ text }) => text)).toEqual([
      "**Grace:** hello",
      "**Grace:** hello",
    ]);
    expect(discord.posts.map(({ pings }) => pings)).toEqual([[], []]);
    // It does not ask again for a while.
    expect(stage.requests(LIST) + stage.requests(MAKE)).toBeLessThanOrEqual(2);
  });

  test("neutralised, and before a list or a quote on a line of its own", async () => {
    discord.deny(stage.general, { webhooks: true });
    await post({ author: { name: "*@everyone*" } }, "- a list");
    await post({ author: { name: "Grace" }, quote: { name: "@here", text: "<@1> `x`" } }, "> so");
    const texts = discord.posts.map(({ text }) => text.replaceAll("\u2060", ""));
    expect(texts[0]).toBe("**\\*@everyone\\*:**\n- a list");
    expect(texts[1]).toMatch(/^> \*\*@here:\*\* .*\n\*\*Grace:\*\*\n> so$/);
    expect(discord.posts.map(({ text }) => /@(?:everyone|here)|<@1>/.test(text))).toEqual([
      false,
      false,
    ]);
  });
});

function only(): string {
  const [webhook] = discord.guild.webhooksOf(stage.general);
  if (!webhook) throw new Error("there is no webhook");
  return webhook.id;
}
