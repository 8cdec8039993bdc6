import { afterEach, describe, expect, test, vi } from "vitest";
import { api } from "./_generated/api.js";
import * as file from "./answer.ts";
import type { Answer, AnswerFunction, Question } from "./model/replies/question.ts";
import { IDS, pass, rows, settleDown } from "../test/support/convex/backend.ts";
import { EVE, said } from "../test/support/convex/events.ts";
import { ai, backend, ingest } from "../test/support/convex/fresh.ts";
import { channelId, room, spoken, useFreshRoom } from "../test/support/convex/fresh_room.ts";
import { exchange } from "../test/support/convex/worker.ts";

/** The app's file may promise less than it may return. */
const app: { answer: AnswerFunction } = file;

useFreshRoom();

afterEach(() => {
  vi.restoreAllMocks();
});

type Given = string | Answer | null;

/** Answers as an app does. Returns the questions that it is given. */
function answers(...given: (Given | Error)[]): Question[] {
  const questions: Question[] = [];
  vi.spyOn(app, "answer").mockImplementation(async (_ctx, question) => {
    questions.push(question);
    const next = given.shift() ?? null;
    if (next instanceof Error) throw next;
    return await Promise.resolve(next);
  });
  return questions;
}

describe("an app's answer", () => {
  test("is posted in place of the AI's, and its usage counted", async () => {
    const usage = { promptTokens: 3, completionTokens: 4 };
    answers({ content: "from the app", usage });
    await exchange(backend, room);
    expect((await spoken()).at(-1)).toBe("from the app");
    expect(await rows(backend, "replies")).toMatchObject([{ state: "done", usage }]);
    expect(ai.requests).toEqual([]);
  });

  test("is asked with who said what and when, where, and who asked last", async () => {
    const questions = answers();
    const eve = said(room, { author: { ...EVE, name: "you" }, fromApp: true, content: "a\nb" });
    const bob = said(room, { content: "so?" });
    await ingest(eve, bob);
    await settleDown(backend);
    const [conversation] = await rows(backend, "conversations");
    const bobsId = (await rows(backend, "messages")).at(-1)?.authorId;
    expect(questions).toEqual([
      {
        text: "so?",
        messages: [
          {
            ...{ role: "user", name: "you (a person)", sentAt: eve.sentAt },
            content: "you (a person): a\n  b",
          },
          { role: "user", name: "Bob", sentAt: bob.sentAt, content: "Bob: so?" },
        ],
        instructions: expect.stringMatching(/^You are the assistant of this chat, in /) as unknown,
        channel: { id: channelId, name: expect.any(String) as unknown },
        conversation: { id: conversation?._id },
        asker: { name: "Bob", userId: bobsId },
        signal: expect.any(AbortSignal) as unknown,
      },
    ]);
  });

  test("names the thread and the channel's model", async () => {
    const questions = answers();
    const place = { platform: "discord", externalId: IDS.discord } as const;
    await backend.admin.mutation(api.admin.change, { ...place, model: "m" });
    await exchange(backend, room, { threadId: "77", content: "in here?" });
    expect(questions).toMatchObject([{ model: "m", conversation: { threadId: "77" } }]);
  });
});

describe("nothing to say", () => {
  test("posts nothing, ends the reply, and later questions are asked", async () => {
    answers(null, "now");
    await exchange(backend, room);
    expect(await rows(backend, "replies")).toMatchObject([
      { state: "done", reason: "nothing to say", seen: expect.any(String) as unknown },
    ]);
    expect(await rows(backend, "deliveries")).toEqual([]);
    await exchange(backend, room, { content: "and now?" });
    expect((await spoken()).at(-1)).toBe("now");
    expect(await rows(backend, "replies")).toHaveLength(2);
  });

  test("asks for who asked meanwhile", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const spy = vi.spyOn(app, "answer").mockImplementation(async () => {
      await held;
      return null;
    });
    await ingest(said(room, { content: "one" }));
    await settleDown(backend);
    await pass(backend, 1_000);
    await ingest(said(room, { content: "two" }));
    release();
    await settleDown(backend);
    await pass(backend, 1_000);
    expect(spy).toHaveBeenCalledTimes(2);
    expect(await rows(backend, "deliveries")).toEqual([]);
  });

  test("in a thread does not make the bot one of those who talk there", async () => {
    answers(null);
    await exchange(backend, room, { threadId: "77", content: "in here?" });
    for (const row of await rows(backend, "conversations"))
      expect(row).not.toHaveProperty("joined");
  });
});

test("an app that fails is asked again, and its failure is told without what people wrote", async () => {
  const secret = "what Bob wrote";
  const questions = answers(...[1, 2, 3].map(() => new RangeError(secret)));
  await exchange(backend, room);
  await pass(backend, 60_000);
  expect(questions).toHaveLength(3);
  const reason = "convex/answer.ts failed (RangeError)";
  expect(await rows(backend, "replies")).toMatchObject([{ state: "failed", reason }]);
  expect(JSON.stringify(await backend.admin.query(api.admin.status, {}))).not.toContain(secret);
});
