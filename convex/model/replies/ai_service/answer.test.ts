import { describe, expect, test } from "vitest";
import { readAnswer } from "./answer.ts";
import { completionFailure } from "./completion_errors.ts";

interface Sent {
  readonly status?: number;
  readonly headers?: Record<string, string>;
}

function read(body: unknown, { status = 200, headers = {} }: Sent = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  try {
    return readAnswer({ status, headers: new Headers(headers), body: text });
  } catch (error) {
    return completionFailure(error);
  }
}

const choice = (message: unknown, more: object = {}) => ({
  choices: [{ index: 0, finish_reason: "stop", message, ...more }],
});
const said = (content: unknown, more?: object) => choice({ role: "assistant", content }, more);

describe("a completion says", () => {
  test.each<[string, unknown, string]>([
    ["its content", said("Hi"), "Hi"],
    ["its content as it stands", said("  Hi\n"), "  Hi\n"],
    [
      "its parts",
      said([
        { type: "text", text: "H" },
        { type: "text", text: "i" },
      ]),
      "Hi",
    ],
    [
      "its parts that are not reasoning",
      said([
        { type: "thinking", thinking: [] },
        { type: "text", text: "Hi" },
      ]),
      "Hi",
    ],
    ["parts without a type", said(["H", { text: "i" }, null, 7]), "Hi"],
    ["parts with a value", said([{ type: "text", text: { value: "Hi" } }]), "Hi"],
    ["one part", said({ type: "text", text: "Hi" }), "Hi"],
    ["a refusal", choice({ content: null, refusal: "I can't." }), "I can't."],
    ["a refusal beside nothing", choice({ content: "", refusal: "I can't." }), "I can't."],
    ["a refusal in a part", said([{ type: "refusal", refusal: "I can't." }]), "I can't."],
    ["its text beside tools", choice({ content: "Hi", tool_calls: [{ id: "1" }] }), "Hi"],
    ["its text beside an error", { ...said("Hi"), error: null }, "Hi"],
    [
      "the first choice with a text",
      { choices: [null, {}, ...said("").choices, ...said("Hi").choices] },
      "Hi",
    ],
    ["what an older endpoint calls text", { choices: [{ text: "Hi" }] }, "Hi"],
    ["what a stream calls delta", { choices: [{ delta: { content: "Hi" } }] }, "Hi"],
    ["half a character", said("Hi \ud83d"), "Hi \ufffd"],
    ["what stands behind its reasoning", said("<think>a</think>Hi"), "Hi"],
    ["nothing of its reasoning", choice({ content: "Hi", reasoning_content: "a" }), "Hi"],
  ])("%s", (_name, body, content) => {
    expect(read(body)).toEqual({ content });
  });

  test.each(["stop", "end_turn", "eos", "STOP", "tool_calls", "", null, undefined, 7, {}])(
    "all of it where it ended with %j",
    (finish_reason) => {
      expect(read(said("Hi", { finish_reason }))).toEqual({ content: "Hi" });
    },
  );

  test.each([
    ["length", "limit of its length"],
    ["MAX_TOKENS", "limit of its length"],
    ["max_output_tokens", "limit of its length"],
    ["model_length", "limit of its length"],
    ["content_filter", "content filter"],
    ["SAFETY", "content filter"],
    ["error", "broke it off"],
    ["insufficient_system_resource", "broke it off"],
    ["abort", "broke it off"],
  ])("that it was cut where it ended with %s", (finish_reason, note) => {
    const content = expect.stringMatching(
      new RegExp(`^Hi\n\n_The answer ends here: .*${note}.*_$`),
    ) as unknown;
    expect(read(said("Hi", { finish_reason }))).toEqual({ content });
  });

  test("no more than can be stored, and that it was cut", () => {
    const answer = read(said("😀".repeat(200_000)));
    expect(JSON.stringify(answer).length).toBeLessThan(600_000);
    expect(answer).toMatchObject({
      content: expect.stringMatching(/^😀+\n\n_The answer ends/u) as unknown,
    });
  });

  test.each([
    {},
    null,
    [],
    "many",
    { prompt_tokens: "1", completion_tokens: 2 },
    { prompt_tokens: 1 },
  ])("the same with the usage %j", (usage) => {
    expect(read({ ...said("Hi"), usage })).toEqual({ content: "Hi" });
  });

  test("what it cost", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    expect(read({ ...said("Hi"), usage })).toMatchObject({
      usage: { promptTokens: 1, completionTokens: 2 },
    });
  });
});

const LIMITED = "the AI service used its 2000 tokens, the output limit, before it answered";
const UNUSABLE = "the AI service gave no usable answer";
const NO_JSON = "the AI service's answer is not JSON, or broke off (is OPENAI_BASE_URL right?)";
const MODEL = "the AI service does not know the model";
const KEY = "the AI service refused the key (OPENAI_API_KEY)";

