import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { scheduleCrons } from "./crons.ts";

test("interval jobs run every interval; a job at a time of day is logged as not run", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const ran: unknown[] = [];
  const log: string[] = [];
  const runScheduled = (path: string, args: unknown) => {
    ran.push([path, args]);
    return Promise.resolve();
  };
  const folder = join(import.meta.dirname, "..", "fixture_crons");
  await scheduleCrons(folder, { runScheduled }, (line) => log.push(line));
  vi.advanceTimersByTime(61_000);
  const tick = ["notes:addHidden", { room: "cron", text: "tick" }];
  expect(ran).toEqual([tick, tick]);
  expect(log).toEqual([`cron "at night" is not run: only intervals are supported`]);
});
