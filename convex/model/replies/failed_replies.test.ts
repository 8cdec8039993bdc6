import { describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import { FAILURE_NOTICE } from "./notices.ts";
import { completion, ended, hangs, refused } from "../../../test/support/convex/ai.ts";
import { EVE, said } from "../../../test/support/convex/events.ts";
import { ai, backend } from "../../../test/support/convex/fresh.ts";
import { channelId, room, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { exchange, Worker } from "../../../test/support/convex/worker.ts";

useFreshRoom();

/** What people see on the platform, in order. */
async function outgoing(): Promise<string[]> {
  const messages = new Map((await rows(backend, "messages")).map((row) => [row._id, row.content]));
  return (await rows(backend, "deliveries")).map(({ messageId }) => messages.get(messageId) ?? "");
}

const TEMPORARY = [
  ["429", () => refused(429)],
  ["429 with a time to wait", () => refused(429, { "retry-after": "7" })],
  ["500", () => refused(500)],
  ["503", () => refused(503)],
  ["408", () => refused(408)],
  ["no answer in time", hangs],
  ["no connection", () => Promise.reject(new TypeError("fetch failed"))],
  [
    "a body that is no JSON",
    () => new Response("<html>", { headers: { "content-type": "application/json" } }),
  ],
  ["JSON that is no completion", () => Response.json({ hello: 1 })],
] as const;

/** Paid for each time, and the same twice is certain. */
const SILENT = [
  ["an empty answer", () => completion("")],
  ["an answer of null", () => completion(null)],
  ["an answer of white space", () => completion(" \n\n ")],
  ["an answer of comments", () => completion("<!-- nothing to add -->")],
  ["nothing but reasoning", () => completion("<think>so</think>")],
] as const;

const FINAL = [
  ["401", () => refused(401)],
  ["403", () => refused(403)],
  ["404, an unknown model", () => refused(404)],
  ["400", () => refused(400)],
  ["429 without credit", () => refused(429, {}, "insufficient_quota")],
  ["an answer at the limit of its length", () => ended("", "length")],
  ["an answer that is only reasoning, and cut", () => ended("<think>so", "length")],
  ["a filtered answer", () => ended(null, "content_filter")],
  ["200 with an error that no retry mends", () => Response.json({ error: { code: 401 } })],
] as const;

describe("an answer that is one", () => {
  test.each([
    ["a refusal", () => completion(null, { refusal: "I can't." }), "I can't."],
    ["one with reasoning", () => completion("<think>a</think>\n\nHi"), /^Hi$/],
    ["one without usage", () => completion("Hi", {}, { usage: {} }), "Hi"],
    ["one that was cut", () => ended("Hi", "length"), /^Hi\n\n_The answer ends here/],
  ] as const)("%s is posted once, and the AI reads the same", async (_name, answer, text) => {
    ai.answers(answer);
    await exchange(backend, room);
    await exchange(backend, room, { content: "and?" });
    const [posted = ""] = await outgoing();
    expect(posted).toMatch(text);
    expect(ai.requests).toHaveLength(2);
    expect(ai.requests[1]?.messages.map(({ content }) => content)[1]).toBe(posted);
  });

  test("the limit's name that a service knows is remembered for its model", async () => {
    ai.always((request) =>
      request.max_completion_tokens === undefined
        ? completion("Hi")
        : Response.json({ error: { param: "max_completion_tokens" } }, { status: 400 }),
    );
    await exchange(backend, room);
    expect(ai.requests).toHaveLength(2);
    await exchange(backend, room);
    expect(ai.requests).toHaveLength(3);
    vi.stubEnv("OPENAI_MODEL", "another");
    await exchange(backend, room);
    await exchange(backend, room);
    expect(ai.requests).toHaveLength(6);
    expect(await rows(backend, "outputLimits")).toHaveLength(2);
    expect(await outgoing()).toEqual(["Hi", "Hi", "Hi", "Hi"]);
  });
});

describe("what may pass", () => {
  test.each([...TEMPORARY, ...SILENT])(
    "%s once: the reply comes all the same, and nobody hears of it",
    async (_n, answer) => {
      ai.answers(answer, "here it is");
      await exchange(backend, room);
      await vi.advanceTimersByTimeAsync(61_000);
      await pass(backend, 30_000);
      expect(await outgoing()).toEqual(["here it is"]);
      expect(ai.requests).toHaveLength(2);
      expect(await rows(backend, "replies")).toMatchObject([{ state: "done", attempt: 2 }]);
    },
  );

  test.each(TEMPORARY)(
    "%s every time: three attempts, then exactly one notice",
    async (_n, answer) => {
      ai.always(answer);
      await exchange(backend, room);
      for (let i = 0; i < 3; i++) {
        await vi.advanceTimersByTimeAsync(61_000);
        await pass(backend, 20_000);
      }
      expect(ai.requests).toHaveLength(3);
      expect(await outgoing()).toEqual([FAILURE_NOTICE]);
      expect(await rows(backend, "replies")).toMatchObject([{ state: "failed", attempt: 3 }]);
      await pass(backend, 600_000);
      expect(ai.requests).toHaveLength(3);
      expect(await outgoing()).toHaveLength(1);
    },
  );

  test.each(SILENT)("%s every time: two attempts, then exactly one notice", async (_n, answer) => {
    ai.always(answer);
    await exchange(backend, room);
    await pass(backend, 600_000);
    expect(ai.requests).toHaveLength(2);
    expect(await outgoing()).toEqual([FAILURE_NOTICE]);
  });

  test("a wait that the service asks for is kept", async () => {
    ai.answers(() => refused(429, { "retry-after": "40" }), "here it is");
    await exchange(backend, room);
    await pass(backend, 38_000);
    expect(ai.requests).toHaveLength(1);
    await pass(backend, 4_000);
    expect(ai.requests).toHaveLength(2);
  });

  test("a service that asks to wait for a day does not mute the conversation for a day", async () => {
    ai.answers(() => refused(429, { "retry-after": "86400" }));
    await exchange(backend, room);
    await pass(backend, 3_600_000);
    expect(await outgoing()).toHaveLength(1);
  });

  test("an answer whose body never ends is given up after the time limit", async () => {
    ai.answers(
      () =>
        new Response(new ReadableStream({ start() {} }), {
          headers: { "content-type": "application/json" },
        }),
      "here it is",
    );
    await exchange(backend, room);
    await vi.advanceTimersByTimeAsync(61_000);
    await pass(backend, 120_000);
    expect(await outgoing()).toEqual(["here it is"]);
  });
});

describe("what does not pass", () => {
  test.each(FINAL)("%s: one attempt and exactly one notice", async (_name, answer) => {
    ai.always(answer);
    await exchange(backend, room);
    await pass(backend, 600_000);
    expect(ai.requests).toHaveLength(1);
    expect(await outgoing()).toEqual([FAILURE_NOTICE]);
    expect(await rows(backend, "replies")).toMatchObject([{ state: "failed" }]);
  });

  test("no key: one notice, and a reason that says which setting is missing", async () => {
    vi.stubEnv("OPENAI_API_KEY", undefined);
    await exchange(backend, room);
    await pass(backend, 60_000);
    expect(await outgoing()).toEqual([FAILURE_NOTICE]);
    const [reply] = await rows(backend, "replies");
    expect(reply?.reason).toContain("OPENAI_API_KEY");
  });

  test("is not told more than once in ten minutes in one conversation", async () => {
    ai.always(() => refused(401));
    for (let i = 0; i < 4; i++) {
      await exchange(backend, room, { author: i % 2 === 0 ? EVE : { ...EVE, externalId: "9" } });
      await pass(backend, 60_000);
    }
    expect(await outgoing()).toEqual([FAILURE_NOTICE]);
    await exchange(backend, room, { threadId: "7" });
    expect(await outgoing()).toEqual([FAILURE_NOTICE, FAILURE_NOTICE]);
    await pass(backend, 600_000);
    await exchange(backend, room);
    expect(await outgoing()).toHaveLength(3);
  });

  test("leaves the conversation able to answer as soon as the cause is resolved", async () => {
    ai.answers(() => refused(401));
    await exchange(backend, room);
    await exchange(backend, room, { content: "now?" });
    expect(await outgoing()).toEqual([FAILURE_NOTICE, "answer 2"]);
  });

  test("never names the key or what people wrote", async () => {
    vi.stubEnv("OPENAI_API_KEY", "sk-very-secret");
    const bodies = [401, 400, 500].map(
      (status) => () => Response.json({ error: { message: "sk-very-secret hello" } }, { status }),
    );
    for (const body of bodies) {
      ai.always(body);
      await exchange(backend, room);
      await pass(backend, 60_000);
    }
    const reasons = (await rows(backend, "replies")).map(({ reason }) => reason).join();
    expect(reasons).not.toMatch(/secret|hello/);
  });
});

describe("a notice", () => {
  test("is seen by people and never by the AI", async () => {
    ai.answers(() => refused(401));
    await exchange(backend, room, { content: "one" });
    await pass(backend, 1_000);
    await exchange(backend, room, { content: "two" });
    expect(ai.requests[1]?.messages.map(({ content }) => content)).toEqual([
      "Bob: one",
      "Bob: two",
    ]);
    const listed = await backend.admin.query(api.index.listLatestMessages, { channelId });
    expect(listed.map(({ content }) => content)).toEqual([
      "one",
      FAILURE_NOTICE,
      "two",
      "answer 2",
    ]);
  });

  test("goes to the thread and the person it is about, in its turn", async () => {
    ai.answers("fine", () => refused(401));
    await exchange(backend, room, { threadId: "7" });
    const question = said(room, { threadId: "7" });
    await backend.discord.mutation(api.bridge.ingest, { events: [question], advance: [] });
    await settleDown(backend);
    const worker = new Worker(backend);
    await worker.post("8001");
    expect(await worker.take()).toMatchObject({
      threadId: "7",
      replyTo: question.externalId,
      content: FAILURE_NOTICE,
    });
  });
});
