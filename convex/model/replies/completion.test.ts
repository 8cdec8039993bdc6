import { expect, test } from "vitest";
import { ai, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { refused } from "../../../test/support/convex/ai.ts";
import { oddPayloads } from "../../../test/support/odd_payloads.ts";
import { complete } from "./completion.ts";
import { completionFailure } from "./completion_errors.ts";

useFreshBackend();

const ANSWER = {
  id: "chatcmpl-1",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "hello" } }],
  usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
};
const PROMPT = { messages: [{ role: "user" as const, content: "hi" }] };

test("an answer of any form is an answer with a text, or one that is asked for again", async () => {
  for (const { what, payload } of oddPayloads(ANSWER, new Set())) {
    ai.answers(() => Response.json(payload));
    const got = await complete(PROMPT).catch((error: unknown) => completionFailure(error));
    if ("content" in got) {
      expect([what, typeof got.content, got.content === ""]).toEqual([what, "string", false]);
      for (const count of Object.values(got.usage ?? {})) expect(typeof count).toBe("number");
    } else
      expect([what, got]).toEqual([
        what,
        { reason: "the AI service gave no usable answer", retryable: true },
      ]);
  }
});

test.each(["", "null", "[]", "7", '"text"', "{}", '{"choices":null}', "<html>busy</html>"])(
  "the answer %s is asked for again",
  async (body) => {
    for (const type of ["application/json", "text/html"]) {
      ai.answers(() => new Response(body, { headers: { "content-type": type } }));
      const failure = await complete(PROMPT).catch((error: unknown) => completionFailure(error));
      expect(failure).toEqual({ reason: "the AI service gave no usable answer", retryable: true });
    }
  },
);

test.each([
  ["20", 20_000],
  ["0", undefined],
  ["-5", undefined],
  ["soon", undefined],
])("a Retry-After of %s is a wait of %s ms", async (header, wait) => {
  ai.answers(() => refused(429, { "retry-after": header }));
  const failure = await complete(PROMPT).catch((error: unknown) => completionFailure(error));
  expect(failure).toEqual({
    reason: "the AI service is limiting requests",
    retryable: true,
    ...(wait !== undefined && { retryAfterMs: wait }),
  });
});
