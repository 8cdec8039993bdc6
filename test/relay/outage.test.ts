import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { sleep } from "../../scripts/verify/demo/stage.ts";
import { eventually } from "../support/eventually.ts";
import { RelayStage } from "./relay_stage.ts";

let stage: RelayStage;

beforeAll(async () => {
  stage = await RelayStage.open();
  await stage.stack.startBridge();
});

afterAll(async () => {
  expect([...stage.stack.discord.refused, ...stage.stack.slack.refused]).toEqual([]);
  await stage.stack.stop();
});

const OTHER = { discord: "slack", slack: "discord" } as const;

test.each(PLATFORMS)(
  "an outage of %s delays what is relayed to it, and repeats nothing",
  async (to) => {
    const talk = await stage.conversation(`outage of ${to}`);
    const from = OTHER[to];
    // Both are known by their names.
    talk.say(from, "Ada", "n0");
    talk.say(to, "Bob", "hello");
    await eventually(() => expect(talk.lines(from)).toContain("Bob: hello"));
    await eventually(() => expect(talk.lines(to)).toContain("Ada: n0"));
    const said = Array.from({ length: 11 }, (_, n) => `Ada: n${String(n)}`);
    const copies = () => talk.lines(to).filter((line) => line.startsWith("Ada"));
    const end = stage.stack[to].faults.storm(503);
    for (let n = 1; n <= 10; n += 1) talk.say(from, "Ada", `n${String(n)}`);
    talk.say(to, "Bob", "hi");
    // Reading goes on.
    await eventually(() => expect(talk.lines(from)).toContain("Bob: hi"));
    await sleep(4_000);
    end();
    await eventually(() => expect(copies()).toEqual(said), {
      timeout: 90_000,
      interval: 500,
    });
  },
  120_000,
);
