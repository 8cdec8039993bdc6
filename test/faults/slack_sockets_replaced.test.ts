import { expect, test } from "vitest";
import { Core, createBridge, startStandIn } from "../adapters/slack/stage.ts";
import { eventually } from "../support/eventually.ts";

const AGE_GAP_MS = 400;

async function twoSockets() {
  const slack = await startStandIn({ redeliverAfterMs: [60_000] });
  const bridge = createBridge(slack, [], {}, { ageGapMs: AGE_GAP_MS });
  const core = new Core();
  const channel = slack.addChannel("general");
  const ada = slack.addPerson("Ada");
  core.mapped.add(channel);
  const start = performance.now();
  await bridge.start(core, () => undefined);
  expect(slack.connections()).toBe(1);
  await eventually(() => expect(slack.connections()).toBe(2), 5_000);
  expect(performance.now() - start).toBeGreaterThan(AGE_GAP_MS);
  const say = (text: string) => slack.say({ channel, person: ada, text });
  return { slack, core, say };
}

test("one of two Slack sockets is replaced, and the other hears what is said meanwhile, without a redelivery", async () => {
  const { slack, core, say } = await twoSockets();
  for (const round of ["one", "two", "three"]) {
    slack.closeOldestSocket();
    await eventually(() => expect(slack.connections()).toBe(1));
    say(round);
    await eventually(() => expect(core.texts().at(-1)).toBe(round), 2_000);
    await eventually(() => expect(slack.connections()).toBe(2), 5_000);
  }
  expect(slack.acks.map(({ attempt }) => attempt)).toEqual([0, 0, 0]);
  expect(core.gaps).toEqual([]);
});

test("both Slack sockets lost at once is a gap, and they come back at different times", async () => {
  const { slack, core } = await twoSockets();
  slack.closeSockets();
  await eventually(() => expect(core.gaps).toEqual(["no Slack socket for a moment"]), 5_000);
  expect(slack.connections()).toBe(1);
  await eventually(() => expect(slack.connections()).toBe(2), 5_000);
  expect(core.gaps).toHaveLength(1);
});
