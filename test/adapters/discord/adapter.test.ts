import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FatalError } from "../../../bridges/core/shared/errors.ts";
import type { DiscordOptions } from "../../../scripts/stand_ins/discord/stand_in.ts";
import { rejection, Stage } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

let stage: Stage;
let discord: Stage["discord"];

beforeEach(async () => {
  await open();
});

async function open(options?: DiscordOptions): Promise<void> {
  stage = await Stage.open(options);
  discord = stage.discord;
}

afterEach(async () => {
  expect(discord.refused).toEqual([]);
  await stage.close();
});

const soon = () => AbortSignal.timeout(10_000);
const fatalOf = (work: Promise<unknown>) => rejection(work, FatalError);

describe("the Discord adapter receives", () => {
  test("messages, edits, deletes and threads of mapped channels, in order, and nothing else", async () => {
    const elsewhere = discord.addChannel("elsewhere");
    const old = discord.say({
      channel: stage.general,
      person: stage.ada,
      text: "before the bridge",
    });
    const { events } = await stage.listen(stage.bridge());
    discord.say({ channel: elsewhere, person: stage.ada, text: "not mapped" });
    const asked = `${discord.mention(discord.botId)} hello`;
    const first = discord.say({
      channel: stage.general,
      person: stage.ada,
      text: asked,
      replyTo: old,
    });
    discord.unfurl({ channel: stage.general, id: first, embed: { title: "a preview" } });
    discord.edit({ channel: stage.general, id: old, text: "edited, though never cached" });
    const thread = discord.openThread({ channel: stage.general, id: first, name: "Details" });
    const inside = discord.say({
      channel: stage.general,
      thread,
      person: stage.ada,
      text: "in the thread",
    });
    discord.remove({ channel: stage.general, id: old });
    discord.removeMany({ channel: stage.general, thread, ids: [inside] });
    await eventually(() => expect(events).toHaveLength(5));
    expect(events).toMatchObject([
      {
        externalId: first,
        content: `<@${discord.botId}> hello`,
        mentionsBot: true,
        replyTo: old,
        author: { externalId: stage.ada, workspaceId: discord.guildId, name: "Ada" },
      },
      { externalId: old, content: "edited, though never cached" },
      { externalId: inside, threadId: thread, threadName: "Details" },
      { type: "delete", externalId: old },
      { type: "delete", externalId: inside },
    ]);
    expect(events[1]).toHaveProperty("editedAt");
    expect(events[0]).not.toHaveProperty("threadId");
    expect(events[0]).not.toHaveProperty("editedAt");
    expect(stage.requests("GET channels/:id")).toBe(0);
  });

  test("other bots and webhooks as apps, and never itself", async () => {
    const platform = stage.bridge();
    const { events } = await stage.listen(platform);
    await platform.post(stage.delivery(), 0, { text: "mine", upTo: 4 }, soon());
    const app = discord.say({
      channel: stage.general,
      person: discord.addBot("Other"),
      text: "beep",
    });
    const hook = discord.say({
      channel: stage.general,
      person: discord.addWebhook("CI"),
      text: "built",
    });
    await eventually(() => expect(events).toHaveLength(2));
    expect(events).toMatchObject([
      { externalId: app, fromApp: true },
      { externalId: hook, fromApp: true },
    ]);
  });

  test("messages from the time of a lost connection, when the session resumes", async () => {
    const { events, fatal } = await stage.listen(stage.bridge());
    discord.closeGateway(4000);
    const missed = discord.say({
      channel: stage.general,
      person: stage.ada,
      text: "are you there?",
    });
    await eventually(() => expect(events).toMatchObject([{ externalId: missed }]), 5_000);
    expect(fatal).toEqual([]);
  });

  test("nothing after its intake stopped, while posting still works", async () => {
    const platform = stage.bridge();
    const { events } = await stage.listen(platform);
    platform.stopIntake();
    discord.say({ channel: stage.general, person: stage.ada, text: "late" });
    await platform.post(stage.delivery(), 0, { text: "still here", upTo: 10 }, soon());
    expect(discord.posts.map((post) => post.text)).toEqual(["still here"]);
    expect(events).toEqual([]);
  });
});

describe("the Discord adapter fails with a step", () => {
  test("when Discord refuses the token", async () => {
    expect((await fatalOf(stage.listen(stage.bridge("not-a-token")))).step).toMatch(/Reset Token/);
  });

  test("when the Message Content intent is off", async () => {
    await stage.close();
    await open({ messageContentIntent: false });
    expect((await fatalOf(stage.listen(stage.bridge()))).step).toMatch(
      /Privileged Gateway Intents > Message Content Intent/,
    );
  });

  test("when Discord later closes the connection with a final code", async () => {
    const { fatal } = await stage.listen(stage.bridge());
    discord.closeGateway(4004);
    await eventually(() => expect(fatal).toHaveLength(1));
    expect(fatal[0]).toBeInstanceOf(FatalError);
  });

  test("but not when it is closed before it connects", async () => {
    discord.answerNext("GET gateway/bot", "hang");
    const platform = stage.bridge();
    const starting = stage.listen(platform);
    const failed = expect(starting).rejects.not.toBeInstanceOf(FatalError);
    await eventually(() => expect(discord.wire.length).toBeGreaterThan(0));
    await platform.close();
    await platform.close();
    await failed;
  });
});
