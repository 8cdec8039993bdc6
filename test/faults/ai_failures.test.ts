import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { FAILURE_NOTICE } from "../../convex/model/replies/notices.ts";
import { callsOf } from "../../scripts/stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import type { OpenAiFault } from "../../scripts/stand_ins/openai/stand_in.ts";
import { OutboxStage, type Room } from "./outbox_stage.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Every way in which the AI's side of an exchange can fail, all at the same time, each in a room of its own. What counts
 * is what people see in the end: one answer or one notice; never both, never two, never nothing.
 */

interface Failure {
  readonly name: string;
  readonly platform: PlatformName;
  /** The fault of each request for the room, in order. */
  readonly faults: readonly OpenAiFault[];
  /** Any other text is an answer of its own. */
  readonly ends: string;
  /** The total number of requests made for it. */
  readonly requests: number;
}

const MALFORMED = ["malformed", "malformed", "malformed"] as const;

/** A completion of a given form. */
function body(message: unknown, finish_reason: unknown = "stop", more: object = {}): OpenAiFault {
  return { body: JSON.stringify({ choices: [{ index: 0, message, finish_reason }], ...more }) };
}
const error = (status: number, error: object): OpenAiFault => ({
  status,
  body: JSON.stringify({ error }),
});
const silence = body({ content: " \n\n " });
const CUT = "Half\n\n_The answer ends here: it reached the limit of its length._";

const FAILURES: readonly Failure[] = (
  [
    ["a 429 once", [{ retryAfter: 1 }], "answer", 2],
    ["a 429 with a wait, once", [{ retryAfter: 9 }], "answer", 2],
    ["a 429 that asks to wait for an hour", [{ retryAfter: 3_600 }], "notice", 1],
    ["a 429 every time", [{ retryAfter: 1 }, { retryAfter: 1 }, { retryAfter: 1 }], "notice", 3],
    ["no credit left", ["insufficientQuota"], "notice", 1],
    ["HTTP 500 once", [500], "answer", 2],
    ["HTTP 500 every time", [500, 500, 500], "notice", 3],
    ["a refused key", [401], "notice", 1],
    ["an unknown model", [404], "notice", 1],
    ["an empty answer once", ["empty"], "answer", 2],
    ["an empty answer every time", ["empty", "empty", "empty"], "notice", 2],
    ["white space every time", [silence, silence, silence], "notice", 2],
    ["a refusal", [body({ content: null, refusal: "I can't help." })], "I can't help.", 1],
    ["nothing at the limit", [body({ content: "" }, "length")], "notice", 1],
    ["half an answer at the limit", [body({ content: "Half" }, "length")], CUT, 1],
    ["no usage", [body({ content: "Hi" }, "stop", { usage: {} })], "Hi", 1],
    ["reasoning", [body({ content: "<think>\na\n</think>\n\nHi" })], "Hi", 1],
    ["no message", [body(null)], "answer", 2],
    ["a passing error with status 200", [error(200, { code: 502 })], "answer", 2],
    ["a lasting error with status 200", [error(200, { code: 401 })], "notice", 1],
    ["a page of HTML", [{ body: "<html>", type: "text/html" }], "answer", 2],
    [
      "a stream",
      [
        {
          body: 'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n',
          type: "text/event-stream",
        },
      ],
      "Hi",
      1,
    ],
    ["a limit by an older name", [error(422, { param: "max_completion_tokens" })], "answer", 2],
    ["a malformed body once", ["malformed"], "answer", 2],
    ["a malformed body every time", MALFORMED, "notice", 3],
    ["no answer in time, once", ["hang"], "answer", 2],
  ] as const
).map(([name, faults, ends, requests], index) => ({
  ...{ name, faults, ends, requests },
  platform: PLATFORMS[index % PLATFORMS.length] ?? "discord",
}));

/** How long after each attempt the watchdog detects a lost job. */
const WATCHDOG_MS = 90_000;

let stage: OutboxStage;
const rooms = new Map<string, Room>();
const room = (name: string): Room => {
  const found = rooms.get(name);
  if (!found) throw new Error(`no room ${name}`);
  return found;
};

beforeAll(async () => {
  stage = await OutboxStage.open();
  const { openai, convex } = stage.stack;
  for (const { name, platform } of FAILURES) rooms.set(name, await stage.room(platform, name));
  for (const platform of PLATFORMS) {
    rooms.set(`lost ${platform}`, await stage.room(platform, "a job that never began"));
  }
  await stage.stack.startBridge();
  await convex.faults.loseJobs("replies:generate", PLATFORMS.length);
  for (const platform of PLATFORMS) room(`lost ${platform}`).ask("Are you there?");
  await jobsLost();
  for (const { name, faults } of FAILURES) {
    for (const fault of faults) openai.next(fault, `${name}?`);
    room(name).ask(`What of ${name}?`);
  }
}, 60_000);

/** Resolves once both jobs are lost, so that no other one will be. */
async function jobsLost(): Promise<void> {
  await eventually(
    async () => {
      const stats = await stage.stack.convex.stats();
      expect(callsOf(stats, "replies:generate", "scheduled")).toBe(PLATFORMS.length);
    },
    { timeout: 20_000, interval: 50 },
  );
}

afterAll(async () => {
  const { discord, slack, openai } = stage.stack;
  expect([...discord.refused, ...slack.refused, ...openai.refused]).toEqual([]);
  await stage.stack.stop();
});

test.each(FAILURES)(
  "$name: ends in one $ends",
  async ({ name, ends, requests }) => {
    await room(name).posted(1, 100_000);
    const [post] = room(name).posts;
    if (ends === "notice") expect(post?.text).toBe(FAILURE_NOTICE);
    else if (ends === "answer") expect(post?.text).toContain(`What of ${name}?`);
    else expect(post?.text).toBe(ends);
    const made = stage.stack.openai.requests.filter(({ messages }) =>
      messages.at(-1)?.content.includes(`${name}?`),
    );
    expect(made).toHaveLength(requests);
  },
  110_000,
);

test.each(PLATFORMS)(
  "a job that never began, on %s: the watchdog starts another, and the answer is posted",
  async (platform) => {
    const lost = room(`lost ${platform}`);
    await lost.posted(1, WATCHDOG_MS + 45_000);
    expect(lost.posts[0]?.text).toContain("Are you there?");
  },
  WATCHDOG_MS + 50_000,
);

test("nobody got a second answer or notice, and nothing is in progress", async () => {
  for (const each of rooms.values()) {
    expect(each.posts).toHaveLength(1);
    await each.expectAllOnce();
  }
});

test("a conversation whose reply failed is not blocked: the next question is answered", async () => {
  const failed = room("HTTP 500 every time");
  failed.ask("And now?");
  await failed.posted(2, 15_000);
  expect(failed.posts[1]?.text).toContain("And now?");
});
