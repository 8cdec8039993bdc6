import { expect, test } from "vitest";
import { pino } from "pino";
import { AiWatch, type AiState } from "./ai_watch.ts";
import type { AiHealth, OutboxBackend } from "../convex/backend.ts";

/** A watch on a backend whose settlements give these answers, in order. */
async function watchAfter(...answers: (AiHealth | undefined)[]) {
  const states: AiState[] = [];
  const watch = new AiWatch(pino({ level: "silent" }));
  watch.onChange = (state) => states.push(state);
  const settle: OutboxBackend["settle"] = () => {
    const ai = answers.shift();
    return Promise.resolve({ held: true, ...(ai && { ai }) });
  };
  const backend = watch.outbox({ settle } as OutboxBackend); // Nothing else is called.
  while (answers.length > 0) {
    const call = ["d", 1, { kind: "done" }] as unknown as Parameters<OutboxBackend["settle"]>;
    expect((await backend.settle(...call)).held).toBe(true);
  }
  return { watch, states };
}

const began: AiHealth = { since: 60_000, reason: "no credit", failures: 1, at: 60_000 };
const ended: AiHealth = { ...began, endedAt: 180_000 };

test("nothing is known while no reply has failed", async () => {
  const { watch, states } = await watchAfter(undefined);
  expect([watch.state(), states]).toEqual([undefined, []]);
});

test("an answer that arrives late changes nothing", async () => {
  const { watch, states } = await watchAfter(began, ended, began, undefined, ended);
  expect(states.map(({ failing }) => failing)).toEqual([true, false]);
  expect(watch.state()).toEqual({
    failing: false,
    failures: 1,
    detail:
      "answers failed from 1970-01-01 00:01 UTC to 1970-01-01 00:03 UTC and work again: no credit (1 failed)",
  });
});
