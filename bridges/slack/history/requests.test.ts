import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { platformError } from "../sdk_errors.ts";
import { SlackApi } from "../web.ts";
import { HistoryRequests } from "./requests.ts";

const { signal } = new AbortController();
const ARCHIVED = { channel: { name: "general", is_archived: true } };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Requests that fail with these codes in order, and then succeed. */
function setUp(...failures: Parameters<typeof platformError>[]) {
  const api = new SlackApi({ botToken: "", appToken: "" }, pino({ level: "silent" }));
  const call = vi.spyOn(api, "call").mockImplementation(async () => {
    const failure = failures.shift();
    if (failure !== undefined) throw platformError(...failure);
    return { ok: true, ...ARCHIVED };
  });
  return { requests: new HistoryRequests(api), call };
}

test("a rate limit is waited out, and holds for every channel", async () => {
  const { requests, call } = setUp(["ratelimited", { retryAfterMs: 90_000 }]);
  const answers = [requests.channel("C1", signal)];
  await vi.advanceTimersByTimeAsync(0);
  answers.push(requests.channel("C2", signal));
  await vi.advanceTimersByTimeAsync(89_999);
  expect(call).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(call).toHaveBeenCalledTimes(3);
  const answer = { name: "general", isArchived: true };
  expect(await Promise.all(answers)).toEqual([answer, answer]);
});

test.each([
  ["a server error is retried a few times", "http_503", 4],
  ["a refusal is not retried", "not_in_channel", 1],
])("%s", async (_name, code, attempts) => {
  const { requests, call } = setUp(...Array<[string]>(9).fill([code]));
  const failed = expect(requests.channel("C1", signal)).rejects.toMatchObject({ code });
  await vi.advanceTimersByTimeAsync(60_000);
  await failed;
  expect(call).toHaveBeenCalledTimes(attempts);
});
