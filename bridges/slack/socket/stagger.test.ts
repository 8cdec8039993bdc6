import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SocketStagger } from "./stagger.ts";

const AGE_GAP_MS = 600_000;
const { signal } = new AbortController();

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const gap = vi.fn();
  const stagger = new SocketStagger(AGE_GAP_MS, gap);
  const turns: number[] = [];
  const request = (index: number) =>
    stagger.waitForTurn(index, signal).then(() => turns.push(index));
  return { stagger, gap, turns, request };
}

test("the second socket opens when the first has reached the age gap", async () => {
  const { stagger, turns, request, gap } = setUp();
  await request(0);
  stagger.opened(0);
  void request(1);
  await vi.advanceTimersByTimeAsync(AGE_GAP_MS - 1);
  expect(turns).toEqual([0]);
  await vi.advanceTimersByTimeAsync(1);
  expect(turns).toEqual([0, 1]);
  expect(gap).not.toHaveBeenCalled();
});

test("a socket that waits opens at once when the other closes, and that is a gap", async () => {
  const { stagger, turns, request, gap } = setUp();
  await request(0);
  stagger.opened(0);
  void request(1);
  stagger.closed(0);
  await vi.advanceTimersByTimeAsync(0);
  expect(turns).toEqual([0, 1]);
  expect(gap).not.toHaveBeenCalled();
  stagger.opened(1);
  expect(gap).toHaveBeenCalledOnce();
});
