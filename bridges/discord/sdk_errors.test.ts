import { DiscordAPIError, HTTPError, RateLimitError } from "@discordjs/rest";
import { describe, expect, test } from "vitest";
import { explain } from "./sdk_errors.ts";
import type { Attempted } from "./failures.ts";

const posting = (sent: boolean) => ({ operation: "post" as const, sent, aborted: false });
const post: Attempted = { operation: "post" };
const edit: Attempted = { operation: "edit" };
const read: Attempted = { operation: "read" };
const openThread: Attempted = { operation: "openThread", inThread: true };
const postInThread: Attempted = { operation: "post", inThread: true };
const readThread: Attempted = { operation: "read", inThread: true };
const SECRET = "what the model said";
const request = { body: { content: SECRET }, files: undefined };

const refused = (code: number, status: number) =>
  new DiscordAPIError({ code, message: "no" }, code, status, "POST", "http://x", request);
const broken = (code: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
const limited = (timeToReset: number) =>
  new RateLimitError({
    timeToReset,
    retryAfter: timeToReset,
    sublimitTimeout: 0,
    limit: 5,
    method: "POST",
    hash: "h",
    url: "http://x",
    route: "/channels/:id/messages",
    majorParameter: "1",
    global: false,
    scope: "user",
  });

describe("a failed request to Discord", () => {
  test.each<[string, Error, Attempted, object]>([
    ["a deleted channel", refused(10003, 404), post, { code: "10003", mapping: true }],
    ["a hidden channel", refused(50001, 403), post, { mapping: true, step: /View Channel/ }],
    ["no permission to send", refused(50013, 403), post, { mapping: true, step: /Send Messages/ }],
    ["no permission to open threads", refused(50013, 403), openThread, { step: /Create Public/ }],
    ["no permission to read", refused(160002, 400), post, { step: /Read Message History/ }],
    ["a malformed body", refused(50035, 400), post, { mapping: false, step: undefined }],
    ["an unlisted code", refused(30031, 400), edit, { mapping: false, step: undefined }],
    ["a server the bot has left", refused(10004, 404), post, { mapping: true, step: /Invite/ }],
    ["a forum", refused(40058, 400), post, { mapping: true, step: /post of the forum/ }],
    [
      "no permission to read a channel",
      refused(50013, 403),
      read,
      { step: /Read Message History/ },
    ],
    ["a deleted thread, on a post", refused(10003, 404), postInThread, { mapping: false }],
    ["a deleted thread, on a read", refused(10003, 404), readThread, { mapping: false }],
    [
      "a hidden channel, on a post in a thread",
      refused(50001, 403),
      postInThread,
      { mapping: true },
    ],
    ["a hidden thread", refused(50001, 403), readThread, { step: /mention/, mapping: false }],
    ["no permission to read a thread", refused(50013, 403), readThread, { mapping: false }],
    ["an unlisted code in a thread", refused(99999, 403), readThread, { mapping: false }],
    ["a post that was deleted again", refused(10008, 404), post, { message: /deleted by someone/ }],
    ["a deleted question", refused(10008, 404), openThread, { message: /question was deleted/ }],
    ["a blocked text", refused(200000, 400), post, { step: /AutoMod/, mapping: false }],
    [
      "an unlisted code with 403",
      refused(99999, 403),
      post,
      { mapping: true, step: /Permissions/ },
    ],
  ])("by %s needs a person and was certainly not done", (_name, error, attempted, expected) => {
    const explained = explain(error, { ...attempted, sent: true, aborted: false });
    expect(explained).toMatchObject({ retryable: false, certain: true });
    expect(explained.retryAfterMs).toBeUndefined();
    for (const [field, value] of Object.entries(expected)) {
      const actual: unknown = Reflect.get(explained, field);
      if (value instanceof RegExp) expect(actual).toMatch(value);
      else expect(actual).toEqual(value);
    }
  });

  test.each([
    ["a rate limit", limited(7_000), 7_000],
    ["a channel that is rate limited", refused(20028, 429), 10_000],
    ["too many requests", refused(0, 429), 10_000],
    ["too many edits of old messages", refused(30046, 400), 60_000],
    ["a refused token, in the next process", refused(0, 401), 60_000],
    ["a refused token with a code", refused(50014, 401), 60_000],
  ])("by %s can be retried later and was certainly not done", (_name, error, retryAfterMs) => {
    expect(explain(error, posting(true))).toMatchObject({
      retryable: true,
      certain: true,
      retryAfterMs,
    });
  });

  test.each([
    ["a server error", new HTTPError(502, "Bad", "POST", "http://x", request), "502"],
    ["a deadline", new DOMException("aborted", "AbortError"), "timeout"],
    ["a broken connection", broken("ECONNRESET"), "network"],
  ])("by %s may have been done, unless it was never sent", (_name, error, code) => {
    expect(explain(error, posting(true))).toMatchObject({ code, retryable: true, certain: false });
    expect(explain(error, posting(false))).toMatchObject({ code, retryable: true, certain: true });
  });

  test.each(["ECONNREFUSED", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_INVALID_ARG"])(
    "by %s was certainly not done: there was no connection",
    (code) => {
      expect(explain(broken(code), posting(true))).toMatchObject({
        code: "network",
        certain: true,
      });
    },
  );

  test("never contains the text of the post", () => {
    for (const error of [
      refused(50035, 400),
      new HTTPError(500, "", "POST", "http://x", request),
    ]) {
      const explained = explain(error, posting(true));
      expect(explained.cause).toBeUndefined();
      expect(JSON.stringify(explained) + String(explained)).not.toContain(SECRET);
    }
  });
});

test.each([undefined, null, "", {}, [50013], 1.5] as never[])(
  "the code %o is no code of Discord's",
  (code) => {
    const refusal = new DiscordAPIError(
      { code: 0, message: "no" },
      code, // Whatever the answer holds.
      400,
      "POST",
      "http://x",
      request,
    );
    const { code: explained, retryable } = explain(refusal, {
      ...post,
      sent: true,
      aborted: false,
    });
    expect({ explained, retryable }).toEqual({ explained: "400", retryable: false });
  },
);

test("a wait of a year is bounded, and the reason says so", () => {
  const error = explain(limited(365 * 24 * 60 * 60_000), posting(true));
  expect(error.retryAfterMs).toBe(60 * 60_000);
  expect(error.message).toContain("tried again after an hour");
});
