import OpenAI, {
  APIConnectionTimeoutError,
  AuthenticationError,
  InternalServerError,
  RateLimitError,
} from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { answerTo } from "./answers.ts";
import { type OpenAiStandIn, startOpenAiStandIn } from "./stand_in.ts";

let standIn: OpenAiStandIn | undefined;
afterEach(async () => {
  await standIn?.stop();
});

async function start(): Promise<OpenAiStandIn> {
  standIn = await startOpenAiStandIn();
  return standIn;
}

const messages = [
  { role: "system" as const, content: "Be brief." },
  { role: "user" as const, content: "Ada: hi" },
  { role: "assistant" as const, content: "Hello." },
  { role: "user" as const, content: "Bob: what: now?" },
];

function ask(ai: OpenAiStandIn, options: { apiKey?: string; timeout?: number } = {}) {
  const client = new OpenAI({
    ...{ apiKey: ai.apiKey, baseURL: ai.baseUrl, maxRetries: 0 },
    ...options,
  });
  return client.chat.completions.create({ model: "gpt-4o", max_completion_tokens: 100, messages });
}

function rejection(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("the AI stand-in", () => {
  it("answers the stock client from the conversation it was sent, with usage, and records it", async () => {
    const ai = await start();
    const response = await ask(ai);
    expect(response.choices[0]?.message.content).toBe(
      "You said, Bob: “what: now?”. (I was sent 3 messages; the one before was “Hello.”.)" +
        " My instructions: “Be brief.”.",
    );
    expect(response.usage?.prompt_tokens).toBeGreaterThan(0);
    expect(response.usage?.completion_tokens).toBeGreaterThan(0);
    expect(ai.requests).toMatchObject([{ model: "gpt-4o", messages, authorised: true }]);
    expect(ai.refused).toEqual([]);
  });

  it("refuses a wrong key as OpenAI does, and records the request", async () => {
    const ai = await start();
    const error = await rejection(ask(ai, { apiKey: "sk-wrong" }));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: "invalid_api_key" });
    expect(ai.requests).toMatchObject([{ authorised: false }]);
  });

  it("applies queued faults once each and in order", async () => {
    const ai = await start();
    ai.next({ retryAfter: 7 });
    ai.next("insufficientQuota");
    ai.next(500);
    ai.next("malformed");
    ai.next("empty");
    ai.next("hang");
    const limited = await rejection(ask(ai));
    expect(limited).toBeInstanceOf(RateLimitError);
    expect(limited instanceof RateLimitError && limited.headers.get("retry-after")).toBe("7");
    expect(await rejection(ask(ai))).toMatchObject({ status: 429, code: "insufficient_quota" });
    expect(await rejection(ask(ai))).toBeInstanceOf(InternalServerError);
    expect(await rejection(ask(ai))).toBeInstanceOf(SyntaxError);
    expect((await ask(ai)).choices[0]?.message.content).toBe("");
    expect(await rejection(ask(ai, { timeout: 100 }))).toBeInstanceOf(APIConnectionTimeoutError);
    expect((await ask(ai)).choices[0]?.message.content).toContain("Bob");
  });

  it("delays an answer", async () => {
    const ai = await start();
    ai.next({ delayMs: 1_000 });
    const order: string[] = [];
    const slow = ask(ai).then(() => order.push("slow"));
    while (ai.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([slow, ask(ai).then(() => order.push("fast"))]);
    expect(order).toEqual(["fast", "slow"]);
  });

  it("refuses and records what it does not implement", async () => {
    const ai = await start();
    const client = new OpenAI({ apiKey: ai.apiKey, baseURL: ai.baseUrl, maxRetries: 0 });
    expect(await rejection(client.models.list())).toMatchObject({ status: 501 });
    const sampled = client.chat.completions.create({ model: "gpt-4o", messages: [] });
    expect(await rejection(sampled)).toMatchObject({ status: 501 });
    expect(ai.refused).toMatchObject([
      "GET /v1/models",
      expect.stringContaining("POST /v1/chat/completions"),
    ]);
  });
});

