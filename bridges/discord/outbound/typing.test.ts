import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Typing } from "./typing.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("the indicator is renewed before it ends, until it is stopped", async () => {
  const show = vi.fn(() => Promise.resolve());
  const typing = new Typing(show);
  typing.start("1");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(show).toHaveBeenCalledTimes(3);
  typing.stop("1");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(show).toHaveBeenCalledTimes(3);
});

test("the indicator ends after a minute, and at once where Discord refuses it", async () => {
  const show = vi.fn((id: string) =>
    id === "2" ? Promise.reject(new Error("no")) : Promise.resolve(),
  );
  const typing = new Typing(show);
  typing.start("1");
  typing.start("2");
  await vi.advanceTimersByTimeAsync(300_000);
  expect(show.mock.calls.filter(([id]) => id === "1")).toHaveLength(8);
  expect(show.mock.calls.filter(([id]) => id === "2")).toHaveLength(1);
});
