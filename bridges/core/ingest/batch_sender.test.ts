import { expect, test } from "vitest";
import { messageEvent } from "../../../test/support/core_material.ts";
import { turn } from "../../../test/support/queue_fakes.ts";
import type { Outcome } from "../../platform.ts";
import { BatchSender } from "./batch_sender.ts";

const LIMITS = { batchEvents: 40, growth: 10, closes: 3 };
const batch = (count: number) => Array.from({ length: count }, (_, i) => messageEvent(String(i)));

/** Convex never commits a batch as a whole; pieces that go apart pass. */
function contendedSender(outcome: Outcome = "inserted") {
  const calls: string[] = [];
  const sender = new BatchSender((events, apart = false) => {
    calls.push(`${apart ? "apart" : "whole"} ${String(events.length)}`);
    if (!apart) return new Promise(() => undefined);
    return Promise.resolve(events.map(() => outcome));
  }, LIMITS);
  return { sender, calls };
}

test("a batch whose socket closes three times for contention goes in pieces by another connection", async () => {
  const { sender, calls } = contendedSender("asked");
  const sent = sender.send(batch(25));
  sender.contended();
  sender.contended();
  await turn();
  expect(calls).toEqual(["whole 25"]);
  sender.contended();
  expect(await sent).toEqual(batch(25).map(() => "asked"));
  expect(calls).toEqual(["whole 25", ...Array.from({ length: 8 }, () => "apart 3"), "apart 1"]);
});

test("one event alone has no pieces: it waits until it passes", async () => {
  const { sender, calls } = contendedSender();
  void sender.send(batch(1));
  for (let closes = 0; closes < 5; closes += 1) sender.contended();
  await turn();
  expect(calls).toEqual(["whole 1"]);
});

test("contention during one call does not make the next go in pieces", async () => {
  const calls: boolean[] = [];
  const sender = new BatchSender(async (events, apart = false) => {
    calls.push(apart);
    await turn();
    return events.map(() => "inserted" as const);
  }, LIMITS);
  for (let n = 0; n < 2; n += 1) {
    const sent = sender.send(batch(10));
    sender.contended();
    sender.contended();
    await sent;
  }
  expect(calls).toEqual([false, false]);
});