describe("a completion without an answer", () => {
  test.each<[string, unknown, string]>([
    ["at the limit", said("", { finish_reason: "length" }), LIMITED],
    ["with only reasoning, at the limit", said("<think>a", { finish_reason: "length" }), LIMITED],
    [
      "that was filtered",
      said(null, { finish_reason: "content_filter" }),
      "the AI service's content filter withheld the answer",
    ],
    [
      "with a tool",
      choice({ content: null, tool_calls: [{ id: "1" }] }),
      "the AI service called a tool instead of answering",
    ],
    [
      "with a function",
      choice({ content: null, function_call: { name: "f" } }),
      "the AI service called a tool instead of answering",
    ],
  ])("%s is the same when asked again", (_name, body, reason) => {
    expect(read(body)).toEqual({ reason, retryable: false });
  });

  test.each([
    "",
    " \n\n ",
    "\u200b",
    "<!-- a -->",
    "<think>a</think>",
    "<think>a",
    null,
    7,
    [],
    {},
  ])("with the content %j is asked for once more", (content) => {
    expect(read(said(content))).toEqual({ reason: UNUSABLE, retryable: true, mostAttempts: 2 });
  });

  test.each([{}, "7", '"text"', { choices: null }, { choices: [] }, choice(null), { choices: {} }])(
    "of the form %j is asked for again",
    (body) => {
      expect(read(body)).toEqual({ reason: UNUSABLE, retryable: true });
    },
  );

  test.each(["", "null", "<html>busy</html>", '{"choices":[{"message":{"content":"H', "[]"])(
    "that is not even JSON says so: %j",
    (body) => {
      expect(read(body)).toEqual({ reason: NO_JSON, retryable: true });
    },
  );
});

describe("an error", () => {
  test.each<[unknown, string, boolean]>([
    [{ error: { message: "overloaded", code: 502 } }, "the AI service returned 502", true],
    [{ error: { message: "no", code: "502" } }, "the AI service returned 502", true],
    [{ error: { message: "no", code: 401 } }, KEY, false],
    [{ error: { message: "no", code: "invalid_api_key" } }, KEY, false],
    [
      { error: { message: "no", type: "insufficient_quota" } },
      "the AI account has no credit left",
      false,
    ],
    [{ error: { code: 429 } }, "the AI service is limiting requests", true],
    [{ error: "overloaded" }, "the AI service reported an error", true],
    [{ error: { code: "constructor" } }, "the AI service reported an error", true],
    [{ object: "error", message: "no", code: 400 }, "the AI service returned 400", false],
    [{ code: 503, msg: "busy" }, "the AI service returned 503", true],
    [
      { choices: [{ message: { content: "" }, finish_reason: "error", error: { code: 502 } }] },
      "the AI service returned 502",
      true,
    ],
  ])("with status 200, %j, is what its code says", (body, reason, retryable) => {
    expect(read(body)).toEqual({ reason, retryable });
  });

  test.each<[number, unknown, string]>([
    [402, {}, "the AI account has no credit left"],
    [400, { error: { message: "no", param: "model" } }, MODEL],
    [400, { error: { message: "Model Not Exist", param: null } }, MODEL],
    [404, { error: { message: "no such thing", code: null } }, MODEL],
    [404, { object: "error", message: "The model does not exist." }, MODEL],
    [
      404,
      { error: { message: "Invalid URL (POST /v1/x)" } },
      "there is no AI service at OPENAI_BASE_URL",
    ],
    [404, { detail: "Not Found" }, "there is no AI service at OPENAI_BASE_URL"],
    [404, "<html>", "there is no AI service at OPENAI_BASE_URL"],
    [
      400,
      { error: { message: "no", param: "messages[0].role" } },
      "the AI service returned 400, and names messages[0].role",
    ],
    [
      422,
      { detail: [{ loc: ["body", "max_tokens"] }] },
      "the AI service returned 422, and names max_tokens",
    ],
    [400, { error: { message: "no", param: "what people wrote" } }, "the AI service returned 400"],
    [
      400,
      { error: { code: "context_length_exceeded" } },
      "the conversation is too long for the AI service",
    ],
    [
      400,
      { message: "This model's maximum context length is 9" },
      "the conversation is too long for the AI service",
    ],
    [
      400,
      { error: { code: "content_filter" } },
      "the AI service's content filter refused the question",
    ],
    [400, "", "the AI service returned 400"],
    [400, [{ error: { code: 400, message: "no" } }], "the AI service returned 400"],
    [418, {}, "the AI service returned 418"],
  ])("with status %s, %j, is final", (status, body, reason) => {
    expect(read(body, { status })).toEqual({ reason, retryable: false });
  });

  const soon = new Date(Date.now() + 60_000).toUTCString();
  test.each([429, 503, 529])(
    "with status %s names a wait in seconds, in ms or as a date",
    (status) => {
      const wait = (headers: Record<string, string>) => read("", { status, headers });
      expect(wait({ "retry-after": "20" })).toMatchObject({ retryAfterMs: 20_000 });
      expect(wait({ "retry-after-ms": "30", "retry-after": "20" })).toMatchObject({
        retryAfterMs: 30,
      });
      const { retryAfterMs = 0 } = wait({ "retry-after": soon }) as { retryAfterMs?: number };
      expect(retryAfterMs).toBeGreaterThan(50_000);
      expect(retryAfterMs).toBeLessThanOrEqual(60_000);
      for (const none of ["0", "-5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"])
        expect(wait({ "retry-after": none })).not.toHaveProperty("retryAfterMs");
    },
  );
});
