import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ChannelNews, Health, Intake, MappingId, Outcome } from "../bridges/platform.ts";
import { Stage } from "./discord_stage.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(async () => {
  await stage.close();
});

/** The core's side: says that every message is answered, and keeps what it is told of channels. */
async function start() {
  const news: ChannelNews[] = [];
  const healths: Health[] = [];
  const outcome: Outcome = "asked";
  // An id is a string to everybody but Convex.
  const mappingId = "m" as MappingId;
  const intake: Intake = {
    mappingOf: (id) =>
      id === stage.general ? { mappingId, externalId: id, since: "" } : undefined,
    push: () => Promise.resolve(outcome),
    named: () => undefined,
    problem: () => undefined,
    gap: () => undefined,
    health: (health) => healths.push(health),
    channel: (told) => news.push(told),
  };
  const platform = stage.bridge();
  await platform.start(intake, () => undefined);
  return { platform, news, healths };
}

test("a mapped channel that is renamed is told of once, another not at all", async () => {
  const { news } = await start();
  const other = stage.discord.addChannel("other");
  stage.discord.renameChannel(other, "elsewhere");
  stage.discord.renameChannel(stage.general, "lounge");
  stage.discord.deny(stage.general, { threads: true });
  await vi.waitFor(() => expect(news).toEqual([{ mappingId: "m", name: "lounge" }]));
});

test("a mapped channel that is deleted is marked with what to do", async () => {
  const { healths } = await start();
  stage.discord.removeChannel(stage.general);
  await vi.waitFor(() =>
    expect(healths).toMatchObject([
      { mappingId: "m", direction: "in", trouble: { code: "10003" } },
    ]),
  );
});

test("the bot types from the question to the answer", async () => {
  const { platform } = await start();
  const person = stage.discord.addPerson("Ada");
  stage.discord.say({ channel: stage.general, person, text: "hi" });
  await vi.waitFor(() => expect(stage.discord.typing).toEqual([{ channel: stage.general }]));
  const piece = { text: "hello", upTo: 5 };
  await platform.post(stage.delivery(), 0, piece, AbortSignal.timeout(5_000));
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  await vi.advanceTimersByTimeAsync(30_000);
  vi.useRealTimers();
  expect(stage.discord.typing).toHaveLength(1);
});
