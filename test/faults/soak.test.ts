import { expect, test } from "vitest";
import { runSoak } from "../../scripts/verify/soak/run_soak.ts";

test("a short soak: nothing is lost, duplicated or reordered", async () => {
  const printed: string[] = [];
  const ok = await runSoak({
    messages: 150,
    kills: 4,
    seed: 7,
    idleTimeoutMs: 130_000,
    print: (line) => printed.push(line),
  });
  expect(ok, printed.join("\n")).toBe(true);
  expect(printed.at(-1)).toMatch(/^soak ok: seed=7 messages=150 .* lost=0 duplicated=0$/);
}, 300_000);

test("a short soak of a relay: nothing is lost, duplicated or reordered", async () => {
  const printed: string[] = [];
  const ok = await runSoak({
    messages: 100,
    kills: 2,
    seed: 7,
    relay: true,
    idleTimeoutMs: 130_000,
    print: (line) => printed.push(line),
  });
  expect(ok, printed.join("\n")).toBe(true);
  expect(printed.at(-1)).toMatch(/^soak ok: seed=7 .* lost=0 duplicated=0 inverted=0$/);
}, 300_000);

test("a short soak of streamed answers: each ends whole in its posts", async () => {
  const printed: string[] = [];
  const ok = await runSoak({
    messages: 60,
    kills: 2,
    seed: 7,
    stream: true,
    idleTimeoutMs: 130_000,
    print: (line) => printed.push(line),
  });
  expect(ok, printed.join("\n")).toBe(true);
  expect(printed.at(-1)).toMatch(/^soak ok: seed=7 .* edits=[1-9]\d* .* lost=0 duplicated=0$/);
}, 300_000);
