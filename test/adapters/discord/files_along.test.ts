import { Agent, getGlobalDispatcher, setGlobalDispatcher } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Delivery, FileAlong, Platform } from "../../../bridges/platform.ts";
import type { RouteName } from "../../../scripts/stand_ins/discord/rest/routes.ts";
import { along, image } from "../../support/files/material.ts";
import { Stage } from "./stage.ts";

/* Files that go along with what is relayed, in the same request. */

let stage: Stage;
let discord: Stage["discord"];
let platform: Platform;

beforeEach(async () => {
  stage = await Stage.open();
  discord = stage.discord;
  platform = stage.bridge();
  await stage.listen(platform);
});
afterEach(async () => {
  expect(discord.refused).toEqual([]);
  await stage.close();
});

const soon = () => AbortSignal.timeout(10_000);
const [CAT, DOG] = [image("cat.png"), image("dog.gif", { type: "image/gif" })];
const EXECUTE: RouteName = "POST webhooks/:id/:token";
const CREATE: RouteName = "POST channels/:id/messages";

const piece = (text: string, files?: readonly FileAlong[]) => ({
  ...{ text, upTo: text.length, isFirst: true },
  ...(files && { files }),
});
const shown = (channel = stage.general, thread?: string) =>
  discord
    .transcript(channel, thread)
    .map(({ text, files = [] }) => [text, files.map(({ name }) => name)]);

function post(fields: Partial<Delivery>, given = along(CAT, DOG), text = "look") {
  const delivery = stage.relayed({ files: given.files, ...fields });
  return platform.post(delivery, 0, piece(text, given.along), soon());
}

describe.each(["by the webhook", "by the bot"])("%s", (by) => {
  beforeEach(() => {
    if (by === "by the bot") discord.deny(stage.general, { webhooks: true });
  });
  const header = by === "by the bot" ? "**Grace:** " : "";

  test("files go in the same request, in their order, with their bytes", async () => {
    await post({});
    expect(shown()).toEqual([[`${header}look`, ["cat.png", "dog.gif"]]]);
    expect(discord.transcript(stage.general)[0]?.files?.[1]).toEqual({
      ...DOG,
      bytes: Uint8Array.from(DOG.bytes),
    });
    expect(stage.requests(by === "by the bot" ? CREATE : EXECUTE)).toBe(1);
  });

  test("a message may be nothing but files", async () => {
    await post({}, along(CAT), "");
    expect(shown()).toEqual([[header.trim(), ["cat.png"]]]);
  });

  test("files that are too large are named instead, and such a post is found", async () => {
    const large = { name: "@here [x].bin", type: "image/png", bytes: new Uint8Array(10_485_761) };
    const given = along(CAT, large);
    await post({ author: { name: "Grace" } }, given);
    expect(discord.posts).toMatchObject([{ pings: [] }]);
    const [[text, files] = []] = shown();
    expect(String(text).replaceAll("\u200b", "").replaceAll("\u2060", "")).toBe(
      `${header}look\n📎 cat.png (1 kB)\n📎 @here \\[x\\].bin (10.5 MB)`,
    );
    expect(files).toEqual([]);
    const delivery = stage.relayed({ files: given.files, outcomeUnknown: true });
    const found = await platform.find(delivery, 0, piece("look"), soon());
    expect(found).toEqual({ status: "posted", externalId: discord.posts[0]?.id });
  });

  test("such a post is found when its files went along, and another text is not it", async () => {
    const given = along(CAT);
    await post({}, given);
    const find = (text: string) =>
      platform.find(stage.relayed({ files: given.files }), 0, piece(text), soon());
    expect(await find("look")).toMatchObject({ status: "posted" });
    expect(await find("loo")).toMatchObject({ status: "unsure" });
  });

  test("a post of a forum has them too", async () => {
    const forum = discord.addForum("ideas");
    if (by === "by the bot") discord.deny(forum, { webhooks: true });
    const id = await post({ channel: forum, content: "look" });
    expect(shown(forum, id)).toEqual([[`${header}look`, ["cat.png", "dog.gif"]]]);
  });

  test("an edit of the text keeps them", async () => {
    const id = await post({});
    await platform.edit(stage.relayed({ hasFiles: true }), id, piece("seen"), soon());
    expect(shown()).toEqual([[`${header}seen`, ["cat.png", "dog.gif"]]]);
  });

  test("an edit of a message that has lost its files takes them away", async () => {
    const id = await post({});
    await platform.edit(stage.relayed({ hasFiles: false }), id, piece("seen"), soon());
    expect(shown()).toEqual([[`${header}seen`, []]]);
  });
});

test("a file that Convex no longer has is named; the others go along", async () => {
  const given = along(CAT, DOG);
  await post({}, { ...given, along: given.along.slice(1) });
  expect(shown()).toEqual([["look\n📎 cat.png (1 kB)", ["dog.gif"]]]);
});

test("names that would not fit are counted", async () => {
  const many = Array.from({ length: 10 }, (_, index) => image(`${index}${"x".repeat(90)}.png`));
  const given = along(...many);
  const text = "y".repeat(1_600);
  await post({}, { ...given, along: [] }, text);
  const [[said] = []] = shown();
  expect(String(said).length).toBeLessThanOrEqual(2_000);
  expect(said).toMatch(/\n📎 7 more files$/);
});

test("where the bot may attach no files, its text is posted", async () => {
  discord.deny(stage.general, { webhooks: true, files: true });
  await post({}, along(CAT));
  expect(shown()).toEqual([["**Grace:** look\n📎 cat.png (1 kB)", []]]);
});

test("a post whose answer is lost is not repeated by its nonce", async () => {
  discord.deny(stage.general, { webhooks: true });
  discord.answerNext(CREATE, "500AfterAccept");
  await expect(post({})).rejects.toMatchObject({ certain: false });
  await post({});
  expect(shown()).toHaveLength(1);
});

test("files go along whichever version of undici was loaded first, as Slack's client loads another", async () => {
  const dispatcher = getGlobalDispatcher();
  const other = new Agent();
  setGlobalDispatcher(other);
  try {
    await post({}, along(CAT));
  } finally {
    setGlobalDispatcher(dispatcher);
    await other.close();
  }
  expect(shown()).toEqual([["look", ["cat.png"]]]);
});
