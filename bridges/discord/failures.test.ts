import { DiscordAPIError, HTTPError, RateLimitError } from "@discordjs/rest";
import { describe, expect, test } from "vitest";
import { type Doing, explain } from "./failures.ts";

const posting = (sent: boolean) => ({ doing: "post" as const, sent, aborted: false });
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
  test.each<[string, Error, Doing, object]>([
    ["a deleted channel", refused(10003, 404), "post", { code: "10003", mapping: true }],
    ["a hidden channel", refused(50001, 403), "post", { mapping: true, step: /View Channel/ }],
    ["no right to send", refused(50013, 403), "post", { mapping: true, step: /Send Messages/ }],
    ["no right to open threads", refused(50013, 403), "thread", { step: /Create Public Threads/ }],
    ["no right to read", refused(160002, 400), "post", { step: /Read Message History/ }],
    ["a bad body", refused(50035, 400), "post", { mapping: false, step: undefined }],
    ["a code of no table", refused(30031, 400), "edit", { mapping: false, step: undefined }],
    ["a server it has left", refused(10004, 404), "post", { mapping: true, step: /invite/ }],
    ["a forum itself", refused(40058, 400), "post", { mapping: true, step: /post of the forum/ }],
    ["no right to look", refused(50013, 403), "read", { step: /Read Message History/ }],
    ["a deleted thread", refused(10003, 404), "read thread", { code: "10003", mapping: false }],
    ["a hidden thread", refused(50001, 403), "read thread", { step: /mention/, mapping: false }],
    ["a thread it may not read", refused(50013, 403), "read thread", { mapping: false }],
    ["what a thread has", refused(99999, 403), "read thread", { mapping: false }],
    ["a post that is gone again", refused(10008, 404), "post", { message: /deleted by someone/ }],
    ["a question that is gone", refused(10008, 404), "thread", { message: /question was deleted/ }],
    ["a blocked text", refused(200000, 400), "post", { step: /AutoMod/, mapping: false }],
    ["an unknown refusal", refused(99999, 403), "post", { mapping: true, step: /Permissions/ }],
  ])("by %s needs a person and was surely not done", (_name, error, doing, expected) => {
    const explained = explain(error, { doing, sent: true, aborted: false });
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
    ["a refusal for now", refused(20028, 429), 10_000],
    ["too many requests", refused(0, 429), 10_000],
    ["too many edits of old messages", refused(30046, 400), 60_000],
    ["a dead token, by the next process", refused(0, 401), 60_000],
    ["a dead token with a code", refused(50014, 401), 60_000],
  ])("by %s goes again later and was surely not done", (_name, error, retryAfterMs) => {
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
  ])("by %s may have been done, unless it never left", (_name, error, code) => {
    expect(explain(error, posting(true))).toMatchObject({ code, retryable: true, certain: false });
    expect(explain(error, posting(false))).toMatchObject({ code, retryable: true, certain: true });
  });

  test.each(["ECONNREFUSED", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"])(
    "by %s was surely not done: there was no connection",
    (code) => {
      expect(explain(broken(code), posting(true))).toMatchObject({
        code: "network",
        certain: true,
      });
    },
  );

  test("never holds the text that was to be posted", () => {
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
