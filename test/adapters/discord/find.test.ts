import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import type { Delivery, Platform } from "../../../bridges/platform.ts";
import { rejection, Stage } from "./stage.ts";

let stage: Stage;
let discord: Stage["discord"];
let platform: Platform;
let question: string;

beforeEach(async () => {
  stage = await Stage.open({ rateLimits: "generous" });
  discord = stage.discord;
  platform = stage.bridge();
  question = discord.say({ channel: stage.general, person: stage.ada, text: "why?" });
});

afterEach(async () => {
  expect(discord.refused).toEqual([]);
  await stage.close();
});

const piece = (text: string) => ({ text, upTo: text.length });
const soon = () => AbortSignal.timeout(10_000);

/** A delivery so old that Discord may have forgotten its nonce. */
const old = (fields: Partial<Delivery> = {}): Delivery =>
  stage.delivery({ replyTo: question, outcomeUnknown: true, ageMs: 200_000, ...fields });
const find = (delivery: Delivery, part: number, text: string) =>
  platform.find(delivery, part, piece(text), soon());
const post = (delivery: Delivery, part: number, text: string) =>
  platform.post(delivery, part, piece(text), soon());

describe("a post whose response was lost", () => {
  test("can be repeated while Discord knows its nonce, without a search", async () => {
    expect(await find(old({ ageMs: 90_000 }), 0, "because")).toEqual({ status: "repeatable" });
    expect(stage.requests("GET channels/:id/messages")).toBe(0);
  });

  test("is searched for even while Discord knows its nonce, if it must not be sent again", async () => {
    const unwanted = old({ ageMs: 90_000, onlyFind: true });
    expect(await find(unwanted, 0, "because")).toEqual({ status: "absent" });
    const id = await post(unwanted, 0, "because");
    expect(await find(unwanted, 0, "because")).toEqual({ status: "posted", externalId: id });
  });

  test("is found by its author, its question and its text", async () => {
    const id = await post(old(), 0, " because\n\nof that  ");
    discord.say({ channel: stage.general, person: stage.ada, text: "because of that" });
    expect(await find(old(), 0, " because\n\nof that  ")).toEqual({
      status: "posted",
      externalId: id,
    });
  });

  test("is absent when it was not posted, whatever other messages there are", async () => {
    discord.say({ channel: stage.general, person: stage.ada, text: "because" });
    const other = discord.say({ channel: stage.general, person: stage.ada, text: "and why?" });
    await post(old({ replyTo: other, deliveryId: "d2" as Delivery["deliveryId"] }), 0, "because");
    expect(await find(old(), 0, "because")).toEqual({ status: "absent" });
  });

  test("is found without a reference if the question had been deleted", async () => {
    discord.remove({ channel: stage.general, id: question });
    const id = await post(old(), 0, "because");
    expect(await find(old(), 0, "because")).toEqual({ status: "posted", externalId: id });
  });

  test("is found among several pages of messages", async () => {
    for (let n = 0; n < 130; n++)
      discord.say({ channel: stage.general, person: stage.ada, text: `line ${n}` });
    const id = await post(old(), 0, "because");
    expect(await find(old(), 0, "because")).toEqual({ status: "posted", externalId: id });
    expect(stage.requests("GET channels/:id/messages")).toBe(2);
  });

  test("is not confused with one made before or after its time", async () => {
    const id = await post(old(), 0, "because");
    expect(await find(old({ firstClaimedAt: Date.now() + 90_000 }), 0, "because")).toEqual({
      status: "absent",
    });
    const past = { firstClaimedAt: Date.now() - 900_000, unknownUntil: Date.now() - 600_000 };
    expect(await find(old(past), 0, "because")).toEqual({ status: "absent" });
    expect(await find(old(), 0, "because")).toEqual({ status: "posted", externalId: id });
  });

  test("is uncertain when two are alike, or another post answers the question", async () => {
    await post(old(), 0, "because");
    expect(await find(old(), 0, "something else")).toMatchObject({ status: "unsure" });
    await post(old({ deliveryId: "d2" as Delivery["deliveryId"] }), 0, "because");
    expect(await find(old(), 0, "because")).toMatchObject({ status: "unsure" });
  });

  test("is searched for after the previous part", async () => {
    const early = await post(old(), 1, "same");
    const first = await post(old(), 0, "because");
    const posts = [{ part: 0, externalId: first, upTo: 7 }];
    expect(early < first).toBe(true);
    expect(await find(old({ posts }), 1, "same")).toEqual({ status: "absent" });
    const again = { deliveryId: "d2" as Delivery["deliveryId"], posts };
    const id = await post(old(again), 1, "same");
    expect(await find(old(again), 1, "same")).toEqual({ status: "posted", externalId: id });
  });

  test("is found in its thread, and absent if the thread was never opened", async () => {
    const inThread = old({ threadId: question });
    expect(await find(inThread, 0, "because")).toEqual({ status: "absent" });
    const id = await post(inThread, 0, "because");
    expect(await find(inThread, 0, "because")).toEqual({ status: "posted", externalId: id });
  });

  test("is absent from a thread that the bot has opened for it and got no further", async () => {
    await stage.listen(platform);
    const relayed = old({ relayed: true, opensThread: true, threadId: question });
    discord.answerNext("POST channels/:id/webhooks", 500);
    await platform.post(relayed, 0, piece("because"), soon()).catch(() => undefined);
    expect(discord.posts).toEqual([]);
    expect(await find(relayed, 0, "because")).toEqual({ status: "absent" });
  });

  test("cannot be searched for without permission to read history, where Discord returns an empty page", async () => {
    await post(old(), 0, "because");
    discord.deny(stage.general, { history: true });
    const refused = await rejection(find(old(), 0, "because"), PlatformError);
    expect(refused).toMatchObject({ retryable: false, mapping: true });
    expect(refused.step).toMatch(/Read Message History/);
  });
});
