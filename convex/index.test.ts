import { describe, expect, test } from "vitest";
import { api, internal } from "./_generated/api.js";
import type { Id } from "./_generated/dataModel.js";
import { completion } from "../test/support/convex/ai.ts";
import { ai, backend, useFreshBackend } from "../test/support/convex/fresh.ts";
import { gone, openChannel, say } from "../test/support/convex/seed_chat.ts";
import { failure, rows, settleDown } from "../test/support/convex/backend.ts";

useFreshBackend();

describe("sendMessage", () => {
  test("stores the message with its public fields and no others", async () => {
    const { channelId, authorId } = await openChannel();
    await say(channelId, authorId, "hi");
    const [message] = await rows(backend, "messages");
    expect(message).toEqual({
      _id: message?._id,
      _creationTime: message?._creationTime,
      channelId,
      authorId,
      content: "hi",
    });
  });

  test("schedules one generateResponse for each message", async () => {
    const { channelId, authorId } = await openChannel();
    await say(channelId, authorId, "one", "two", "three");
    const jobs = await backend.t.run(async (ctx) =>
      ctx.db.system.query("_scheduled_functions").collect(),
    );
    expect(jobs.map(({ name, args }) => [name, args])).toEqual(
      Array.from({ length: 3 }, () => ["index:generateResponse", [{ channelId }]]),
    );
  });

  test("is answered once for each message, with the answer as a message of nobody", async () => {
    const { channelId, authorId } = await openChannel();
    ai.answers("hello Ann", "still here");
    await say(channelId, authorId, "one", "two");
    await settleDown(backend);
    const listed = await backend.nobody.query(api.index.listMessages, { channelId });
    expect(listed.map(({ content, authorId: by }) => [content, by])).toEqual([
      ["still here", undefined],
      ["hello Ann", undefined],
      ["two", authorId],
      ["one", authorId],
    ]);
    expect(ai.requests).toHaveLength(2);
  });

  test("names what is missing: first the channel, then the user", async () => {
    const { channelId, authorId } = await openChannel();
    const send = (args: { channelId: Id<"channels">; authorId: Id<"users"> }) =>
      failure(backend.nobody.mutation(api.index.sendMessage, { ...args, content: "x" }));
    const noChannel = await gone("channels");
    const noUser = await gone("users");
    expect(await send({ channelId: noChannel, authorId: noUser })).toBe("Channel not found");
    expect(await send({ channelId, authorId: noUser })).toBe("User not found");
    expect(await send({ channelId, authorId })).toBe("ok");
    expect(await rows(backend, "messages")).toHaveLength(1);
  });
});

describe("listMessages", () => {
  test("gives the ten newest, newest first, with exactly the public fields", async () => {
    const { channelId, authorId } = await openChannel();
    ai.always(() => completion(null));
    await say(channelId, authorId, ...Array.from({ length: 12 }, (_, i) => `m${i + 1}`));
    const listed = await backend.nobody.query(api.index.listMessages, { channelId });
    expect(listed.map(({ content }) => content)).toEqual(
      Array.from({ length: 10 }, (_, i) => `m${12 - i}`),
    );
    for (const message of listed) {
      expect(Object.keys(message).sort()).toEqual(
        ["_creationTime", "_id", "authorId", "channelId", "content"].sort(),
      );
    }
  });

  test("gives the AI's messages no author field at all", async () => {
    const { channelId } = await openChannel();
    await backend.t.mutation(internal.index.writeAgentResponse, { channelId, content: "I am" });
    const [message] = await backend.nobody.query(api.index.listMessages, { channelId });
    expect(Object.keys(message ?? {}).sort()).toEqual(
      ["_creationTime", "_id", "channelId", "content"].sort(),
    );
  });

  test("gives nothing for a channel without messages, or one that is gone", async () => {
    const { channelId } = await openChannel();
    const list = (id: Id<"channels">) =>
      backend.nobody.query(api.index.listMessages, { channelId: id });
    expect(await list(channelId)).toEqual([]);
    expect(await list(await gone("channels"))).toEqual([]);
  });

  test("keeps channels apart", async () => {
    const first = await openChannel();
    const second = await openChannel();
    ai.always(() => completion(null));
    await say(first.channelId, first.authorId, "here");
    await say(second.channelId, second.authorId, "there");
    const { channelId } = first;
    const listed = await backend.nobody.query(api.index.listMessages, { channelId });
    expect(listed.map(({ content }) => content)).toEqual(["here"]);
  });
});

describe("listLatestMessages", () => {
  async function many(count: number) {
    const { channelId, authorId } = await openChannel();
    await backend.t.run(async (ctx) => {
      for (let i = 1; i <= count; i++) {
        await ctx.db.insert("messages", { channelId, authorId, content: `m${i}` });
      }
    });
    return channelId;
  }
  const latest = async (channelId: Id<"channels">, limit?: number) => {
    const args = { channelId, ...(limit !== undefined && { limit }) };
    const listed = await backend.nobody.query(api.index.listLatestMessages, args);
    return listed.map(({ content }) => content);
  };

  test("gives the newest fifty, oldest first", async () => {
    const listed = await latest(await many(60));
    expect(listed).toEqual(Array.from({ length: 50 }, (_, i) => `m${i + 11}`));
  });

  test("takes a limit between 1 and 200", async () => {
    const channelId = await many(210);
    expect(await latest(channelId, 3)).toEqual(["m208", "m209", "m210"]);
    expect(await latest(channelId, 2.9)).toHaveLength(2);
    expect(await latest(channelId, 0)).toEqual(["m210"]);
    expect(await latest(channelId, 1_000)).toHaveLength(200);
    expect(await latest(channelId, Number.POSITIVE_INFINITY)).toHaveLength(200);
  });

  test("a limit that is not a number is capped at the maximum", async () => {
    // Math.max and Math.min pass NaN on, and no length is >= NaN: up to 500 rows are given.
    const listed = await latest(await many(210), Number.NaN);
    expect(listed.length).toBeLessThanOrEqual(200);
  });

  test("gives nothing for a channel that is gone", async () => {
    expect(await latest(await gone("channels"))).toEqual([]);
  });
});