describe("a stream", () => {
  async function streamed(ai: OpenAiStandIn): Promise<{ text: string; last: unknown }> {
    const client = new OpenAI({ apiKey: ai.apiKey, baseURL: ai.baseUrl, maxRetries: 0 });
    const stream = await client.chat.completions.create({
      ...{ model: "gpt-4o", messages, stream: true, stream_options: { include_usage: true } },
    });
    let text = "";
    let last: unknown;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      last = chunk;
    }
    return { text, last };
  }

  it("is the answer in pieces, with the usage at the end", async () => {
    const ai = await start();
    const whole = (await ask(ai)).choices[0]?.message.content;
    const { text, last } = await streamed(ai);
    expect(text).toBe(whole);
    expect(last).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number) } });
  });

  it("breaks off, is refused, or says another text, as a fault says", async () => {
    const ai = await start();
    ai.next({ streaming: { everyMs: 0, halfway: "destroy" } });
    expect(await rejection(streamed(ai))).toBeInstanceOf(Error);
    ai.next({ streaming: { everyMs: 0, halfway: "error" } });
    expect(await rejection(streamed(ai))).toBeInstanceOf(Error);
    ai.next({ streaming: { everyMs: 0, text: "ab".repeat(50_000) } });
    expect((await streamed(ai)).text).toHaveLength(100_000);
    ai.next("refusesStreamOptions");
    expect(await rejection(streamed(ai))).toMatchObject({ status: 400 });
    expect(await rejection(streamed(ai))).toMatchObject({ status: 400 });
  });
});

describe("a tool", () => {
  const tools = [
    {
      type: "function" as const,
      function: { name: "search", parameters: { type: "object", properties: {} } },
    },
  ];
  const question = { role: "user" as const, content: 'Ada: use search with {"word": "tea"}' };
  const client = (ai: OpenAiStandIn) =>
    new OpenAI({ apiKey: ai.apiKey, baseURL: ai.baseUrl, maxRetries: 0 }).chat.completions;

  it("that is offered and asked for is called, and what it says is in the answer", async () => {
    const ai = await start();
    const first = await client(ai).create({ model: "gpt-4o", messages: [question], tools });
    const [choice] = first.choices;
    expect(choice).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
    const [call] = choice?.message.tool_calls ?? [];
    if (!choice || !call) throw new Error("nothing was called");
    expect(call).toMatchObject({ function: { name: "search", arguments: '{"word": "tea"}' } });
    const result = { role: "tool" as const, tool_call_id: call.id, content: "green" };
    const messages = [question, choice.message, result];
    const second = await client(ai).create({ model: "gpt-4o", messages, tools });
    expect(second.choices[0]?.message.content).toContain("A tool says: “green”.");
    expect(ai.refused).toEqual([]);

    for (const wrong of [messages.slice(0, 2), [question, result]]) {
      const refused = client(ai).create({ model: "gpt-4o", messages: wrong, tools });
      expect(await rejection(refused)).toMatchObject({ status: 400 });
    }
  });

  it("that is not offered is not called", async () => {
    const ai = await start();
    const answer = await client(ai).create({ model: "gpt-4o", messages: [question] });
    expect(answer.choices[0]?.finish_reason).toBe("stop");
  });
});

describe("answerTo", () => {
  it("shows the number of messages, the previous one, and the author", () => {
    expect(answerTo([{ role: "user", content: "Ada: hi" }])).toBe(
      "You said, Ada: “hi”. (I was sent 1 message.)",
    );
    const reversed = [...messages].reverse();
    expect(answerTo(reversed)).not.toBe(answerTo(messages));
    expect(answerTo(messages.slice(1))).not.toBe(answerTo(messages));
    expect(answerTo(messages.slice(2))).not.toBe(answerTo(messages));
  });

  it("says that an answer was cut", async () => {
    const ai = await start();
    const client = new OpenAI({ apiKey: ai.apiKey, baseURL: ai.baseUrl, maxRetries: 0 });
    const content = "Ada: Tell me a story without an end";
    const answer = await client.chat.completions.create({
      ...{ model: "gpt-4o", messages: [{ role: "user" as const, content }] },
    });
    expect(answer.choices[0]?.finish_reason).toBe("length");
  });

  it("quotes on one line, cut at 120 characters and never within a character", () => {
    const answer = answerTo([{ role: "user", content: `Ada: a\n\nb ${"🦀".repeat(200)}` }]);
    expect(answer).toContain(`“a b ${"🦀".repeat(116)}…”`);
  });

  it("writes a long reply on request: about 5,000 characters, no two lines alike", () => {
    const answer = answerTo([{ role: "user", content: "Ada: please WRITE A LONG REPLY" }]);
    expect(answer.length).toBeGreaterThan(4_500);
    expect(answer.length).toBeLessThan(5_500);
    const fences = [...answer.matchAll(/^```(\w*)\n([\s\S]*?)\n```$/gm)];
    expect(fences.map((fence) => fence[1])).toEqual(["ts", "sh"]);
    expect(fences[0]?.[2]?.length).toBeGreaterThan(2_000);
    const lines = answer.split("\n").filter((line) => line !== "" && line !== "```");
    expect(new Set(lines).size).toBe(lines.length);
  });
});
