import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveDraft } from "./live_draft.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("an answer that ends during a flush waits for that flush, and no longer", async () => {
  let commit = (): void => undefined;
  const flush = () => new Promise<boolean>((resolve) => (commit = () => resolve(true)));
  const draft = new LiveDraft({ everyMs: 3_000, flush }, () => undefined);
  draft.say("one");
  await vi.advanceTimersByTimeAsync(1_000);
  let hasEnded = false;
  void draft.end().then(() => (hasEnded = true));
  await vi.advanceTimersByTimeAsync(100);
  expect(hasEnded).toBe(false);
  commit();
  await vi.advanceTimersByTimeAsync(0);
  expect(hasEnded).toBe(true);
});
