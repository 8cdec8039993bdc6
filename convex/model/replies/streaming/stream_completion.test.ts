import { afterEach, beforeEach, expect, test } from "vitest";
import { AiService, completion } from "../../../../test/support/convex/ai.ts";
import { startBackend, stopBackend } from "../../../../test/support/convex/backend.ts";
import { AiFailure } from "../ai_service/completion_errors.ts";
import { streamCompletion } from "./stream_completion.ts";

const PROMPT = { messages: [{ role: "user" as const, content: "hi" }] };
const USAGE = { promptTokens: 11, completionTokens: 7 };

let ai: AiService;
beforeEach(async () => {
  await startBackend();
  ai = new AiService();
});
afterEach(stopBackend);

async function pieces(): Promise<unknown[]> {
  const given: unknown[] = [];
  try {
    for await (const piece of streamCompletion(PROMPT)) given.push(piece);
  } catch (error) {
    given.push(error instanceof AiFailure ? error.failure : error);
  }
  return given;
}

const chunk = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ choices: [{ delta, ...more }] })}\n\n`;
const said = (content: string) => chunk({ content });
const STOP = chunk({}, { finish_reason: "stop" });
const COUNTED = `data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}\n\ndata: [DONE]\n\n`;

/** The bytes of a stream in blocks of any size. */
function inBlocks(text: string, size: number): () => Response {
  const bytes = new TextEncoder().encode(text);
  return () =>
    new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size)
            controller.enqueue(bytes.slice(at, at + size));
          controller.close();
        },
      }),
    );
}

test.each([1, 7, 100_000])(
  "text comes in pieces, then the whole of it, in blocks of %i bytes",
  async (size) => {
    ai.answers(inBlocks(said("Grüß ") + said("Gott 😀") + STOP + COUNTED, size));
    expect(await pieces()).toEqual(["Grüß ", "Gott 😀", { content: "Grüß Gott 😀", usage: USAGE }]);
  },
);

test("the whole is without the reasoning before it", async () => {
  ai.answers(inBlocks(said("<think>hm</think>") + said("Hi") + STOP, 10));
  expect(await pieces()).toEqual(["<think>hm</think>", "Hi", { content: "Hi" }]);
});

test("a service that repeats the message with each piece, and at the end, says it once", async () => {
  const both = (content: string, so: string) => chunk({ content }, { message: { content: so } });
  const message = { content: "Hello" };
  const end = `data: ${JSON.stringify({ choices: [{ message, finish_reason: "stop" }] })}\n\n`;
  ai.answers(inBlocks(both("He", "He") + both("llo", "Hello") + end, 10));
  expect(await pieces()).toEqual(["He", "llo", { content: "Hello" }]);
});

test("a service that sends JSON is understood", async () => {
  ai.answers("Hi");
  expect(await pieces()).toEqual([{ content: "Hi", usage: USAGE }]);
});

test.each(["stream_options: extra fields not permitted", "this model does not support stream"])(
  "a service that refuses to stream is asked once more without: %s",
  async (message) => {
    ai.answers(() => Response.json({ error: { message } }, { status: 422 }), "Hi");
    expect(await pieces()).toEqual([{ content: "Hi", usage: USAGE }]);
    expect(ai.requests.map((request) => "stream" in request)).toEqual([true, false]);
  },
);

test("a service that knows another limit is asked for a stream again, and that is learned", async () => {
  const message = "unknown max_completion_tokens";
  ai.answers(
    () => Response.json({ error: { message } }, { status: 400 }),
    inBlocks(said("Hi") + STOP, 10),
  );
  const learned = { service: expect.any(String) as string, name: "max_tokens" };
  expect(await pieces()).toEqual(["Hi", { content: "Hi", learned }]);
  expect(ai.requests[1]).toMatchObject({ stream: true, max_tokens: 2_000 });
});

test("a refusal of anything else is a failure", async () => {
  ai.answers(() => Response.json({ error: { message: "no", param: "messages" } }, { status: 400 }));
  expect(await pieces()).toMatchObject([{ retryable: false }]);
  ai.answers(() => Response.json({ error: { message: "no" } }, { status: 429 }));
  expect(await pieces()).toMatchObject([{ retryable: true }]);
});

test("what broke off is a failure that may pass, and what ended early is cut", async () => {
  ai.answers(() => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(said("Hi"))),
      pull: (controller) => controller.error(new TypeError("terminated")),
    });
    return new Response(body);
  });
  expect(await pieces()).toMatchObject(["Hi", { retryable: true }]);
  ai.answers(inBlocks(said("Hi"), 10));
  const note = "_The answer ends here: the AI service broke it off._";
  expect(await pieces()).toEqual(["Hi", { content: `Hi\n\n${note}` }]);
});

test("an error in the middle, a cut and a filter end it as without streaming", async () => {
  const error = `data: {"error":{"message":"overloaded","code":500}}\n\n`;
  ai.answers(inBlocks(error, 10));
  expect(await pieces()).toMatchObject([{ retryable: true }]);
  ai.answers(inBlocks(said("Hi") + error, 10));
  expect((await pieces())[1]).toMatchObject({ content: expect.stringContaining("broke it off") });
  ai.answers(inBlocks(said("Hi") + chunk({}, { finish_reason: "length" }), 10));
  expect((await pieces())[1]).toMatchObject({ content: expect.stringContaining("limit") });
  ai.answers(() => completion(null, { tool_calls: [{ id: "1" }] }));
  expect(await pieces()).toMatchObject([{ retryable: false }]);
});

test("100,000 characters take no long time", async () => {
  const words = Array.from({ length: 25_000 }, () => said("abc "));
  ai.answers(inBlocks(words.join("") + STOP, 1_000));
  const start = performance.now();
  expect((await pieces()).at(-1)).toMatchObject({ content: "abc ".repeat(25_000) });
  expect(performance.now() - start).toBeLessThan(20_000);
});
