import { describe, expect, test, vi } from "vitest";
import { api, internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { completion } from "../../../test/support/convex/ai.ts";
import { ai, backend, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { gone, openChannel, say } from "../../../test/support/convex/seed_chat.ts";
import { failure, pass, rows } from "../../../test/support/convex/backend.ts";

useFreshBackend();

describe("loadContext", () => {
  test("gives the ten newest, oldest first, people as `name: text`", async () => {
    const { channelId, authorId } = await openChannel();
    ai.always(() => completion(null));
    await say(channelId, authorId, ...Array.from({ length: 9 }, (_, i) => `m${i + 1}`));
    await backend.t.mutation(internal.index.writeAgentResponse, { channelId, content: "reply" });
    await say(channelId, authorId, "last");
    expect(await backend.t.query(internal.index.loadContext, { channelId })).toEqual([
      ...Array.from({ length: 8 }, (_, i) => ({ role: "user", content: `Ann: m${i + 2}` })),
      { role: "assistant", content: "reply" },
      { role: "user", content: "Ann: last" },
    ]);
  });

  test("names what is missing", async () => {
    const load = (channelId: Id<"channels">) =>
      failure(backend.t.query(internal.index.loadContext, { channelId }));
    expect(await load(await gone("channels"))).toBe("Channel not found");
    const { channelId, authorId } = await openChannel();
    await say(channelId, authorId, "hi");
    await backend.t.run(async (ctx) => ctx.db.delete(authorId));
    expect(await load(channelId)).toBe("User not found");
  });
});

describe("generateResponse", () => {
  const generate = (channelId: Id<"channels">) =>
    backend.t.action(internal.index.generateResponse, { channelId });

  test("alone, with the channel's id and nothing else, stores one answer to what was said", async () => {
    const { channelId, authorId } = await openChannel();
    await backend.t.run(async (ctx) =>
      ctx.db.insert("messages", { channelId, authorId, content: "what is up?" }),
    );
    ai.answers("the sky");
    expect(await generate(channelId)).toBeNull();
    expect(ai.requests).toEqual([
      expect.objectContaining({
        url: "http://127.0.0.1:9/v1/chat/completions",
        authorization: "Bearer sk-test",
        model: "gpt-4o",
        messages: [{ role: "user", content: "Ann: what is up?" }],
      }),
    ]);
    const [newest] = await backend.nobody.query(api.index.listMessages, { channelId });
    expect(newest).toMatchObject({ channelId, content: "the sky" });
  });

  test("stores an answer that the service cut within a character with U+FFFD", async () => {
    const { channelId, authorId } = await openChannel();
    await backend.t.run(async (ctx) =>
      ctx.db.insert("messages", { channelId, authorId, content: "smile" }),
    );
    ai.answers("cut \ud83d");
    await generate(channelId);
    const [newest] = await backend.nobody.query(api.index.listMessages, { channelId });
    expect(newest?.content).toBe("cut \ufffd");
  });

  test("asks the model that OPENAI_MODEL names", async () => {
    vi.stubEnv("OPENAI_MODEL", "gpt-small");
    await generate((await openChannel()).channelId);
    expect(ai.requests[0]?.model).toBe("gpt-small");
  });

  test("caps what one answer may cost", async () => {
    await generate((await openChannel()).channelId);
    expect(ai.requests[0]?.max_completion_tokens).toBeGreaterThan(0);
  });

  test("caps what one question may cost, as in mapped channels", async () => {
    // Without `fitContext`, ten messages of any length would be sent.
    const { channelId, authorId } = await openChannel();
    await backend.t.run(async (ctx) => {
      for (let i = 0; i < 10; i++) {
        await ctx.db.insert("messages", { channelId, authorId, content: "x".repeat(50_000) });
      }
    });
    await generate(channelId);
    const sent = ai.requests[0]?.messages.map(({ content }) => content).join("") ?? "";
    expect(sent.length).toBeLessThan(100_000);
  });

  test.each([
    ["null", () => completion(null)],
    ["nothing", () => completion("")],
    ["no choices", () => Response.json({ choices: [] })],
  ])("says so when the answer holds %s, and stores nothing", async (_name, answer) => {
    const { channelId } = await openChannel();
    ai.answers(answer);
    expect(await failure(generate(channelId))).toBe("No content in response");
    expect(await rows(backend, "messages")).toEqual([]);
  });

  test("names a channel that is gone, and asks nobody", async () => {
    expect(await failure(generate(await gone("channels")))).toBe("Channel not found");
    expect(ai.requests).toEqual([]);
  });

  test("without a key only generating fails; every other function of the file works", async () => {
    vi.stubEnv("OPENAI_API_KEY", undefined);
    const { channelId, authorId } = await openChannel();
    await say(channelId, authorId, "hi");
    expect(await backend.nobody.query(api.index.listMessages, { channelId })).toHaveLength(1);
    expect(await backend.nobody.query(api.index.listLatestMessages, { channelId })).toHaveLength(1);
    expect(await backend.t.query(internal.index.loadContext, { channelId })).toHaveLength(1);
    expect(await failure(generate(channelId))).toContain("OPENAI_API_KEY");
    expect(ai.requests).toEqual([]);
  });

  test("an answer that arrives after the channel was mapped is dropped", async () => {
    const { channelId, authorId } = await openChannel();
    const release = ai.holds("too late");
    await say(channelId, authorId, "hi");
    await vi.advanceTimersByTimeAsync(0);
    await backend.admin.mutation(api.admin.map, {
      platform: "discord",
      externalId: "100000000000000001",
      adopt: channelId,
    });
    release();
    await pass(backend, 1_000);
    const stored = await rows(backend, "messages");
    expect(ai.requests).toHaveLength(1);
    expect(stored.map(({ content }) => content)).toEqual(["hi"]);
  });
});
