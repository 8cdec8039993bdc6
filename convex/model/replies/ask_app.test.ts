import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Id } from "../../_generated/dataModel.js";
import type { ActionCtx } from "../../_generated/server.js";
import { askApp } from "./ask_app.ts";
import { completionFailure } from "./ai_service/completion_errors.ts";
import { AnswerError, type AnswerFunction } from "./question.ts";

const QUESTION = {
  text: "hi",
  messages: [{ role: "user" as const, content: "Bob: hi", name: "Bob", sentAt: 1 }],
  instructions: "You are a bot.",
  // Ids are opaque.
  channel: { id: "c" as Id<"channels">, name: "general" },
  conversation: { id: "v" as Id<"conversations"> },
  asker: { name: "Bob" },
};
const CTX = {} as ActionCtx;
const USAGE = { promptTokens: 1, completionTokens: 2 };

/** What becomes of something that an app's function does, whatever its types say. */
async function outcome(answer: (...args: Parameters<AnswerFunction>) => unknown) {
  return await askApp(CTX, answer as AnswerFunction, QUESTION).catch(completionFailure);
}

const given = (value: unknown) => outcome(() => Promise.resolve(value));
const yielded = (...pieces: unknown[]) =>
  outcome(async function* () {
    for (const piece of pieces) yield await Promise.resolve(piece);
  });

describe("an app's function says", () => {
  test.each<[string, unknown, object]>([
    ["a text", "Hi", { content: "Hi" }],
    ["nothing", null, { content: null }],
    ["an answer", { content: "Hi", usage: USAGE }, { content: "Hi", usage: USAGE }],
    ["nothing, at a price", { content: null, usage: USAGE }, { content: null, usage: USAGE }],
    ["an answer of which only the text is known", { content: "Hi", usage: "2" }, { content: "Hi" }],
    ["what stands behind the reasoning", "<think>a</think>Hi", { content: "Hi" }],
    ["half a character", "Hi \ud83d", { content: "Hi \ufffd" }],
  ])("%s", async (_what, value, answer) => {
    expect(await given(value)).toEqual(answer);
  });

  test("no more than can be stored, once cut and with one note", async () => {
    const first = await given("😀".repeat(200_000));
    const content = "content" in first ? (first.content ?? "") : "";
    expect(content).toMatch(/^😀+\n\n_The answer ends here[^_]*_$/u);
    expect(Buffer.byteLength(content)).toBeLessThan(500_000);
    expect(await given(content)).toEqual({ content });
  });

  test("pieces, which are one answer, with the sum of their usage", async () => {
    const usage = { promptTokens: 2, completionTokens: 4 };
    expect(await yielded("H", { usage: USAGE }, "", "i", { usage: USAGE })).toEqual({
      ...{ content: "Hi", usage },
    });
    expect(await yielded({ usage: USAGE })).toEqual({ content: null, usage: USAGE });
    expect(await yielded("H", { usage: USAGE }, { content: "Ho", usage: USAGE })).toEqual({
      ...{ content: "Ho", usage },
    });
    expect(await yielded("H", { content: null })).toEqual({ content: null });
  });

  test.each(["x", ""])("pieces of %j without end, of which enough are read", async (piece) => {
    let closed = false;
    const endless = async function* () {
      try {
        for (;;) yield await Promise.resolve(piece.repeat(10_000));
      } finally {
        closed = true;
      }
    };
    await outcome(endless);
    expect(closed).toBe(true);
  });
});

describe("an app's function fails", () => {
  test.each([undefined, 7, {}, [], ["Hi"], { content: 7 }, () => "Hi"])(
    "for good with %o, which is no answer",
    async (value) => {
      const reason = expect.stringMatching(/^convex\/answer.ts gave .* of type \w+: it has to/);
      expect(await given(value)).toEqual({ reason, retryable: false });
    },
  );

  test.each([7, null, {}, { content: 7 }])("for good with the piece %o", async (piece) => {
    expect(await yielded("Hi", piece)).toMatchObject({ retryable: false });
  });

  test.each(["", " \n", "<think>a</think>", "\u200b"])(
    "with %j, which shows nothing",
    async (text) => {
      const failure = { retryable: true, mostAttempts: 2 };
      expect(await given(text)).toMatchObject(failure);
      expect(await yielded(text)).toMatchObject(failure);
    },
  );

  const fails = (error: unknown) =>
    outcome(() => {
      throw error;
    });

  test.each<[unknown, string]>([
    [new TypeError("sk-secret"), "TypeError"],
    [new (class Odd extends Error {})("sk-secret"), "Odd"],
    [Object.assign(new Error("sk-secret"), { name: "what Bob wrote" }), "Error"],
    [new OpenAI.APIConnectionError({ message: "sk-secret" }), "APIConnectionError"],
    ["sk-secret", "string"],
    [undefined, "undefined"],
  ])("with an error, of which only the class is told", async (error, name) => {
    const reason = `convex/answer.ts failed (${name})`;
    expect(await fails(error)).toEqual({ reason, retryable: true });
    expect(
      await outcome(async function* () {
        yield await Promise.resolve("H");
        throw error;
      }),
    ).toEqual({ reason, retryable: true });
  });

  test("as the service says that its own client asked", async () => {
    const answered = (status: number, headers = {}) =>
      fails(OpenAI.APIError.generate(status, { message: "sk-secret" }, "", new Headers(headers)));
    expect(await answered(429, { "retry-after": "7" })).toEqual({
      ...{ reason: "convex/answer.ts failed (RateLimitError 429)", retryable: true },
      retryAfterMs: 7_000,
    });
    expect(await answered(401)).toEqual({
      ...{ reason: "convex/answer.ts failed (AuthenticationError 401)", retryable: false },
    });
  });

  test("as it says itself", async () => {
    expect(await fails(new AnswerError("the shop is closed"))).toEqual({
      ...{ reason: "the shop is closed", retryable: false },
    });
    const more = { retryable: true, retryAfterMs: 5 };
    const long = `a\n${"b".repeat(300)}`;
    expect(await fails(new AnswerError(long, more))).toEqual({
      ...{ reason: `a ${"b".repeat(198)}`, ...more },
    });
    expect(await fails(new AnswerError("a", { retryAfterMs: NaN }))).not.toHaveProperty(
      "retryAfterMs",
    );
  });
});

describe("an answer that people watch", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("is shown in place of the text so far, while more is written", async () => {
    const shown: string[] = [];
    const flush = (text: string) => Promise.resolve(shown.push(text) > 0);
    const replacing: AnswerFunction = async function* () {
      yield "Let me look.";
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      yield { content: "It is" };
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      yield " so";
    };
    const ended = askApp(CTX, replacing, QUESTION, { everyMs: 1_500, flush });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(shown).toEqual(["Let me look.", "It is"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await ended).toEqual({ content: "It is so" });
    expect(shown).toHaveLength(2);
  });
});

describe("the time limit", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each<[string, AnswerFunction]>([
    ["a function that never ends", () => new Promise(() => undefined)],
    [
      "a stream that stops in the middle",
      async function* () {
        yield "H";
        await new Promise(() => undefined);
      },
    ],
    [
      "a function that fails when it is told",
      (_ctx, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("told")));
        }),
    ],
  ])("ends %s", async (_what, answer) => {
    let signal: AbortSignal | undefined;
    const ended = outcome((ctx, question) => {
      signal = question.signal;
      return answer(ctx, question);
    });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signal?.aborted).toBe(true);
    expect(await ended).toEqual({ reason: "the AI service took too long", retryable: true });
  });
});
