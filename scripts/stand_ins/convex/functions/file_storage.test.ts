import { afterEach, expect, test, vi } from "vitest";
import type { Internals } from "../engine/internals.ts";
import { FileStorage } from "./file_storage.ts";

afterEach(() => void vi.useRealTimers());

test("an upload address ends after an hour", async () => {
  vi.useFakeTimers();
  const convex = { run: () => Promise.reject(new Error("nothing is stored")) };
  const storage = new FileStorage(
    convex,
    (run) => run(),
    () => "http://localhost",
  );
  const internals = { asyncSyscall: (_operation: string) => Promise.resolve('"elsewhere"') };
  storage.watchSyscalls(internals as unknown as Internals); // All that it uses.
  const address = await internals.asyncSyscall("1.0/storageGenerateUploadUrl");
  const token =
    /^"http:\/\/localhost\/api\/storage\/upload\?token=(\w+)"$/.exec(address)?.[1] ?? "";
  vi.advanceTimersByTime(60 * 60_000 - 1);
  expect(storage.mayUpload(token)).toBe(true);
  vi.advanceTimersByTime(1);
  expect(storage.mayUpload(token)).toBe(false);
});
