import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import type { Delivery, Platform } from "../../../bridges/platform.ts";
import { rejection, Stage } from "./stage.ts";

/* Edits and deletes of relayed messages, by whatever posted them. */

let stage: Stage;
let discord: Stage["discord"];
let platform: Platform;

beforeEach(async () => {
  stage = await Stage.open();
  discord = stage.discord;
  platform = await started();
});

afterEach(async () => {
  expect(discord.refused).toEqual([]);
  await stage.close();
});

const soon = () => AbortSignal.timeout(10_000);
const piece = (text: string) => ({ text, upTo: text.length, isFirst: true });
const post = (fields: Partial<Delivery> = {}) =>
  platform.post(stage.relayed(fields), 0, piece("first"), soon());
const edit = (id: string, text = "second", fields: Partial<Delivery> = {}, by = platform) =>
  by.edit(stage.relayed(fields), id, piece(text), soon());
const remove = (id: string, fields: Partial<Delivery> = {}, by = platform) =>
  by.remove(stage.relayed(fields), id, soon());
const refusal = (work: Promise<unknown>) => rejection(work, PlatformError);
const texts = (thread?: string) =>
  discord.transcript(stage.general, thread).map(({ text }) => text);

async function started(): Promise<Platform> {
  const bridge = stage.bridge();
  await stage.listen(bridge);
  return bridge;
}

describe("what the webhook posted", () => {
  test("is edited without a ping, and deleted, once and again", async () => {
    const id = await post();
    await edit(id, `@everyone ${discord.mention(stage.ada)}`);
    expect(discord.transcript(stage.general)).toMatchObject([
      { id, edited: true, text: `@everyone ${discord.mention(stage.ada)}` },
    ]);
    await remove(id);
    await remove(id);
    expect(texts()).toEqual([]);
    // A copy that a moderator has deleted needs no edit.
    await edit(id);
  });

  test("in a thread is edited and deleted there; when the thread is gone, nothing is left to do", async () => {
    const root = discord.say({ channel: stage.general, person: stage.ada, text: "root" });
    const threadId = discord.openThread({ channel: stage.general, id: root, name: "T" });
    const id = await post({ threadId });
    await edit(id, "second", { threadId });
    expect(texts(threadId)).toEqual(["second"]);
    discord.removeThread(threadId);
    await edit(id, "third", { threadId });
    await remove(id, { threadId });
  });

  test("is edited and deleted by the process that knows the webhook after the permission is gone", async () => {
    const id = await post();
    discord.deny(stage.general, { webhooks: true });
    await edit(id);
    expect(texts()).toEqual(["second"]);
    await remove(id);
    expect(texts()).toEqual([]);
  });

  test.each([
    ["the permission is gone", () => discord.deny(stage.general, { webhooks: true })],
    ["the webhook is gone", () => discord.guild.removeWebhook(only())],
  ])(
    "can't be edited after a restart when %s, which is no fault of the channel",
    async (_, act) => {
      const id = await post();
      act();
      const failed = await refusal(edit(id, "second", {}, await started()));
      expect(failed).toMatchObject({ code: "50005", retryable: false, mapping: false });
      expect(failed.message).toMatch(/webhook/);
      expect(texts()).toEqual(["first"]);
    },
  );

  test("can't be deleted when the webhook is gone, which says what to allow", async () => {
    const id = await post();
    discord.guild.removeWebhook(only());
    const failed = await refusal(remove(id));
    expect(failed).toMatchObject({ code: "50013", retryable: false, mapping: false });
    expect(failed.step).toMatch(/Manage Messages/);
    discord.remove({ channel: stage.general, id });
    await remove(id);
  });

  test("is not edited a second time after a lost answer, and may be asked again", async () => {
    const id = await post();
    discord.answerNext("PATCH webhooks/:id/:token/messages/:message", "500AfterAccept");
    expect(await refusal(edit(id))).toMatchObject({ retryable: true, certain: false });
    await edit(id);
    expect(texts()).toEqual(["second"]);
  });
});

describe("what the bot posted", () => {
  test("is edited and deleted after the bot has got a webhook, and keeps the name in front", async () => {
    discord.deny(stage.general, { webhooks: true });
    const id = await post();
    discord.deny(stage.general, {});
    const next = await started();
    await edit(id, "second", {}, next);
    expect(texts()).toEqual(["**Grace:** second"]);
    await remove(id, {}, next);
    expect(texts()).toEqual([]);
  });

  test("that somebody deleted needs no edit", async () => {
    discord.deny(stage.general, { webhooks: true });
    const id = await post();
    discord.remove({ channel: stage.general, id });
    await edit(id);
    await remove(id);
  });
});

function only(): string {
  const [webhook] = discord.guild.webhooksOf(stage.general);
  if (!webhook) throw new Error("there is no webhook");
  return webhook.id;
}
