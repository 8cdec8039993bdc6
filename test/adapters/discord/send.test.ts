import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FatalError, PlatformError } from "../../../bridges/core/shared/errors.ts";
import { rejection, Stage } from "./stage.ts";

let stage: Stage;
let discord: Stage["discord"];

beforeEach(async () => {
  stage = await Stage.open();
  discord = stage.discord;
});

afterEach(async () => {
  expect(discord.refused).toEqual([]);
  await stage.close();
});

const piece = (text: string) => ({ text, upTo: text.length });
const soon = () => AbortSignal.timeout(10_000);
const refusal = (work: Promise<unknown>) => rejection(work, PlatformError);

describe("the Discord adapter posts", () => {
  test("a reply to the question, pinging nobody and unfurling nothing", async () => {
    const question = discord.say({ channel: stage.general, person: stage.ada, text: "hi" });
    const text = `@everyone @here ${discord.mention(stage.ada)} hello https://example.com`;
    const id = await stage
      .bridge()
      .post(stage.delivery({ replyTo: question }), 0, piece(text), soon());
    expect(discord.posts).toMatchObject([
      { id, channel: stage.general, text, replyTo: question, pings: [] },
    ]);
    expect(discord.posts[0]?.body).toMatchObject({
      enforce_nonce: true,
      flags: 4,
      message_reference: { message_id: question, fail_if_not_exists: false },
      allowed_mentions: { parse: [], replied_user: false },
    });
  });

  test("each part once, however often it is retried, even after a lost response", async () => {
    const [one, other] = [stage.bridge(), stage.bridge()];
    discord.answerNext("POST channels/:id/messages", "500AfterAccept");
    const lost = await refusal(one.post(stage.delivery(), 0, piece("once"), soon()));
    expect(lost).toMatchObject({ code: "500", retryable: true, certain: false });
    const id = await other.post(stage.delivery(), 0, piece("once"), soon());
    expect(await one.post(stage.delivery(), 0, piece("once"), soon())).toBe(id);
    expect(discord.posts).toHaveLength(1);
    await one.post(stage.delivery(), 1, piece("the second part"), soon());
    expect(discord.posts.map(({ text, replyTo }) => [text, replyTo])).toEqual([
      ["once", undefined],
      ["the second part", undefined],
    ]);
  });

  test("only the first part as a reply", async () => {
    const question = discord.say({ channel: stage.general, person: stage.ada, text: "hi" });
    await stage.bridge().post(stage.delivery({ replyTo: question }), 1, piece("more"), soon());
    expect(discord.posts[0]).not.toHaveProperty("replyTo");
  });

  test("into the thread it came from", async () => {
    const root = discord.say({ channel: stage.general, person: stage.ada, text: "root" });
    const threadId = discord.openThread({ channel: stage.general, id: root, name: "T" });
    const question = discord.say({
      channel: stage.general,
      thread: threadId,
      person: stage.ada,
      text: "q",
    });
    await stage
      .bridge()
      .post(stage.delivery({ threadId, replyTo: question }), 0, piece("a"), soon());
    expect(discord.posts).toMatchObject([{ thread: threadId, replyTo: question, text: "a" }]);
  });

  test("into a thread that it opens at the question, once, even with two processes", async () => {
    const question = discord.say({ channel: stage.general, person: stage.ada, text: "how?" });
    const work = stage.delivery({
      replyTo: question,
      threadId: question,
      content: "**Like** this:\n1.",
    });
    const [one, other] = [stage.bridge(), stage.bridge()];
    discord.answerNext("POST channels/:id/messages/:message/threads", "500AfterAccept");
    const lost = await refusal(one.post(work, 0, piece("Like this"), soon()));
    expect(lost).toMatchObject({ retryable: true, certain: true });
    expect(discord.posts).toEqual([]);
    const id = await other.post(work, 0, piece("Like this"), soon());
    expect(await one.post(work, 0, piece("Like this"), soon())).toBe(id);
    await one.post(work, 1, piece("1."), soon());
    expect(discord.posts.map(({ thread, text }) => [thread, text])).toEqual([
      [question, "Like this"],
      [question, "1."],
    ]);
    expect(discord.posts[0]).not.toHaveProperty("replyTo");
    const opened = stage.requests("POST channels/:id/messages/:message/threads");
    // The one whose response was lost, one that found the thread open, and one by the process that did not know of it.
    expect(opened).toBe(3);
  });

  test("within its deadline: a request that hung may have been carried out, one that was never sent was not", async () => {
    const platform = stage.bridge();
    discord.answerNext("POST channels/:id/messages", "hangAfterAccept");
    const hung = platform.post(stage.delivery(), 0, piece("a"), AbortSignal.timeout(300));
    // Waits behind the first one in the library's queue for that channel until its deadline.
    const next = platform.post(stage.delivery(), 1, piece("b"), AbortSignal.timeout(150));
    expect(await refusal(next)).toMatchObject({ code: "timeout", certain: true });
    expect(await refusal(hung)).toMatchObject({ code: "timeout", certain: false, retryable: true });
    expect(discord.posts.map(({ text }) => text)).toEqual(["a"]);
  });

  test("nothing again by itself after a server error", async () => {
    discord.answerNext("POST channels/:id/messages", 502);
    await refusal(stage.bridge().post(stage.delivery(), 0, piece("a"), soon()));
    expect(stage.requests("POST channels/:id/messages")).toBe(1);
  });

  test("not during a long rate limit, which it reports with its duration", async () => {
    discord.answerNext("POST channels/:id/messages", { retryAfter: 30 });
    const limited = await refusal(stage.bridge().post(stage.delivery(), 0, piece("a"), soon()));
    expect(limited).toMatchObject({ code: "429", retryable: true, certain: true });
    expect(limited.retryAfterMs).toBeGreaterThanOrEqual(30_000);
    expect(discord.posts).toEqual([]);
  });

  test("not without permission, and names what to allow", async () => {
    discord.deny(stage.general, { send: true });
    const refused = await refusal(stage.bridge().post(stage.delivery(), 0, piece("a"), soon()));
    expect(refused).toMatchObject({
      code: "50013",
      retryable: false,
      certain: true,
      mapping: true,
    });
    expect(refused.step).toMatch(/Send Messages/);
  });

  test("not with a reset token, which ends the bridge", async () => {
    const platform = stage.bridge();
    const { fatal } = await stage.listen(platform);
    discord.answerNext("POST channels/:id/messages", 401);
    expect(await refusal(platform.post(stage.delivery(), 0, piece("a"), soon()))).toMatchObject({
      code: "401",
      retryable: true,
      certain: true,
    });
    expect(fatal[0]).toBeInstanceOf(FatalError);
  });
});

describe("the Discord adapter changes", () => {
  test("a post, and removes it; removing a deleted one succeeds", async () => {
    const platform = stage.bridge();
    const id = await platform.post(stage.delivery(), 0, piece("first"), soon());
    await platform.edit(stage.delivery(), id, piece("second @everyone"), soon());
    expect(discord.transcript(stage.general)).toMatchObject([{ id, text: "second @everyone" }]);
    await platform.remove(stage.delivery(), id, soon());
    await platform.remove(stage.delivery(), id, soon());
    expect(discord.transcript(stage.general)).toEqual([]);
    const gone = await refusal(platform.edit(stage.delivery(), id, piece("third"), soon()));
    expect(gone).toMatchObject({ code: "10008", retryable: false, mapping: false });
  });
});
