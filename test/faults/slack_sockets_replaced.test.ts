import { expect, test } from "vitest";
import { start } from "../adapters/slack/stage.ts";
import { eventually } from "../support/eventually.ts";

async function twoSockets() {
  const setup = await start({ redeliverAfterMs: [60_000] }, { ageGapMs: 400 });
  const { slack } = setup;
  expect(slack.connections()).toBe(1);
  await eventually(() => expect(slack.connections()).toBe(2), 5_000);
  return setup;
}

test("while one of two Slack sockets is replaced, the other receives every event without a redelivery", async () => {
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

test("losing both Slack sockets at once is a gap, and they reopen at different times", async () => {
  const { slack, core } = await twoSockets();
  slack.closeSockets();
  await eventually(() => expect(core.gaps).toEqual(["no Slack socket was open"]), 5_000);
  expect(slack.connections()).toBe(1);
  await eventually(() => expect(slack.connections()).toBe(2), 5_000);
  expect(core.gaps).toHaveLength(1);
});
