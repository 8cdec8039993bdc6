import { describe, expect, test, vi } from "vitest";
import { ai, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { JUNK, oddPayloads } from "../../../test/support/odd_payloads.ts";
import { complete } from "./completion.ts";
import { completionFailure } from "./ai_service/completion_errors.ts";

useFreshBackend();

const ANSWER = {
  id: "chatcmpl-1",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "hello" } }],
  usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
};
const PROMPT = { messages: [{ role: "user" as const, content: "hi" }] };

async function ask() {
  return await complete(PROMPT).catch((error: unknown) => completionFailure(error));
}

const OF_THE_SERVICE = expect.stringMatching(/^the AI service/) as unknown;

test("an answer of any form is an answer with a text, or one that is asked for again", async () => {
  for (const { what, payload } of oddPayloads(ANSWER, new Set())) {
    ai.answers(() => Response.json(payload));
    const got = await ask();
    if ("content" in got) {
      expect([what, typeof got.content, got.content === ""]).toEqual([what, "string", false]);
      for (const count of Object.values(got.usage ?? {})) expect(typeof count).toBe("number");
    } else {
      const failure = { reason: OF_THE_SERVICE, retryable: true };
      expect([what, got]).toEqual([what, expect.objectContaining(failure)]);
    }
  }
});

test.each(JUNK)("the answer %.20s is asked for again", async (body) => {
  for (const type of ["application/json", "text/html"]) {
    ai.answers(() => new Response(body, { headers: { "content-type": type } }));
    expect(await ask()).toMatchObject({ reason: OF_THE_SERVICE, retryable: true });
  }
});

test("an answer that breaks off is a failure of the service, not of Convex", async () => {
  const body = new ReadableStream({
    start: (stream) => {
      stream.enqueue(new TextEncoder().encode('{"choices": [{"message": {"content": "H'));
      stream.error(new TypeError("terminated"));
    },
  });
  ai.answers(() => new Response(body));
  expect(await ask()).toMatchObject({ reason: expect.stringContaining("broke off") as unknown });
});

test.each([
  ["OPENAI_BASE_URL", "foo"],
  ["OPENAI_BASE_URL", "/v1"],
  ["OPENAI_BASE_URL", "ftp://ai.example/v1"],
  ["OPENAI_API_KEY", "sk-“test”"],
])("%s of %j is named, and asks nobody", async (name, value) => {
  vi.stubEnv(name, value);
  expect(await ask()).toEqual({
    reason: "no request can be made with OPENAI_BASE_URL and OPENAI_API_KEY as they are",
    retryable: false,
  });
  expect(ai.requests).toEqual([]);
});

describe("a service that does not know max_completion_tokens", () => {
  const openai = { error: { message: "Unsupported parameter: 'max_completion_tokens'" } };
  const fastApi = { detail: [{ type: "extra_forbidden", loc: ["body", "max_completion_tokens"] }] };

  test.each([
    [400, openai],
    [422, openai],
    [422, fastApi],
    [400, { object: "error", message: "('body', 'max_completion_tokens')", code: 400 }],
  ])("and says so with %s %j is asked with max_tokens", async (status, body) => {
    ai.answers(() => Response.json(body, { status }), "Hi");
    const learned = { service: "http://127.0.0.1:9/v1 m", name: "max_tokens" };
    expect(await complete({ ...PROMPT, model: "m" })).toMatchObject({ content: "Hi", learned });
    const [first, second] = ai.requests;
    expect(first).not.toHaveProperty("max_tokens");
    expect(second?.max_tokens).toBe(first?.max_completion_tokens);
    expect(second).not.toHaveProperty("max_completion_tokens");
  });

  test("is asked with OpenAI's name again when it knows that one", async () => {
    ai.answers(() => Response.json({ error: { param: "max_tokens" } }, { status: 400 }), "Hi");
    const got = await complete({ ...PROMPT, outputLimit: "max_tokens" });
    expect(got.learned?.name).toBe("max_completion_tokens");
  });

  test("and neither name gets two requests and a reason that names it", async () => {
    ai.always((request) => {
      const param = request.max_tokens === undefined ? "max_completion_tokens" : "max_tokens";
      return Response.json({ error: { param } }, { status: 400 });
    });
    expect(await ask()).toEqual({
      reason: "the AI service returned 400, and names max_tokens",
      retryable: false,
    });
    expect(ai.requests).toHaveLength(2);
  });

  test("is nothing that other refusals mean", async () => {
    ai.answers(() => Response.json({ error: { param: "temperature" } }, { status: 400 }));
    expect(await ask()).toMatchObject({ retryable: false });
    expect(ai.requests).toHaveLength(1);
  });
});
